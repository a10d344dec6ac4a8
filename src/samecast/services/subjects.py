"""What scoring knows of each character before it looks at a take: vectors, clothes, anchors, all from the references.

A reference whose face cannot be measured teaches nothing, and is never taken for an animal or a thing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from samecast.core.cast import Anchor, Character
from samecast.core.errors import InvalidInput
from samecast.core.kinds import Kinds, SubjectKind
from samecast.core.recipe import Member
from samecast.ports import (
    AnchorPrint,
    AnchorReader,
    AppearanceEncoder,
    AssetStore,
    Box,
    ClothingReader,
    CopyReader,
    Doubt,
    Face,
    FaceEncoder,
    FaceReader,
    Floats,
    Matting,
    Media,
    PersonFinder,
    Picture,
    Pixels,
)

APPEARANCE_SIDE = 640
"""Longest side at which a subject without a human face is cut out, as in its encoder's calibration."""
LEAST_SUBJECT, MOST_SUBJECT = 0.02, 0.97
"""The share of the picture that a credible matte covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """Everything that looks at pictures, handed to scoring as one part."""

    faces: FaceReader
    people: PersonFinder
    identity: FaceEncoder
    appearance: AppearanceEncoder
    matting: Matting
    clothing: ClothingReader
    anchors: AnchorReader
    copies: CopyReader
    sharpness: Callable[[Pixels, Box | None], float]
    """0..1, of the box (left, top, width, height in pixels) or of the whole; between takes of one size."""
    media: Media

    def cut_out(self, picture: Picture) -> tuple[Picture, Floats] | None:
        """The picture at the encoder's size with the matte of whatever stands clear of its background, or None."""
        small = self.media.fit_picture(picture, APPEARANCE_SIDE)
        alpha = self.matting.matte(small, [])
        return (small, alpha) if LEAST_SUBJECT <= float(alpha.mean()) <= MOST_SUBJECT else None

    def looks(self, cut: tuple[Picture, Floats] | None) -> Floats | None:
        """The appearance vector of a cut-out subject; None where there is none, or it has but a few pixels."""
        if cut is None:
            return None
        try:
            return self.appearance.encode(cut[0].rgb, cut[1])
        except InvalidInput:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A character to look for. From its `words` (name and description) and `tags` its kind is read."""

    handle: str
    name: str
    references: tuple[str, ...]
    anchors: tuple[Anchor, ...] = ()
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def of_character(cls, character: Character) -> "Wanted":
        version = character.current
        return cls(
            handle=character.handle,
            name=character.name,
            references=tuple(reference.sha256 for reference in version.references),
            anchors=version.anchors,
            words=(character.name, version.description),
            tags=character.tags,
        )

    @classmethod
    def of_member(cls, member: Member) -> "Wanted":
        return cls(
            handle=member.handle,
            name=member.name,
            references=member.references,
            anchors=member.anchors,
            words=(member.name, member.description),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """One vector of a reference, and how its head is turned (degrees of yaw; 0 for what has no face)."""

    vector: Floats
    yaw: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtAnchor:
    """An anchor with what to look for, or the sentence why it cannot be checked."""

    anchor: Anchor
    wanted: AnchorPrint | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a character looks like to the encoders; `human` False where no reference shows a face.

    `unusable`: why nothing could be learnt from the references, empty otherwise. `first`: the first reference, with its
    face where it has one; anchors are marked on it, and copies are told by all of `copies`.
    """

    handle: str
    name: str
    human: bool
    learnt: tuple[Learnt, ...]
    first: Picture
    face: Face | None = None
    kind: SubjectKind | None = None
    unusable: str = ""
    worn: Floats | None = None
    anchors: tuple[SoughtAnchor, ...] = ()
    copies: tuple[object, ...] = ()


class Learning:
    """Learns characters from their references, once each."""

    def __init__(self, *, eyes: Eyes, assets: AssetStore, kinds: Kinds) -> None:
        self._eyes = eyes
        self._assets = assets
        self._kinds = kinds
        self._known: dict[Wanted, Known] = {}

    def know(self, wanted: Wanted) -> Known:
        if wanted not in self._known:
            self._known[wanted] = self._learn(wanted)
        return self._known[wanted]

    def _learn(self, wanted: Wanted) -> Known:
        pictures = [self._eyes.media.read_picture(self._assets.get(sha256)) for sha256 in wanted.references]
        seen = [self._eyes.faces.faces(picture.rgb) for picture in pictures]
        faces = [found[0] if found else None for found in seen]
        learnt, human, unusable = self._vectors(pictures, faces)
        first, face = pictures[0], faces[0]
        return Known(
            handle=wanted.handle,
            name=wanted.name,
            human=human,
            learnt=learnt,
            first=first,
            face=face,
            kind=None if human else self._kinds.kind_of(wanted.words, wanted.tags),
            unusable=unusable,
            worn=self._eyes.clothing.describe(first.rgb, face, seen[0]) if face else None,
            anchors=tuple(
                SoughtAnchor(anchor=anchor, wanted=self._eyes.anchors.learn(first, face, anchor))
                for anchor in wanted.anchors
            ),
            copies=tuple(self._eyes.copies.learn(picture, its) for picture, its in zip(pictures, faces, strict=True)),
        )

    def _vectors(
        self, pictures: Sequence[Picture], faces: Sequence[Face | None]
    ) -> tuple[tuple[Learnt, ...], bool, str]:
        """The vectors, whether they are a person's, and why there are none."""
        identity = self._eyes.identity
        people = [(picture.rgb, face) for picture, face in zip(pictures, faces, strict=True) if face is not None]
        if people:
            doubts = [identity.doubt(rgb, face) for rgb, face in people]
            clear = [entry for entry, doubt in zip(people, doubts, strict=True) if doubt is None]
            learnt = tuple(Learnt(vector=identity.encode(rgb, face), yaw=face.pose.yaw) for rgb, face in clear)
            return learnt, True, "" if clear else f"The reference's own face is {UNCLEAR[doubts[0] or 'blurred']}."
        if any(self._eyes.people.anyone(picture.rgb) == "profile" for picture in pictures):
            return (), True, _REFERENCE_IN_PROFILE
        described = [self._eyes.looks(self._eyes.cut_out(picture)) for picture in pictures]
        looks = tuple(Learnt(vector=vector) for vector in described if vector is not None)
        return looks, False, "" if looks else "The subject of the reference cannot be told from its background."


UNCLEAR: dict[Doubt, str] = {
    "small": "too small to be measured",
    "blurred": "too blurred to be measured",
    "turned": "turned too far from the camera to be measured",
    "covered": "covered in part, so that it cannot be measured",
}
_REFERENCE_IN_PROFILE = (
    "The reference shows a head in profile, which cannot be compared; add one that faces the camera."
)
