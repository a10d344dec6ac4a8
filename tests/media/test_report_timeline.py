"""Where things lie on the report's timelines: property-tested, without a picture."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.media import made_reports as made

from samecast.core.consistency import Moment, Outcome, Score, TakeScore
from samecast.core.stretches import STRETCH, worst_stretch
from samecast.media.report import Page, timeline


@st.composite
def tracks(draw: st.DrawFn) -> list[Moment]:
    values = draw(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=24))
    shots = sorted(draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values))))
    return [
        Moment(seconds=index / 4, likeness=value, gap=None if value is not None else "hidden", shot=shot)
        for index, (value, shot) in enumerate(zip(values, shots, strict=True))
    ]


def scored(track: list[Moment]) -> Score:
    worst = worst_stretch(track)
    return Score(
        handle="mira", verdict="match", encoder="e", reason="", moments=tuple(track),
        worst=worst[0] if worst else None, worst_at=worst[1] if worst else None,
    )  # fmt: skip


@given(tracks())
def test_the_frames_shown_are_the_stretch_that_was_judged(track: list[Moment]) -> None:
    score = scored(track)
    shown = timeline.worst_moments(score)
    likeness = sorted(moment.likeness for moment in shown if moment.likeness is not None)
    if score.worst is None:
        assert shown == ()
        return
    assert score.worst in likeness
    if len(shown) == STRETCH:
        assert likeness[1] == score.worst
    if len(shown) == 2:
        assert likeness[1] == score.worst
    measured = [moment.shot for moment in track if moment.likeness is not None]
    singles = len(set(measured)) == len(measured)  # then a clip is judged as a whole
    assert singles or len({moment.shot for moment in shown}) == 1


@given(tracks(), st.lists(st.floats(0.01, 6), max_size=3).map(sorted))
def test_every_part_of_a_timeline_lies_in_it(track: list[Moment], cuts: list[float]) -> None:
    on = timeline.axis([moment.seconds for moment in track], cuts, 6.0)
    lane = timeline.lane(scored(track), on)
    assert len(lane.dots) == sum(moment.likeness is not None for moment in track)
    for dot in lane.dots:
        assert 0 <= dot.x <= 100
        assert timeline.TOP <= dot.y <= timeline.BOTTOM
        assert dot.holds == (dot.y <= 50)
    for span in (*lane.states, *lane.gaps):
        assert span.x >= 0
        assert span.x + span.width <= 100.5
    assert list(on.edges) == sorted(on.edges)
    # The states cover the clip without a hole.
    for before, after in pairwise(lane.states):
        assert after.x - (before.x + before.width) <= 0.02
    for stroke in lane.strokes:
        assert stroke.x1 <= stroke.x2


def test_a_cell_ends_at_a_cut() -> None:
    on = timeline.axis([1.0, 2.0, 3.0], [1.9], 4.0)
    assert on.edges == (0.0, 1.9, 2.5, 4.0)


def test_a_clip_of_one_frame_has_its_dot_in_the_middle() -> None:
    on = timeline.axis([0.0], [], 0.0)
    lane = timeline.lane(scored([Moment(seconds=0.0, likeness=0.4)]), on)
    assert [(dot.x, dot.holds) for dot in lane.dots] == [(50.0, False)]
    assert [(span.x, span.width) for span in lane.states] == [(0.0, 100.0)]
    clip = replace(
        made.holding(),
        seconds=0.0,
        frames=(),
        score=TakeScore(characters=(scored([Moment(seconds=0.0, likeness=0.4)]),)),
    )
    assert "no picture was kept" in Page().html(made.report(clip))


def test_the_line_breaks_at_cuts_and_gaps() -> None:
    track = made.moments([0.9, 0.8, 0.7, "hidden", 0.6, 0.5], seconds=6.0, cuts=[2.0])
    lane = timeline.lane(scored(list(track)), timeline.axis([m.seconds for m in track], [2.0], 6.0))
    assert len(lane.strokes) == 2
    assert [span.label for span in lane.gaps] == ["face hidden"]


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), max_size=8))
def test_mixups_in_one_row_do_not_overlap(spans: list[tuple[float, float]]) -> None:
    found = [Outcome(kind="extra", handles=(), start=min(pair), end=max(pair), frames=1, reason="") for pair in spans]
    placed = timeline.outcomes(found, timeline.axis([index / 2 for index in range(20)], [], 10.0))
    for row in {told.row for told in placed}:
        inside = sorted((t.span.x, t.span.x + t.span.width) for t in placed if t.row == row)
        assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(inside))


@given(st.floats(0.05, 7200))
def test_a_time_axis_is_never_crowded(seconds: float) -> None:
    ticks = timeline.axis([seconds / 2], [], seconds).ticks
    assert 1 <= len(ticks) <= timeline.MOST_TICKS + 1
    assert len({tick.text for tick in ticks}) == len(ticks)


def test_a_worst_moment_at_the_very_beginning_has_its_time() -> None:
    track = [Moment(seconds=0.0, likeness=0.2)]
    html = Page().html(
        made.report(replace(made.holding(), frames=(), score=TakeScore(characters=(scored(track),))), made.still())
    )
    assert "worst 0.20 at 0:00" in html.partition('id="file-1"')[0]
