"""Whose face is whose over time, and what turned heads and unlikely angles do to a moment."""

import numpy as np
import pytest

from samecast.core.calibrating import AngleBand
from samecast.core.consistency import Moment
from samecast.core.sightings import Limits, SeenFace, SeenFrame
from samecast.ports import EncoderCard, Picture
from samecast.services.judging import Judged
from samecast.services.subjects import Known, Learnt
from samecast.services.tracks import Footage, Measures, tracks, usual

CARD = EncoderCard(
    name="e", version="1", sha256="", licence="", slope=20, midpoint=0.6, threshold=0.6, calibration="",
    angles=(AngleBand(up_to=5, median=0.4, p95=0.5, pairs=9), AngleBand(up_to=30, median=0.4, p95=0.55, pairs=9)),
)  # fmt: skip
NEAR, FAR = (0.1, 0.1, 0.2, 0.3), (0.6, 0.1, 0.2, 0.3)


def person(handle: str, yaw: float = 0.0) -> Known:
    vector = np.zeros(4, np.float32)
    picture = Picture(rgb=np.zeros((8, 8, 3), np.uint8))
    return Known(handle=handle, name=handle, human=True, learnt=(Learnt(vector=vector, yaw=yaw),), first=picture)


def frame(second: float, *faces: SeenFace, yaw: float = 0.0) -> Judged:
    return Judged(
        seconds=second,
        people=SeenFrame(seconds=second, faces=faces),
        yaws=(yaw,) * len(faces),
        gap="taken" if faces else "nobody",
        alike=(None, None),
        sights=((), ()),
        copied=(None, None),
        sharpness=None,
    )


def face(*distances: float, box: tuple[float, float, float, float] = NEAR) -> SeenFace:
    return SeenFace(box=box, distances=distances)


def moments(known: tuple[Known, ...], *judged: Judged) -> list[tuple[Moment, ...]]:
    footage = Footage(known=known, judged=judged, clip=True, composited=False)
    measures = Measures(
        face=CARD,
        looks=lambda kind: CARD,
        limits=Limits(match=0.6, stranger=0.72, gap=0.4, step=1.0),
        copied=0.8,
        distance=lambda a, b: 1.0,
    )
    return [track.moments for track in tracks(footage, measures)]


@pytest.mark.parametrize(("turned", "distance", "expected"), [(0, 0.49, True), (20, 0.54, True), (20, 0.56, False)])
def test_what_is_usual_depends_on_how_the_heads_are_turned(turned: float, distance: float, expected: bool):
    assert usual(CARD, turned, distance) is expected
    assert usual(CARD, 31, distance) is None


def test_a_head_turned_beyond_the_calibration_is_not_accused_unless_it_is_clearly_another():
    doubtful, sure, alike = (moments((person("mira"),), frame(0, face(d), yaw=38))[0][0] for d in (0.65, 0.8, 0.5))
    assert (doubtful.likeness, doubtful.gap) == (None, "turned")
    assert sure.likeness is not None
    assert sure.likeness < 0.05
    assert alike.likeness is not None
    assert alike.likeness > 0.5
    within = moments((person("mira", yaw=20),), frame(0, face(0.65), yaw=38))[0][0]
    assert within.likeness is not None


def test_somebody_who_drifts_where_they_stood_is_still_themselves():
    ann, bea = person("ann"), person("bea")
    before = frame(0.0, face(0.3, 0.9, box=NEAR), face(0.9, 0.3, box=FAR))
    passer = face(0.95, 0.95, box=(0.85, 0.1, 0.1, 0.2))
    after = frame(0.2, face(0.8, 0.9, box=NEAR), face(0.9, 0.3, box=FAR), passer)
    first, second = moments((ann, bea), before, after)
    assert first[1].distance == 0.8
    assert second[1].distance == 0.3


def test_a_character_whose_reference_taught_nothing_has_no_moment():
    unknown = Known(
        handle="x", name="x", human=True, learnt=(), first=Picture(rgb=np.zeros((8, 8, 3), np.uint8)), unusable="Why."
    )
    track = moments((unknown, person("bea")), frame(0.0, face(0.3)))
    assert track[0][0].likeness is None
    assert track[1][0].distance == 0.3
