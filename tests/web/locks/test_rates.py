"""A bucket for each asker: so many at once, then as they come back with time."""

from samecast.web.locks import rates
from samecast.web.locks.rates import Rate


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_a_pace():
    clock = Clock()
    rate = Rate(burst=3, per_second=0.5, clock=clock)
    assert [rate.allows("a") for _ in range(4)] == [True, True, True, False]
    clock.now += 1.0
    assert not rate.allows("a")
    clock.now += 1.0
    assert rate.allows("a")
    assert not rate.allows("a")


def test_each_asker_has_a_bucket():
    rate = Rate(burst=1, per_second=0, clock=Clock())
    assert rate.allows("a")
    assert rate.allows("b")
    assert not rate.allows("a")


def test_a_bucket_never_overflows():
    clock = Clock()
    rate = Rate(burst=2, per_second=10, clock=clock)
    clock.now += 1000
    assert [rate.allows("a") for _ in range(3)] == [True, True, False]
    rate.refund("a", 50)
    assert [rate.allows("a") for _ in range(3)] == [True, True, False]


def test_what_is_refused_costs_nothing():
    clock = Clock()
    rate = Rate(burst=10, per_second=1, clock=clock)
    assert not rate.allows("a", 11)
    assert rate.allows("a", 10)
    rate.refund("a", 4)
    assert rate.allows("a", 4)
    assert not rate.allows("a", 0.5)


def test_the_quietest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(rates, "MOST_ASKERS", 2)
    rate = Rate(burst=1, per_second=0, clock=Clock())
    for asker in ("a", "b"):
        rate.allows(asker)
    assert not rate.allows("a")  # heard of again, so it is not the quietest
    rate.allows("c")
    assert not rate.allows("a")
    assert rate.allows("b")
