"""Faces given to characters: against every possible choice, and on a crowd."""

import itertools
import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.assigning import assign

DISTANCES = st.one_of(st.integers(0, 12).map(lambda tenth: tenth / 10), st.floats(0, 2), st.just(math.inf))
TABLES = st.tuples(st.integers(1, 4), st.integers(0, 5)).flatmap(
    lambda size: st.lists(st.lists(DISTANCES, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0])
)


def total(table: list[list[float]], choice: list[int | None], alone: float) -> tuple[int, float]:
    """How many go without where that costs anything at all (`alone` infinite), and the cost of the rest."""
    going = [alone if place is None else table[row][place] for row, place in enumerate(choice)]
    return sum(math.isinf(cost) for cost in going), sum(cost for cost in going if math.isfinite(cost))


def every_choice(table: list[list[float]]) -> list[list[int | None]]:
    rows, columns = len(table), len(table[0])
    places: list[int | None] = [*range(columns), *([None] * rows)]
    return [list(choice) for choice in itertools.permutations(places, rows)]


@given(TABLES, st.one_of(st.just(math.inf), st.floats(0, 2)))
def test_no_choice_is_better(table: list[list[float]], alone: float):
    chosen = assign(table, alone)
    given_out = [place for place in chosen if place is not None]
    assert len(given_out) == len(set(given_out))
    lost, cost = total(table, chosen, alone)
    best_lost, best = min(total(table, choice, alone) for choice in every_choice(table))
    assert lost == best_lost
    assert cost == pytest.approx(best, abs=1e-9)


def test_a_far_face_is_not_forced_on_somebody_absent():
    table = [[0.3, 0.9], [0.8, 0.85]]
    assert assign(table) == [0, 1]
    assert assign(table, 0.7) == [0, None]
    assert assign([[0.7]], 0.7) == [None]


def test_a_face_that_can_be_nobodys_is_never_given():
    assert assign([[math.inf, 0.4], [math.inf, 0.5]]) == [1, None]
    assert assign([[math.inf]]) == [None]
    assert assign([[], []]) == [None, None]
    assert assign([]) == []


def test_jointly_rather_than_greedily():
    assert assign([[0.30, 0.40], [0.35, 0.90]]) == [1, 0]
    assert assign([[0.30, 0.40], [0.35, 0.90]], 0.6) == [1, 0]


def test_a_crowd_is_no_burden():
    dice = random.Random(3)
    table = [[dice.uniform(0.6, 1.0) for _ in range(60)] for _ in range(6)]
    for row, place in enumerate((7, 59, 0, 22, 31, 8)):
        table[row][place] = 0.2 + row / 100
    start = time.perf_counter()
    assert assign(table, 0.72) == [7, 59, 0, 22, 31, 8]
    assert time.perf_counter() - start < 0.5


def test_a_table_that_is_none_is_refused():
    with pytest.raises(ValueError, match="one length"):
        assign([[0.1, 0.2], [0.3]])
    with pytest.raises(ValueError, match="numbers"):
        assign([[math.nan]])
