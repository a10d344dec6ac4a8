"""How a model is fitted into memory: a table of machines and models, as the engine meets them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import OutOfMemory
from samecast.models.diffusers.memory import Machine, Need, plan_memory, working_bytes
from samecast.ports.contract import check_error

B = 1_000_000_000
KLEIN = {"transformer": 4 * B, "text_encoder": 4 * B, "vae": B // 10}
DEV = {"transformer": 32 * B, "text_encoder": 24 * B, "vae": B // 10}
H3 = {"transformer_ref": 33 * B, "text_encoder": 32 * B, "vae": B}


def gpu(free: float, ram: float = 256) -> Machine:
    return Machine(device="cuda", free=int(free * B), ram=int(ram * B))


def need(parameters: dict[str, int], **more: object) -> Need:
    return Need(parameters=parameters, working=4 * B, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("machine", "wanted", "offload", "quantized", "needs"),
    [
        (gpu(24), need(KLEIN), "none", False, 20.2),
        (gpu(16), need(KLEIN), "model", False, 12.0),
        (gpu(10), need(KLEIN), "group", False, 4.8),
        (gpu(4.5), need(KLEIN), "sequential", False, 4.0),
        (gpu(141), need(DEV), "none", False, 116.2),
        (gpu(80), need(DEV), "model", False, 68.0),
        (gpu(24), need(DEV), "group", False, 10.4),
        (gpu(24), need(H3), "group", False, 10.6),
        (gpu(24), need(KLEIN, wish="group"), "group", False, 4.8),
        (gpu(2), need(KLEIN, wish="none"), "none", False, 20.2),
        (gpu(80), need(DEV, bits=4, forced=True), "none", True, 34.855),
        (gpu(80), need(DEV, bits=4), "model", False, 68.0),
        (gpu(24), need(DEV, bits=4), "model", True, 21.6),
        (gpu(24), need(KLEIN, bits=4), "none", False, 20.2),
        (gpu(10), need(DEV, bits=4), "group", True, 5.76),
        (gpu(70), need(DEV, ways=("none", "group")), "group", False, 10.4),
    ],
)
def test_it_is_the_quickest_that_fits(machine: Machine, wanted: Need, offload: str, quantized: bool, needs: float):
    plan = plan_memory(machine, wanted, model="tried")
    assert (plan.offload, plan.quantized) == (offload, quantized)
    assert plan.needs == pytest.approx(needs * B)
    assert plan.dtype == "bfloat16"
    assert f"about {plan.needs / B:.1f} of {machine.free / B:.1f} GB" in plan.says


@pytest.mark.parametrize(
    ("machine", "wanted", "said"),
    [
        (gpu(3), need(KLEIN), "about 4.0 GB on the GPU, and 3.0 GB are free"),
        (gpu(24, ram=32), need(DEV), "112.2 GB of main memory, and 32.0 GB are free"),
        (Machine(device="cpu", free=20 * B, ram=20 * B), need(KLEIN), "about 36.4 GB, and 20.0 GB are free"),
        (Machine(device="mps", free=16 * B, ram=16 * B), need(KLEIN), "about 20.2 GB, and 16.0 GB are free"),
        (gpu(30), need(DEV, ways=("none",)), "about 116.2 GB on the GPU, and 30.0 GB are free"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_numbers(machine: Machine, wanted: Need, said: str):
    with pytest.raises(OutOfMemory) as caught:
        plan_memory(machine, wanted, model="tried")
    assert said in caught.value.message
    assert not caught.value.charged
    check_error(caught.value)


def test_precision_is_the_device_s_or_the_entry_s_whatever_is_free():
    cpu, old = (
        Machine(device="cpu", free=90 * B, ram=90 * B),
        Machine(device="cuda", free=9 * B, ram=90 * B, bfloat16=False),
    )
    assert plan_memory(cpu, need(KLEIN), model="m").dtype == "float32"
    assert plan_memory(cpu, need(KLEIN), model="m").offload == "none"
    assert plan_memory(cpu, need(KLEIN, dtype="bfloat16"), model="m").dtype == "bfloat16"
    assert plan_memory(old, need(KLEIN), model="m").dtype == "float16"
    assert {plan_memory(gpu(free), need(KLEIN), model="m").dtype for free in (5, 10, 16, 24)} == {"bfloat16"}


@given(st.floats(4.1, 200), st.floats(4.1, 200))
def test_more_memory_never_makes_it_slower(less: float, more: float):
    less, more = sorted((less, more))
    order = ["none", "model", "group", "sequential"]
    slow, quick = (order.index(plan_memory(gpu(free), need(DEV), model="m").offload) for free in (less, more))
    assert quick <= slow


def test_larger_and_longer_takes_need_more():
    still, clip = working_bytes(1024, 1024, 1), working_bytes(832, 480, 81)
    assert working_bytes(512, 512, 1) < still
    assert working_bytes(832, 480, 1) < clip < working_bytes(1280, 720, 81)
