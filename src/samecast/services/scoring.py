"""Scoring: how much a character stayed the same in a picture or clip, made here or anywhere.

People are compared by a face encoder with a stored calibration; subjects without a human face by an appearance encoder,
which is another word for another thing. What cannot be measured is said to be so, with the reason.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samecast.core.cast import Character
from samecast.core.consistency import HOLDS, Moment, Score, ScoreVerdict, TakeScore, p_same, worst_stretch
from samecast.core.recipe import Member
from samecast.ports import (
    AppearanceEncoder,
    AssetStore,
    EncoderCard,
    Face,
    FaceEncoder,
    FaceReader,
    Floats,
    Matting,
    Media,
    Picture,
    Pixels,
)

SAMPLED_FRAMES = 32
"""Evenly spaced frames of a clip that are judged (consistency.md, OpenS2V's protocol)."""
SMALLEST_EYE_DISTANCE = 14.0
"""Pixels between the eyes below which a face says too little."""
JOINT_LIMIT = 5
"""Faces considered when several characters are assigned at once; larger crowds keep their largest faces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What a character looks like to the encoders: one vector a reference; `human` False where none shows a face."""

    handle: str
    human: bool
    vectors: tuple[Floats, ...]
    unusable: str = ""
    """Why nothing could be learnt from the references, empty otherwise."""


@dataclass(slots=True)
class _Track:
    """One character's judged frames, as they come."""

    likeness: Likeness
    moments: list[Moment] = field(default_factory=list)
    present: int = 0
    """Frames in which somebody or something was there, measurable or not."""
    small: int = 0


class Scoring:
    def __init__(
        self,
        *,
        faces: FaceReader,
        identity: FaceEncoder,
        appearance: AppearanceEncoder,
        matting: Matting,
        media: Media,
        assets: AssetStore,
    ) -> None:
        self._faces = faces
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
        frames: Iterable[tuple[float, Pixels]]
        frames = self._media.clip_frames(path, SAMPLED_FRAMES) if clip else self._still(path)
        tracks = [_Track(likeness=likeness) for likeness in known]
        for seconds, rgb in frames:
            self._judge(tracks, seconds, rgb)
        return TakeScore(characters=tuple(self._conclude(track, clip, composited) for track in tracks))

    def _still(self, path: Path) -> Iterable[tuple[float, Pixels]]:
        yield 0.0, self._media.read_picture(path).rgb

    # --- references -----------------------------------------------------------------------------------------------

    def _likeness(self, handle: str, references: tuple[str, ...]) -> Likeness:
        key = (handle, *references)
        if key not in self._known:
            self._known[key] = self._learn(handle, references)
        return self._known[key]

    def _learn(self, handle: str, references: tuple[str, ...]) -> Likeness:
        pictures = [self._media.read_picture(self._assets.get(sha256)) for sha256 in references]
        seen = [(picture, self._faces.faces(picture.rgb)) for picture in pictures]
        people = [(picture, faces[0]) for picture, faces in seen if faces]
        if people:
            vectors = tuple(self._identity.encode(picture.rgb, face) for picture, face in people)
            return Likeness(handle=handle, human=True, vectors=vectors)
        described = tuple(self._describe(picture) for picture in pictures)
        return Likeness(
            handle=handle,
            human=False,
            vectors=tuple(vector for vector in described if vector is not None),
            unusable="" if any(v is not None for v in described) else "The subject cannot be told from its background.",
        )

    def _describe(self, picture: Picture) -> Floats | None:
        alpha = self._matting.matte(picture, [])
        return self._appearance.encode(picture.rgb, alpha) if 0.01 < float(alpha.mean()) < 0.99 else None

    # --- one frame ------------------------------------------------------------------------------------------------

    def _judge(self, tracks: Sequence[_Track], seconds: float, rgb: Pixels) -> None:
        people = [track for track in tracks if track.likeness.human]
        others = [track for track in tracks if not track.likeness.human]
        if people:
            self._judge_people(people, seconds, rgb)
        if others:
            described = self._describe(Picture(rgb=rgb))
            for track in others:
                track.present += described is not None
                track.moments.append(Moment(seconds=seconds, likeness=self._compare(track.likeness, described)))

    def _compare(self, likeness: Likeness, described: Floats | None) -> float | None:
        if described is None or not likeness.vectors:
            return None
        card = self._appearance.card
        nearest = min(self._appearance.distance(vector, described) for vector in likeness.vectors)
        return p_same(nearest, slope=card.slope, midpoint=card.midpoint)

    def _judge_people(self, tracks: Sequence[_Track], seconds: float, rgb: Pixels) -> None:
        faces = self._faces.faces(rgb)
        clear = [face for face in faces if eye_distance(face) >= SMALLEST_EYE_DISTANCE][:JOINT_LIMIT]
        vectors = [self._identity.encode(rgb, face) for face in clear]
        table = [[self._nearest(track.likeness, vector) for vector in vectors] for track in tracks]
        assigned = assign(table)
        for row, track in enumerate(tracks):
            column = assigned[row]
            track.present += bool(faces)
            track.small += bool(faces) and not clear
            likeness = None if column is None else self._probability(table[row][column])
            track.moments.append(Moment(seconds=seconds, likeness=likeness))

    def _nearest(self, likeness: Likeness, vector: Floats) -> float:
        return min(self._identity.distance(known, vector) for known in likeness.vectors)

    def _probability(self, distance: float) -> float:
        return p_same(distance, slope=self._identity.card.slope, midpoint=self._identity.card.midpoint)

    # --- the whole ------------------------------------------------------------------------------------------------

    def _conclude(self, track: _Track, clip: bool, composited: bool) -> Score:
        measured = sorted(m.likeness for m in track.moments if m.likeness is not None)
        card = self._identity.card if track.likeness.human else self._appearance.card
        label = f"{card.name} {card.version}"
        if not measured:
            verdict, reason = _absent(track, clip)
            return Score(
                handle=track.likeness.handle,
                verdict=verdict,
                encoder=label,
                reason=reason,
                composited=composited,
                moments=tuple(track.moments) if clip else (),
            )
        middle = measured[len(measured) // 2]
        worst = worst_stretch(track.moments) if clip else None
        holds = (worst[0] if worst else middle) >= HOLDS
        return Score(
            handle=track.likeness.handle,
            verdict="match" if holds else "drift",
            p_same=round(middle, 4) if track.likeness.human else None,
            appearance=None if track.likeness.human else round(middle, 4),
            worst=round(worst[0], 4) if worst else None,
            worst_at=round(worst[1], 3) if worst else None,
            coverage=round(len(measured) / len(track.moments), 4),
            encoder=label,
            reason=_measured_reason(track, card, holds, clip),
            composited=composited,
            moments=tuple(track.moments) if clip else (),
        )


def eye_distance(face: Face) -> float:
    """Pixels between the eye centres (means of MediaPipe's eye-corner landmarks 33, 133 and 362, 263)."""
    points = face.landmarks[:, :2]
    gap = (points[33] + points[133]) / 2 - (points[362] + points[263]) / 2
    return float((gap @ gap) ** 0.5)


def assign(table: Sequence[Sequence[float]]) -> list[int | None]:
    """One face at most for every character, and one character at most for every face, by the least total distance.

    `table[character][face]` is a distance. Characters left over, where faces are too few, get None.
    """
    rows, columns = len(table), len(table[0]) if table else 0
    slots: list[int | None] = [*range(columns), *([None] * max(0, rows - columns))]
    unmatched = 10.0

    def cost(choice: Sequence[int | None]) -> float:
        return sum(unmatched if column is None else table[row][column] for row, column in enumerate(choice))

    choices = [list(choice) for choice in itertools.permutations(slots, rows)]
    return min(choices, key=cost)


def _absent(track: _Track, clip: bool) -> tuple[ScoreVerdict, str]:
    where = "any judged frame" if clip else "the picture"
    if track.likeness.unusable:
        return "not_measurable", track.likeness.unusable
    if not track.moments:
        return "not_measurable", "The clip has no frame that can be read."
    if not track.likeness.human:
        return "not_measurable", f"No subject stands clear of its background in {where}."
    if track.small == len(track.moments):
        return "not_measurable", "Every face is too small to be measured."
    if track.present:
        return "missing", f"The faces in {where} are taken by the other characters."
    return "missing", f"No face was found in {where}."


def _measured_reason(track: _Track, card: EncoderCard, holds: bool, clip: bool) -> str:
    word = "the same person" if track.likeness.human else "the same looks (appearance match, not identity)"
    share = sum(m.likeness is not None for m in track.moments)
    where = f" over {share} of {len(track.moments)} judged frames" if clip else ""
    if holds:
        return f"More likely {word} than not{where}, by {card.name}."
    return f"Less likely {word} than not{' at the worst moment' if clip else ''}{where}, by {card.name}."
