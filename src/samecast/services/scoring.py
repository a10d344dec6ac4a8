"""Scoring: how much a character stayed the same in a picture or clip, made here or anywhere.

People are compared by a face encoder with a stored calibration; subjects without a human face by an appearance encoder,
which is another word for another thing. What cannot be measured is said to be so, with the reason. What the measured
frames amount to is concluded in `verdicts`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from samecast.core.cast import Character
from samecast.core.consistency import Gap, Moment, Score, TakeScore, assign, p_same
from samecast.core.errors import InvalidInput
from samecast.core.recipe import Member
from samecast.ports import (
    AppearanceEncoder,
    AssetStore,
    Doubt,
    FaceEncoder,
    FaceReader,
    Floats,
    Matting,
    Media,
    PersonFinder,
    Picture,
    Pixels,
)
from samecast.services.verdicts import Track, conclude

SAMPLED_FRAMES = 32
"""Evenly spaced frames of a clip that are judged (consistency.md, OpenS2V's protocol)."""
FACES_CONSIDERED = 5
"""Faces of a frame that are compared, the largest first; a crowd keeps those."""
APPEARANCE_SIDE = 640
"""Longest side at which a subject without a human face is cut out: its encoder looks at 256 pixels."""
LEAST_SUBJECT, MOST_SUBJECT = 0.02, 0.97
"""The share of the picture that a credible matte covers."""
_AT_ONCE = 2

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What a character looks like to the encoders: one vector a reference; `human` False where none shows a face."""

    handle: str
    human: bool
    vectors: tuple[Floats, ...]
    unusable: str = ""
    """Why nothing could be learnt from the references, empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One frame as the encoders see it: the vectors of its measurable faces, largest first, and its subject's looks.

    `doubts`: of the faces that were found and cannot be measured. `gap`: why there is no face at all.
    """

    seconds: float
    faces: tuple[Floats, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    gap: Gap = "nobody"
    looks: Floats | None = None


class Scoring:
    def __init__(
        self,
        *,
        faces: FaceReader,
        people: PersonFinder,
        identity: FaceEncoder,
        appearance: AppearanceEncoder,
        matting: Matting,
        media: Media,
        assets: AssetStore,
    ) -> None:
        self._faces = faces
        self._people = people
        self._identity = identity
        self._appearance = appearance
        self._matting = matting
        self._media = media
        self._assets = assets
        self._known: dict[tuple[str, ...], Likeness] = {}

    def score_file(self, character: Character, path: Path) -> Score:
        """Score any image or clip against a character's current version. Raises `BadMedia` for neither."""
        references = tuple(reference.sha256 for reference in character.current.references)
        return self._score([self._likeness(character.handle, references)], path, composited=False).characters[0]

    def score_take(self, members: Sequence[Member], path: Path, *, composited: bool) -> TakeScore:
        """Score a take for every character in it, assigned jointly."""
        known = [self._likeness(member.handle, member.references) for member in members]
        return self._score(known, path, composited=composited) if known else TakeScore()

    def _score(self, known: Sequence[Likeness], path: Path, *, composited: bool) -> TakeScore:
        clip = self._media.picture_or_clip(path) == "video"
        frames = self._media.clip_frames(path, SAMPLED_FRAMES) if clip else self._still(path)
        human = any(entry.human for entry in known)
        other = any(not entry.human and not entry.unusable for entry in known)
        moments: list[list[Moment]] = [[] for _ in known]
        for seen in in_order(lambda frame: self._see(frame, human=human, other=other), frames):
            for track, moment in zip(moments, self._compared(known, seen), strict=True):
                track.append(moment)
        return TakeScore(
            characters=tuple(
                conclude(self._track(entry, track, clip), composited=composited)
                for entry, track in zip(known, moments, strict=True)
            )
        )

    def _track(self, known: Likeness, moments: Sequence[Moment], clip: bool) -> Track:
        return Track(
            handle=known.handle,
            human=known.human,
            unusable=known.unusable,
            moments=tuple(moments),
            clip=clip,
            card=self._identity.card if known.human else self._appearance.card,
        )

    def _still(self, path: Path) -> Iterator[tuple[float, Pixels]]:
        yield 0.0, self._media.read_picture(path).rgb

    # --- references -----------------------------------------------------------------------------------------------

    def _likeness(self, handle: str, references: tuple[str, ...]) -> Likeness:
        key = (handle, *references)
        if key not in self._known:
            self._known[key] = self._learn(handle, references)
        return self._known[key]

    def _learn(self, handle: str, references: tuple[str, ...]) -> Likeness:
        """A reference whose face cannot be measured teaches nothing, and is never taken for an animal or a thing."""
        pictures = [self._media.read_picture(self._assets.get(sha256)) for sha256 in references]
        seen = [(picture, self._faces.faces(picture.rgb)) for picture in pictures]
        people = [(picture.rgb, faces[0]) for picture, faces in seen if faces]
        if people:
            doubts = [self._identity.doubt(rgb, face) for rgb, face in people]
            clear = [entry for entry, doubt in zip(people, doubts, strict=True) if doubt is None]
            vectors = tuple(self._identity.encode(rgb, face) for rgb, face in clear)
            unusable = "" if clear else f"The reference's own face is {_UNCLEAR[doubts[0] or 'blurred']}."
            return Likeness(handle=handle, human=True, vectors=vectors, unusable=unusable)
        if any(self._people.anyone(picture.rgb) == "profile" for picture in pictures):
            return Likeness(handle=handle, human=True, vectors=(), unusable=_REFERENCE_IN_PROFILE)
        described = [self._describe(picture) for picture in pictures]
        looks = tuple(vector for vector in described if vector is not None)
        unusable = "" if looks else "The subject of the reference cannot be told from its background."
        return Likeness(handle=handle, human=False, vectors=looks, unusable=unusable)

    def _describe(self, picture: Picture) -> Floats | None:
        """The looks of whatever stands clear of its background; None where nothing does."""
        small = self._media.fit_picture(picture, APPEARANCE_SIDE)
        alpha = self._matting.matte(small, [])
        if not LEAST_SUBJECT <= float(alpha.mean()) <= MOST_SUBJECT:
            return None
        try:
            return self._appearance.encode(small.rgb, alpha)
        except InvalidInput:  # a subject of a few pixels
            return None

    # --- one frame ------------------------------------------------------------------------------------------------

    def _see(self, frame: tuple[float, Pixels], *, human: bool, other: bool) -> Seen:
        """Everything about a frame that costs time; knows no character, so that frames can be seen side by side."""
        seconds, rgb = frame
        looks = self._describe(Picture(rgb=rgb)) if other else None
        if not human:
            return Seen(seconds=seconds, looks=looks)
        found = self._faces.faces(rgb)[:FACES_CONSIDERED]
        if not found:
            presence = self._people.anyone(rgb)
            gap: Gap = "nobody" if presence is None else "profile" if presence == "profile" else "hidden"
            return Seen(seconds=seconds, looks=looks, gap=gap)
        doubts = [self._identity.doubt(rgb, face) for face in found]
        vectors = [self._identity.encode(rgb, face) for face, doubt in zip(found, doubts, strict=True) if doubt is None]
        return Seen(
            seconds=seconds,
            faces=tuple(vectors),
            doubts=tuple(doubt for doubt in doubts if doubt is not None),
            looks=looks,
        )

    def _compared(self, known: Sequence[Likeness], seen: Seen) -> list[Moment]:
        """Every character's moment in one frame; the faces are given out jointly, each to one character at most."""
        people = [index for index, entry in enumerate(known) if entry.human and entry.vectors]
        table = [[self._nearest(known[index], vector) for vector in seen.faces] for index in people]
        given = dict(zip(people, zip(table, assign(table), strict=True), strict=True))
        moments = []
        for index, entry in enumerate(known):
            likeness: float | None = None
            gap: Gap | None = None
            if not entry.human:
                likeness = self._alike(entry, seen.looks)
                gap = "unclear" if likeness is None else None
            else:
                row, column = given.get(index, ([], None))
                likeness = None if column is None else self._probability(row[column])
                gap = _why_not(seen) if likeness is None else None
            moments.append(Moment(seconds=seen.seconds, likeness=likeness, gap=gap))
        return moments

    def _alike(self, known: Likeness, looks: Floats | None) -> float | None:
        if looks is None or not known.vectors:
            return None
        card = self._appearance.card
        nearest = min(self._appearance.distance(vector, looks) for vector in known.vectors)
        return p_same(nearest, slope=card.slope, midpoint=card.midpoint)

    def _nearest(self, known: Likeness, vector: Floats) -> float:
        return min(self._identity.distance(learnt, vector) for learnt in known.vectors)

    def _probability(self, distance: float) -> float:
        return p_same(distance, slope=self._identity.card.slope, midpoint=self._identity.card.midpoint)


_UNCLEAR: dict[Doubt, str] = {
    "small": "too small to be measured",
    "blurred": "too blurred to be measured",
    "turned": "turned too far from the camera to be measured",
}
_REFERENCE_IN_PROFILE = (
    "The reference shows a head in profile, which cannot be compared; add one that faces the camera."
)


def _why_not(seen: Seen) -> Gap:
    """Why no face of this frame is the character's: another face may be its own where one could not be measured."""
    if seen.doubts:
        return seen.doubts[0]
    return "taken" if seen.faces else seen.gap


def in_order(see: Callable[[In], Out], frames: Iterable[In]) -> Iterator[Out]:
    """What `see` makes of every frame, in their order, two at a time; only a few frames are held at once."""
    waiting: deque[Future[Out]] = deque()
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="see") as pool:
        try:
            for frame in frames:
                waiting.append(pool.submit(see, frame))
                if len(waiting) > _AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
