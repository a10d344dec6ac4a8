"""A performance is smooth, small, its seed's own, and the same every time."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.models.storyboard.performance import Performance, Pose

ACTIONS = ["", "walking through the rain", "running", "standing", "talking to her", "laughing", "looking left"]


def _numbers(pose: Pose) -> list[float]:
    return [
        pose.yaw,
        pose.pitch,
        pose.roll,
        pose.blink,
        pose.breath,
        pose.jaw,
        pose.x,
        pose.y,
        pose.lean,
        *pose.gaze,
    ]


@given(st.integers(0, 2**31), st.sampled_from(ACTIONS), st.floats(0.0, 10.0))
def test_every_moment_is_within_what_a_neck_and_a_warp_bear(seed: int, action: str, t: float) -> None:
    pose = Performance(seed, action, 10.0).at(t)
    assert all(math.isfinite(number) for number in _numbers(pose))
    assert abs(pose.yaw) < 12
    assert abs(pose.pitch) < 9
    assert abs(pose.roll) < 4
    assert 0.0 <= pose.blink <= 1.0
    assert 0.0 <= pose.breath <= 1.0
    assert 0.0 <= pose.jaw <= 1.0
    assert abs(pose.x) < 0.15
    assert abs(pose.y) < 0.15
    assert all(abs(way) <= 1.0 for way in pose.gaze)


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_jumps(action: str) -> None:
    """Speed changes gradually: second differences over a fine step stay small beside the first ones' scale."""
    performance = Performance(5, action, 6.0)
    step = 1 / 480
    tracks = list(zip(*(_numbers(performance.at(i * step)) for i in range(2880)), strict=True))
    for track in tracks:
        first = [b - a for a, b in itertools.pairwise(track)]
        second = [abs(b - a) for a, b in itertools.pairwise(first)]
        assert max(second) <= 0.2 * max(map(abs, first)) + 1e-9


def test_the_same_seed_gives_the_same_performance_and_another_another() -> None:
    assert Performance(3, "walking", 4.0).at(1.37) == Performance(3, "walking", 4.0).at(1.37)
    assert Performance(3, "walking", 4.0).at(1.37) != Performance(4, "walking", 4.0).at(1.37)


@pytest.mark.parametrize("seed", range(8))
def test_blinks_come_every_few_seconds_and_are_short(seed: int) -> None:
    performance = Performance(seed, "", 20.0)
    closed = [performance.at(i / 240).blink > 0.5 for i in range(4800)]
    starts = [i for i in range(1, 4800) if closed[i] and not closed[i - 1]]
    assert 4 <= len(starts) <= 14
    for start in starts:
        length = next(i for i in range(start, 4800) if not closed[i] or i == 4799) - start
        assert 0.08 <= length / 240 <= 0.2


def test_walking_bobs_in_step_and_standing_does_not() -> None:
    walking = [Performance(1, "walking", 4.0).at(i / 60).y for i in range(240)]
    standing = [Performance(1, "standing", 4.0).at(i / 60).y for i in range(240)]
    assert max(walking) - min(walking) > 0.03
    assert max(standing) - min(standing) < 0.005
    lows = [i for i in range(1, 239) if walking[i - 1] < walking[i] >= walking[i + 1]]
    assert 6 <= len(lows) <= 8


@pytest.mark.parametrize(("action", "sign"), [("looking left", -1), ("looks to the right", 1)])
def test_looking_somewhere_turns_the_head_there(action: str, sign: int) -> None:
    yaws = [Performance(2, action, 4.0).at(2.0 + i / 30).yaw for i in range(60)]
    assert sign * sum(yaws) / len(yaws) > 4


def test_talking_opens_the_mouth_and_standing_does_not() -> None:
    assert max(Performance(1, "talking", 4.0).at(i / 24).jaw for i in range(96)) > 0.25
    assert max(Performance(1, "standing", 4.0).at(i / 24).jaw for i in range(96)) == 0.0
