"""Placing a figure: the size asked for where it can be had, and never a cut edge in the picture."""

from typing import Any

import numpy as np
import pytest

from samecast.models.storyboard.framing import Figure, Wish, place
from samecast.models.storyboard.scene import Frame

FRAMES = [Frame(width=w, height=h) for w, h in ((720, 1280), (1280, 720), (960, 960), (1344, 576))]


def figure(*, cut: str = "bottom", human: bool = True, width: int = 400, height: int = 500) -> Figure:
    """A bust: head in the upper middle, body widening down to where the photograph ends."""
    points = []
    if "bottom" in cut:
        points += [(x, height) for x in range(20, width - 20, 8)]
    if "left" in cut:
        points += [(0, y) for y in range(300, height, 8)]
    if "right" in cut:
        points += [(width, y) for y in range(350, height, 8)]
    if "top" in cut:
        points += [(x, 0) for x in range(100, 300, 8)]
    return Figure(
        width=width,
        height=height,
        head=(130.0, 20.0, 140.0, 180.0),
        eyes=(200.0, 110.0),
        cuts=np.array(points, dtype=np.float64).reshape(-1, 2),
        alpha=np.ones((height, width), np.float32),
        human=human,
    )


def wish(size: Any = "medium close-up", across: float = 0.5, asked: bool = True) -> Wish:
    return Wish(size=size, asked=asked, across=across, reach=(0.01, 0.01), ground=0.95)


def on_screen(made: Figure, placement, frame: Frame) -> np.ndarray:
    points = made.cuts @ placement.to_frame[:, :2].T + placement.to_frame[:, 2]
    inside = (points[:, 0] > 0) & (points[:, 0] < frame.width) & (points[:, 1] > 0) & (points[:, 1] < frame.height)
    return np.asarray(points[inside])


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("cut", ["bottom", "bottom left", "bottom left right", "bottom top", "bottom left right top"])
@pytest.mark.parametrize("size", ["close-up", "medium close-up", "medium", "full"])
def test_what_the_photograph_cuts_off_is_outside_the_frame(frame: Frame, cut: str, size: str):
    made = figure(cut=cut)
    placement = place(made, frame, wish(size))
    assert placement.hidden
    assert len(on_screen(made, placement, frame)) == 0


def test_the_face_stays_in_the_picture():
    for frame in FRAMES:
        made = figure(cut="bottom left right")
        placement = place(made, frame, wish("full"))
        x, y = placement.to_frame @ np.array([200, 110, 1])
        assert 0.1 < x / frame.width < 0.9
        assert 0.1 < y / frame.height < 0.8


def test_closer_shots_are_larger():
    sizes = [place(figure(), FRAMES[0], wish(size)).scale for size in ("close-up", "medium close-up")]
    assert sizes[0] > sizes[1]


def test_a_size_the_reference_cannot_give_is_told_and_one_it_can_is_not():
    told = place(figure(cut="bottom left right"), FRAMES[1], wish("full"))
    assert any("full" in note for note in told.notes)
    assert place(figure(), FRAMES[1], wish("close-up")).notes == ()
    assert place(figure(cut="bottom left right"), FRAMES[1], wish("full", asked=False)).notes == ()


def test_a_whole_figure_stands_on_the_ground():
    placement = place(figure(cut=""), FRAMES[0], wish("full"))
    bottom = placement.to_frame @ np.array([200, 500, 1])
    assert bottom[1] == pytest.approx(0.95 * 1280, abs=2)


def test_a_cut_edge_may_hide_behind_another_figure():
    front = figure(cut="bottom")
    first = place(front, FRAMES[1], wish(across=0.35))
    behind = figure(cut="bottom left")
    alone = place(behind, FRAMES[1], wish(across=0.7))
    together = place(behind, FRAMES[1], wish(across=0.7), behind=[(front, first)])
    assert together.hidden
    assert together.scale <= alone.scale
