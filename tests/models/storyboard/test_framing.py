"""Placing a figure: the size asked for where it can be had, and never a cut edge in the picture."""

from typing import Any

import numpy as np
import pytest
from tests.models.storyboard.portraits import eileen

from samecast.models.storyboard.framing import (
    BESIDE,
    FEET,
    Figure,
    Placement,
    Wish,
    look_room,
    place,
    place_all,
    softened,
)
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
    assert bottom[1] == pytest.approx(FEET * 1280, abs=2)


def test_a_person_as_tall_as_the_frame_stands_lower():
    tall = figure(cut="", width=300, height=900)
    placement = place(tall, FRAMES[1], wish("medium"))
    assert placement.scale * 900 > 0.66 * 720
    bottom = placement.to_frame @ np.array([150, 900, 1])
    assert bottom[1] >= 0.95 * 720 - 2


def test_a_cut_edge_may_hide_behind_another_figure():
    front = figure(cut="bottom")
    first = place(front, FRAMES[1], wish(across=0.35))
    behind = figure(cut="bottom left")
    alone = place(behind, FRAMES[1], wish(across=0.7))
    together = place(behind, FRAMES[1], wish(across=0.7), behind=[(front, first)])
    assert together.hidden
    assert together.scale <= alone.scale


def test_a_face_that_is_turned_gets_room_before_it():
    assert look_room(0.58, 25.0) < 0.47, "towards the viewer's right: stands left"
    assert look_room(0.42, -25.0) > 0.53
    assert look_room(0.58, 2.0) == 0.58, "towards the lens: as the dice chose"


@pytest.mark.parametrize("frame", FRAMES)
def test_a_portrait_cut_all_round_fills_the_frame_instead_of_floating_in_it(frame: Frame):
    tight = figure(cut="bottom left right top", width=400, height=480)
    placement = place(tight, frame, wish("full"))
    head = placement.scale * tight.head[3]
    assert head > 0.4 * frame.height
    x, y = placement.to_frame @ np.array([200, 110, 1])
    assert 0.1 < x / frame.width < 0.9
    assert 0.1 < y / frame.height < 0.8


def test_a_head_has_room_above_it_but_not_half_the_frame():
    for frame in FRAMES:
        for size in ("medium close-up", "medium"):
            placement = place(figure(height=900), frame, wish(size))
            top = placement.to_frame @ np.array([200, 20, 1])
            assert 0.0 <= top[1] / frame.height < 0.24, (frame, size)


# --- two in one shot --------------------------------------------------------------------------------------------


def head_box(made: Figure, placement: Placement) -> tuple[float, float, float, float]:
    left, top, width, height = made.head
    x, y = placement.to_frame @ np.array([left, top, 1])
    return float(x), float(y), width * placement.scale, height * placement.scale


def share_under(front: Figure, placement: Placement, box: tuple[float, float, float, float]) -> float:
    """How much of a box on screen is behind a figure whose alpha is 1 all over."""
    left, top = placement.to_frame[:, 2]
    x = max(0.0, min(box[0] + box[2], left + placement.scale * front.width) - max(box[0], left))
    y = max(0.0, min(box[1] + box[3], top + placement.scale * front.height) - max(box[1], top))
    return float(x * y / (box[2] * box[3]))


def busts() -> list[Figure]:
    """Two people, one photographed closer than the other; the matte is the head and the shoulders below it."""
    made = []
    for width, height, head in ((400, 500, (130.0, 20.0, 140.0, 180.0)), (300, 420, (60.0, 10.0, 180.0, 240.0))):
        alpha = np.zeros((height, width), np.float32)
        alpha[int(head[1]) : int(head[1] + head[3]), int(head[0]) : int(head[0] + head[2])] = 1.0
        alpha[int(head[1] + head[3]) :] = 1.0
        cuts = np.array([(x, height) for x in range(0, width, 8)], dtype=np.float64)
        eyes = (head[0] + head[2] / 2, head[1] + head[3] / 2)
        made.append(Figure(width=width, height=height, head=head, eyes=eyes, cuts=cuts, alpha=alpha, human=True))
    return made


@pytest.mark.parametrize("frame", FRAMES)
def test_two_people_have_heads_of_one_size_each_on_its_side_and_in_view(frame: Frame):
    figures = busts()
    placed, order = place_all(figures, frame, [wish("medium", across=0.28), wish("medium", across=0.72)])
    boxes = [head_box(made, placement) for made, placement in zip(figures, placed, strict=True)]
    assert boxes[0][3] == pytest.approx(boxes[1][3], rel=0.02)
    assert boxes[0][0] + boxes[0][2] / 2 < boxes[1][0] + boxes[1][2] / 2
    assert all(placement.hidden for placement in placed)
    for x, y, w, h in boxes:
        assert x > -0.25 * w
        assert x + w < frame.width + 0.25 * w
        assert -0.2 * h < y < frame.height - h
    front, back = order[-1], order[0]
    middle = (boxes[back][0] + boxes[back][2] / 2, boxes[back][1] + boxes[back][3] / 2)
    at = ((np.array(middle) - placed[front].to_frame[:, 2]) / placed[front].scale).astype(int)
    if 0 <= at[0] < figures[front].width and 0 <= at[1] < figures[front].height:
        assert figures[front].alpha[at[1], at[0]] == 0, "the face behind is not covered"
    head_of_front = boxes[front]
    overlap = min(boxes[0][0] + boxes[0][2], boxes[1][0] + boxes[1][2]) - max(boxes[0][0], boxes[1][0])
    assert overlap < 0.35 * head_of_front[2], "the heads do not cover each other"


@pytest.mark.parametrize("frame", FRAMES)
def test_an_animal_beside_a_person_is_smaller_lower_and_in_front(frame: Frame):
    person = busts()[0]
    animal = figure(cut="", human=False, width=200, height=300)
    for pair, order_wanted in (([person, animal], [0, 1]), ([animal, person], [1, 0])):
        placed, order = place_all(pair, frame, [wish("medium", across=0.28), wish("medium", across=0.72)])
        who, what = order_wanted
        head = placed[who].scale * person.head[3]
        assert order == order_wanted
        assert placed[what].scale * 300 <= BESIDE * head * 1.01
        middles = [placement.to_frame @ np.array([*made.eyes, 1]) for made, placement in zip(pair, placed, strict=True)]
        assert middles[what][1] > middles[who][1]
        assert middles[0][0] < middles[1][0], "left and right as they were named"
        assert share_under(animal, placed[what], head_box(person, placed[who])) < 0.2


def test_a_cut_that_cannot_leave_the_frame_fades_and_one_that_did_stays_as_it_was():
    cutout = eileen()
    assert cutout.cuts.bottom
    inside = np.array([[1.0, 0.0, 10.0], [0.0, 1.0, 10.0]])
    frame = Frame(width=cutout.width + 200, height=cutout.height + 200)
    shown = softened(cutout, Placement(to_frame=inside, scale=1.0, notes=(), hidden=False), frame)
    assert cutout.alpha[-1].max() > 0.9
    assert shown.alpha[-1].max() < 0.02
    assert not shown.cuts.bottom
    assert softened(cutout, Placement(to_frame=inside, scale=1.0, notes=(), hidden=True), frame) is cutout
