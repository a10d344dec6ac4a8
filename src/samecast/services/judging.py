"""One frame, judged: who is in it, how alike, with which anchors. Frames know nothing of each other.

Whatever costs time happens here, so that frames can be judged side by side. Whose a face is may also follow from the
frames around it: that, and what all frames together amount to, is concluded in `verdicts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.consistency import Gap, Moment, p_same
from samecast.core.report import FrameShown
from samecast.core.sightings import Limits, SeenFace, SeenFrame, given
from samecast.ports import (
    AnchorPrint,
    AnchorSight,
    ClipFrame,
    Face,
    Floats,
    Picture,
    Pixels,
)
from samecast.services.subjects import Eyes, Known

FACES_CONSIDERED = 16
"""Faces of a frame that are compared, the largest first; the others of a crowd count as too small."""
SHOWN_SIDE, CROP_SIDE, ANCHOR_SIDE = 480, 200, 120
"""Longest sides in pixels of what a report shows: a frame, a face, the place of an anchor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorCrops:
    """JPEGs of an anchor's own and mirrored place in one frame."""

    own: bytes | None = None
    mirrored: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One frame, judged. What is by character is in the order of the cast.

    `people`: every face, with its distances to the human characters that have a vector; `yaws`: of those faces, in
    degrees. `gap`: why a character without a face has none. `alike`: the moments of subjects without a human face, None
    for people. `sights`: by character and anchor, None: not looked for. `copied`: probabilities that the reference's
    own pixels are here, None where it was not asked or cannot be told. `sharpness`: None where it was not asked.
    """

    seconds: float
    people: SeenFrame
    yaws: tuple[float, ...]
    gap: Gap
    alike: tuple[Moment | None, ...]
    sights: tuple[tuple[AnchorSight | None, ...], ...]
    copied: tuple[float | None, ...]
    sharpness: float | None
    shown: FrameShown | None = None
    crops: tuple[tuple[AnchorCrops, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The faces of a frame; a face that cannot be measured has no vector, and `gap` says what is wrong with it."""

    faces: tuple[Face, ...] = ()
    vectors: tuple[Floats | None, ...] = ()
    gap: Gap = "nobody"


class Judging:
    """Judges frames for a fixed set of characters; may be called from several threads."""

    def __init__(self, *, eyes: Eyes, known: Sequence[Known], limits: Limits, evidence: bool) -> None:
        self._eyes = eyes
        self._known = known
        self._limits = limits
        self._evidence = evidence
        self._people = [index for index, entry in enumerate(known) if entry.human and entry.learnt]
        self._human = any(entry.human for entry in known)
        self._other = any(not entry.human and not entry.unusable for entry in known)

    def __call__(self, frame: ClipFrame, *, closely: bool) -> Judged:
        """Judge one frame; `closely`: also how sharp it is, and whether the reference's own pixels are in it."""
        cut = self._eyes.cut_out(Picture(rgb=frame.rgb)) if self._other else None
        found = self._find(frame.rgb) if self._human else _Found()
        people = self._seen(frame, found)
        faces = [None if place is None else found.faces[place] for place in self._own(people)]
        sights = tuple(
            self._sights(entry, frame.rgb, face, cut) for entry, face in zip(self._known, faces, strict=True)
        )
        looks = self._eyes.looks(cut)
        return Judged(
            seconds=frame.seconds,
            people=people,
            yaws=tuple(face.pose.yaw for face in found.faces),
            gap=found.gap,
            alike=tuple(None if entry.human else self._alike(entry, frame, looks) for entry in self._known),
            sights=sights,
            copied=tuple(
                self._copied(entry, frame.rgb, face) if closely else None
                for entry, face in zip(self._known, faces, strict=True)
            ),
            sharpness=self._sharpness(frame.rgb, faces) if closely else None,
            shown=self._shown(frame, faces) if self._evidence else None,
            crops=self._all_crops(frame.rgb, cut, sights) if self._evidence else (),
        )

    # --- faces ----------------------------------------------------------------------------------------------------

    def _find(self, rgb: Pixels) -> _Found:
        found = tuple(self._eyes.faces.faces(rgb))
        if not found:
            presence = self._eyes.people.anyone(rgb)
            return _Found(gap="nobody" if presence is None else "profile" if presence == "profile" else "hidden")
        doubts = [
            self._eyes.identity.doubt(rgb, face) if place < FACES_CONSIDERED else "small"
            for place, face in enumerate(found)
        ]
        return _Found(
            faces=found,
            vectors=tuple(
                self._eyes.identity.encode(rgb, face) if doubt is None else None
                for face, doubt in zip(found, doubts, strict=True)
            ),
            gap=next((doubt for doubt in doubts if doubt is not None), "taken"),
        )

    def _seen(self, frame: ClipFrame, found: _Found) -> SeenFrame:
        """The faces as who-is-who wants them."""
        height, width = frame.rgb.shape[:2]
        faces = []
        for place, (face, vector) in enumerate(zip(found.faces, found.vectors, strict=True)):
            left, top, across, down = face.box
            box = (left / width, top / height, across / width, down / height)
            if vector is None:
                faces.append(SeenFace(box=box))
                continue
            faces.append(
                SeenFace(
                    box=box,
                    distances=tuple(self._nearest(self._known[index], vector) for index in self._people),
                    worn=self._worn(frame.rgb, face, found.faces) if len(self._people) > 1 else (),
                    nearest_other=self._nearest_other(found.vectors, place),
                )
            )
        unseen = found.gap in ("hidden", "profile")
        return SeenFrame(seconds=frame.seconds, shot=frame.shot, faces=tuple(faces), unseen=unseen)

    def _own(self, people: SeenFrame) -> tuple[int | None, ...]:
        """Each character's face by this frame alone."""
        whose = given([people], len(self._people), self._limits)[0].faces if self._people else ()
        places = dict(zip(self._people, whose, strict=True))
        return tuple(places.get(index) for index in range(len(self._known)))

    def _nearest(self, known: Known, vector: Floats) -> float:
        return min(self._eyes.identity.distance(learnt.vector, vector) for learnt in known.learnt)

    def _worn(self, rgb: Pixels, face: Face, faces: Sequence[Face]) -> tuple[float | None, ...]:
        here = self._eyes.clothing.describe(rgb, face, faces)
        if here is None:
            return ()
        kept = [self._known[index].worn for index in self._people]
        return tuple(None if worn is None else self._eyes.clothing.likeness(here, worn) for worn in kept)

    def _nearest_other(self, vectors: Sequence[Floats | None], place: int) -> float | None:
        here = vectors[place]
        others = (vector for other, vector in enumerate(vectors) if other != place and vector is not None)
        if here is None:
            return None
        return min((self._eyes.identity.distance(here, vector) for vector in others), default=None)

    def _alike(self, known: Known, frame: ClipFrame, looks: Floats | None) -> Moment:
        if looks is None or not known.learnt:
            return Moment(seconds=frame.seconds, shot=frame.shot, likeness=None, gap="unclear")
        card = self._eyes.appearance.card_for(known.kind)
        nearest = min(self._eyes.appearance.distance(learnt.vector, looks) for learnt in known.learnt)
        return Moment(
            seconds=frame.seconds,
            shot=frame.shot,
            likeness=p_same(nearest, slope=card.slope, midpoint=card.midpoint),
            distance=round(nearest, 4),
        )

    # --- anchors and copies ---------------------------------------------------------------------------------------

    def _sights(
        self, known: Known, rgb: Pixels, face: Face | None, cut: tuple[Picture, Floats] | None
    ) -> tuple[AnchorSight | None, ...]:
        """A person's anchors are looked for on the person alone; a thing's inside its own cut-out, in its pixels."""
        if known.human:
            return tuple(
                None if isinstance(sought.wanted, str) or face is None else self._look(sought.wanted, rgb, face, None)
                for sought in known.anchors
            )
        return tuple(
            None
            if isinstance(sought.wanted, str) or cut is None
            else self._look(sought.wanted, cut[0].rgb, None, cut[1])
            for sought in known.anchors
        )

    def _sharpness(self, rgb: Pixels, faces: Sequence[Face | None]) -> float:
        """Of the first character's face, of the whole where nobody has one."""
        return self._eyes.sharpness(rgb, next((face.box for face in faces if face is not None), None))

    def _look(self, wanted: AnchorPrint, rgb: Pixels, face: Face | None, alpha: Floats | None) -> AnchorSight:
        return self._eyes.anchors.look(wanted, rgb, face, alpha)

    def _copied(self, known: Known, rgb: Pixels, face: Face | None) -> float | None:
        if known.human and face is None:
            return None
        told = [self._eyes.copies.copied(copy, rgb, face) for copy in known.copies]
        return max((value for value in told if value is not None), default=None)

    # --- what a report shows --------------------------------------------------------------------------------------

    def _shown(self, frame: ClipFrame, faces: Sequence[Face | None]) -> FrameShown:
        media = self._eyes.media
        crops = [
            (known.handle, media.jpeg(around(frame.rgb, face), longest=CROP_SIDE))
            for known, face in zip(self._known, faces, strict=True)
            if face is not None
        ]
        return FrameShown(seconds=frame.seconds, whole=media.jpeg(frame.rgb, longest=SHOWN_SIDE), crops=tuple(crops))

    def _all_crops(
        self, rgb: Pixels, cut: tuple[Picture, Floats] | None, sights: Sequence[Sequence[AnchorSight | None]]
    ) -> tuple[tuple[AnchorCrops, ...], ...]:
        """By character and anchor; a thing's anchors were looked for on its cut-out, and are shown from that."""
        return tuple(
            self._crops(rgb if known.human or cut is None else cut[0].rgb, seen)
            for known, seen in zip(self._known, sights, strict=True)
        )

    def _crops(self, rgb: Pixels, sights: Sequence[AnchorSight | None]) -> tuple[AnchorCrops, ...]:
        return tuple(
            AnchorCrops(own=self._crop(rgb, sight.own), mirrored=self._crop(rgb, sight.mirrored))
            if sight is not None
            else AnchorCrops()
            for sight in sights
        )

    def _crop(self, rgb: Pixels, box: tuple[float, float, float, float] | None) -> bytes | None:
        found = None if box is None else boxed(rgb, box, margin=0.6)
        return None if found is None else self._eyes.media.jpeg(found, longest=ANCHOR_SIDE)


def around(rgb: Pixels, face: Face) -> Pixels:
    """The picture around a face, with hair and chin."""
    left, top, width, height = face.box
    found = boxed(rgb, (left, top, left + width, top + height), margin=0.35)
    return rgb if found is None else found


def boxed(rgb: Pixels, box: tuple[float, float, float, float], *, margin: float) -> Pixels | None:
    """The part of a picture inside left, top, right, bottom, grown by a share of its longer side; None: outside it."""
    grow = margin * max(box[2] - box[0], box[3] - box[1])
    left, top = (max(0, int(value - grow)) for value in box[:2])
    right, bottom = int(box[2] + grow) + 1, int(box[3] + grow) + 1
    part = rgb[top : max(top, bottom), left : max(left, right)]
    return part if min(part.shape[:2]) >= 2 else None


def every(count: int, wanted: int) -> frozenset[int]:
    """`wanted` evenly spaced positions out of `count`, the first among them."""
    step = max(1.0, count / wanted)
    return frozenset(int(position * step) for position in range(wanted) if int(position * step) < count)
