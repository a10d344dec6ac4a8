"""A pull fetches what a pipeline reads and nothing else, pins the commit, and says in one line what went wrong."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

from tests.models.diffusers.fake_hub import COMMIT, LATER, Hub, served

from samecast.core.errors import KeyRefused, NotFound, SamecastError, Stopped, StorageFailed, Unreachable
from samecast.models.diffusers import fetching
from samecast.models.diffusers.engine import Diffusers
from samecast.models.diffusers.fetching import needed
from samecast.models.diffusers.weights import Depot, Source
from samecast.ports import ModelProfile
from samecast.ports.contract import check_error

INDEX = {"_class_name": "Flux2KleinPipeline", "transformer": ["diffusers", "T"], "tokenizer": ["transformers", "Q"]}
FILES = {
    "model_index.json": json.dumps({**INDEX, "safety_checker": [None, None]}).encode(),
    "README.md": b"read me",
    "flux-2-klein-4b.safetensors": b"all in one" * 100,
    "transformer/config.json": b"{}",
    "transformer/diffusion_pytorch_model.safetensors": b"weights" * 1000,
    "transformer/diffusion_pytorch_model.bin": b"pickled" * 1000,
    "tokenizer/vocab.json": b'{"a": 0}',
    "safety_checker/model.safetensors": b"unused",
}
SOURCE = Source(repo="maker/tiny")
PROFILE = ModelProfile(
    id="tiny",
    name="Tiny",
    engine="diffusers",
    kinds=("image",),
    aspects=((1, 1),),
    max_seconds=0,
    max_characters=1,
    deterministic=True,
    composites=False,
    price="Free.",
    licence="None.",
    resource="gpu",
    setup={"repo": "maker/tiny"},
)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with served() as running:
        running.repos["maker/tiny"] = dict(FILES)
        yield running


@pytest.fixture
def depot(hub: Hub, tmp_path: Path) -> Depot:
    return Depot(tmp_path / "home", endpoint=hub.url, cache=tmp_path / "cache")


def test_what_a_pipeline_reads_is_fetched_once_and_pinned(hub: Hub, depot: Depot):
    engine = Diffusers(PROFILE, depot=depot)
    with pytest.raises(NotFound, match="not on this computer yet") as caught:
        engine.check()
    assert caught.value.hint == "Fetch it: samecast models pull tiny"
    before = engine.version
    told: list[tuple[str, int, int]] = []
    engine.pull(lambda *step: told.append(step))
    wanted = ["model_index.json", "tokenizer/vocab.json", "transformer/config.json"]
    assert sorted(hub.fetched) == sorted([*wanted, "transformer/diffusion_pytorch_model.safetensors"])
    engine.check()
    assert depot.locate(SOURCE, model="tiny").name == COMMIT
    assert engine.version != before
    assert all(name == "fetch" and 0 <= done <= total for name, done, total in told)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1] > 6000
    hub.log.clear()
    engine.pull()
    assert hub.fetched == []


def test_a_branch_that_moves_on_changes_nothing(hub: Hub, depot: Depot):
    engine = Diffusers(PROFILE, depot=depot)
    engine.pull()
    version = engine.version
    hub.commit = LATER
    assert depot.pinned(SOURCE) == COMMIT
    assert depot.locate(SOURCE, model="tiny").name == COMMIT
    assert engine.version == version


def test_what_others_have_fetched_is_used_where_it_is_whole(hub: Hub, depot: Depot, tmp_path: Path):
    engine = Diffusers(PROFILE, depot=depot)
    engine.pull()
    branch = tmp_path / "cache" / "models--maker--tiny" / "refs" / "main"
    branch.parent.mkdir(exist_ok=True)
    branch.write_text(COMMIT)
    other = Diffusers(PROFILE, depot=replace(depot, home=tmp_path / "another home"))
    other.check()
    assert other.version == engine.version
    snapshot = depot.locate(SOURCE, model="tiny")
    for file in (snapshot / "tokenizer").iterdir():
        file.unlink()
    (snapshot / "tokenizer").rmdir()
    with pytest.raises(NotFound):
        other.check()


def test_an_adapter_and_a_component_from_elsewhere_come_too(hub: Hub, depot: Depot):
    elsewhere = {"pretrained_model_name_or_path": "maker/other", "subfolder": "text_encoder", "revision": None}
    index: dict[str, object] = {"_class_name": "Flux3ModularPipeline"}
    index |= {"text_encoder": ["transformers", "Q", elsewhere], "vae": ["diffusers", "V", {"subfolder": "vae"}]}
    for unused in ("prompt_upsampler", "prompt_upsampler_processor", "transformer"):
        index[unused] = ["transformers", "Q", {**elsewhere, "subfolder": unused}]
    hub.repos["maker/tiny"] = {"modular_model_index.json": json.dumps(index).encode(), "vae/config.json": b"{}"}
    others = ("text_encoder", "prompt_upsampler", "prompt_upsampler_processor", "transformer", "other")
    hub.repos["maker/other"] = {f"{name}/model.safetensors": name.encode() for name in others}
    hub.repos["maker/adapter"] = {
        "sdxl_models/ip-adapter.safetensors": b"adapter",
        "sdxl_models/image_encoder/model.safetensors": b"encoder",
        "models/ip-adapter.safetensors": b"another",
    }
    adapter = {"repo": "maker/adapter", "subfolder": "sdxl_models", "weight": "ip-adapter.safetensors"}
    setup = {"repo": "maker/tiny", "adapter": adapter, "family": {"needs": []}, "skip": ["transformer"]}
    setup["pipeline"] = "Flux3ModularPipeline"
    engine = Diffusers(replace(PROFILE, setup=setup), depot=depot)
    engine.pull()
    engine.check()
    assert set(hub.fetched) == {
        "modular_model_index.json",
        "vae/config.json",
        "text_encoder/model.safetensors",
        "sdxl_models/ip-adapter.safetensors",
        "sdxl_models/image_encoder/model.safetensors",
    }


def test_a_pull_can_be_stopped_and_gone_on_with(hub: Hub, depot: Depot):
    engine = Diffusers(PROFILE, depot=depot)

    def stop(step: str, done: int, total: int) -> None:
        raise Stopped("Enough.")

    with pytest.raises(Stopped):
        engine.pull(stop)
    assert depot.pinned(SOURCE) == "main"
    engine.pull()
    engine.check()


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        ({"gated": True}, KeyRefused, "terms to be accepted"),
        ({"repos": {}}, NotFound, "no maker/tiny"),
        ({"status": 500}, Unreachable, "HTTP 500"),
        ({"url": "http://127.0.0.1:9"}, Unreachable, "could not be reached"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    hub: Hub, depot: Depot, wrong: dict[str, object], kind: type[SamecastError], said: str
):
    for name, value in wrong.items():
        setattr(hub, name, value)
    with pytest.raises(kind, match=said) as caught:
        Diffusers(PROFILE, depot=replace(depot, endpoint=hub.url)).pull()
    check_error(caught.value)


def test_a_full_disk_is_noticed_before(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "_SPARE", 1 << 60)
    with pytest.raises(StorageFailed, match="too full") as caught:
        Diffusers(PROFILE, depot=depot).pull()
    check_error(caught.value)


@pytest.mark.parametrize(
    ("variant", "wanted"),
    [
        ("", ["a/model.safetensors", "b/diffusion_pytorch_model-00001-of-00002.safetensors"]),
        ("fp16", ["a/model.fp16.safetensors", "b/diffusion_pytorch_model-00001-of-00002.safetensors"]),
        ("int8", ["a/model.safetensors", "b/diffusion_pytorch_model-00001-of-00002.safetensors"]),
    ],
)
def test_one_precision_is_fetched(variant: str, wanted: list[str]):
    files = [
        "a/model.safetensors",
        "a/model.fp16.safetensors",
        "a/pytorch_model.bin",
        "b/diffusion_pytorch_model-00001-of-00002.safetensors",
        "c/model.safetensors",
    ]
    assert needed(files, ["a", "b"], variant=variant) == wanted


def test_an_index_of_shards_goes_with_its_shards():
    files = ["a/model.safetensors.index.json", "a/model.safetensors.index.fp16.json", "a/config.json"]
    assert needed(files, ["a"]) == ["a/model.safetensors.index.json", "a/config.json"]
