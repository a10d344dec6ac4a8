"""Casting: characters join the cast, change by new versions, and leave. References are graded on the way in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from samecast.core.anchors import judge_anchors, parse_anchor
from samecast.core.cast import Anchor, Character, Pins, Reference, Version, check_handle, handle_from_name
from samecast.core.changes import VersionChange, changes
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.grading import Grade, Rule, grade, grade_from_json, grade_to_json, with_anchors
from samecast.core.lexicon import Lexicon
from samecast.core.tags import clean_tags
from samecast.core.words import one_line
from samecast.ports import AssetStore, CastRepository, Media, Picture, ReferenceGauge

LONGEST_SIDE = 4096
"""References are kept at most this long: more pixels do not help any model, and cost every one of them."""

LONGEST_DESCRIPTION = 2000
MOST_ANCHORS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A picture with its grade; `sha256` names the stored asset where it was kept."""

    path: Path
    picture: Picture
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What to change of a character; None leaves it. Any change of looks makes a new version."""

    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    anchors: tuple[str, ...] | None = None
    images: tuple[Path, ...] = ()
    replace_images: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A character that joined or changed, and the grade of its newest reference (None where none was added)."""

    character: Character
    grade: Grade | None


class Casting:
    def __init__(
        self, *, cast: CastRepository, assets: AssetStore, media: Media, gauge: ReferenceGauge, lexicon: Lexicon
    ) -> None:
        self._cast = cast
        self._assets = assets
        self._media = media
        self._gauge = gauge
        self._lexicon = lexicon

    def grade(self, path: Path, anchors: Sequence[str] = (), description: str = "") -> Graded:
        """Measure a picture as a reference. Nothing is stored."""
        return self._graded(path, [parse_anchor(text) for text in anchors], description)

    def save_overlay(self, graded: Graded, path: Path) -> None:
        """Draw what was seen on the picture, as a PNG. Raises `StorageFailed` where it cannot be written."""
        self.save(self._gauge.overlay(graded.picture, graded.grade), path)

    def save(self, picture: Picture, path: Path) -> None:
        """Write a picture as a PNG. Raises `StorageFailed` where it cannot be written."""
        self._media.write_bytes(path, self._media.png(picture))

    def add(
        self,
        images: Sequence[Path],
        *,
        name: str,
        handle: str | None = None,
        description: str = "",
        tags: Sequence[str] = (),
        anchors: Sequence[str] = (),
    ) -> Added:
        """Cast a new character. Raises `HandleTaken`, `BadMedia`, `InvalidInput`; nothing is stored then."""
        name = _checked_name(name)
        chosen = check_handle(handle) if handle is not None else handle_from_name(name)
        parsed = _anchors(anchors)
        description = _description(description)
        wanted_tags = clean_tags(tags)
        graded = [self._graded(path, parsed, description) for path in images]
        now = datetime.now(UTC)
        version = Version(
            number=1,
            references=_each_once(self._keep(entry) for entry in graded),
            anchors=parsed,
            description=description,
            created_at=now,
        )
        character = Character(handle=chosen, name=name, tags=wanted_tags, versions=(version,), created_at=now)
        self._cast.add(character)
        return Added(character=character, grade=graded[0].grade)

    def edit(self, handle: str, change: Change) -> Added:
        """Apply a change; looks that differ become a new version, and shots keep the one they were made with."""
        character = self.get(handle)
        before = character.current
        description = before.description if change.description is None else _description(change.description)
        anchors = before.anchors if change.anchors is None else _anchors(change.anchors)
        name = character.name if change.name is None else _checked_name(change.name)
        tags = character.tags if change.tags is None else clean_tags(change.tags)
        graded = [self._graded(path, anchors, description) for path in change.images]
        kept = () if change.replace_images and graded else before.references
        if (anchors, description) != (before.anchors, before.description):
            rule = judge_anchors(anchors, description, self._lexicon)
            kept = tuple(_judged_anew(reference, rule) for reference in kept)
        after = Version(
            number=before.number + 1,
            references=_each_once((*kept, *(self._keep(entry) for entry in graded))),
            anchors=anchors,
            description=description,
            created_at=datetime.now(UTC),
        )
        if (name, tags) != (character.name, character.tags):
            self._cast.update(character.handle, name=name, tags=tags)
        if after.digest != before.digest:
            self._cast.add_version(character.handle, after)
        return Added(character=self._cast.get(character.handle), grade=graded[-1].grade if graded else None)

    def duplicate(self, handle: str, *, name: str, as_handle: str | None = None) -> Character:
        """Cast another character with the same references, anchors, description and tags, as its version 1.

        Consent, licence and LoRAs are not copied: they were given for the first one. Raises `NotFound`, `HandleTaken`,
        `InvalidInput`.
        """
        name, first = _checked_name(name), self.get(handle)
        chosen = check_handle(_bare(as_handle)) if as_handle is not None else handle_from_name(name)
        now = datetime.now(UTC)
        version = replace(first.current, number=1, created_at=now)
        second = Character(handle=chosen, name=name, tags=first.tags, versions=(version,), created_at=now)
        self._cast.add(second)
        return second

    def archive(self, handle: str) -> bool:
        """Take a character out of lists and of new shots; old ones still have it. False where it was so already."""
        return self._cast.archive(_bare(handle), datetime.now(UTC))

    def unarchive(self, handle: str) -> bool:
        """Bring an archived character back. False where it was not archived."""
        return self._cast.archive(_bare(handle), None)

    def pins(self, handle: str) -> Pins:
        """What refers to a character: takes and shots, by model and version. Raises `NotFound`."""
        return self._cast.pins(_bare(handle))

    def changed(self, handle: str, before: int, after: int) -> tuple[VersionChange, ...]:
        """What changed between two versions of a character, by their numbers. Raises `NotFound`."""
        versions = {version.number: version for version in self.get(handle).versions}
        for number in (before, after):
            if number not in versions:
                raise NotFound(
                    f"@{_bare(handle)} has no version {number}.", hint=f"It has versions 1 to {max(versions)}."
                )
        return changes(versions[before], versions[after])

    def remove(self, handle: str) -> bool:
        """True if it is wholly gone, False if its versions stay because shots were made with them."""
        return self._cast.remove(_bare(handle))

    def get(self, handle: str) -> Character:
        return self._cast.get(_bare(handle))

    def all(self, *, archived: bool = False) -> list[Character]:
        """Everyone in the cast but the archived, or only those, by handle."""
        return self._cast.all(archived=archived)

    def _graded(self, path: Path, anchors: Sequence[Anchor], description: str) -> Graded:
        picture = self._media.read_picture(path)
        rule = judge_anchors(anchors, description, self._lexicon)
        return Graded(path=path, picture=picture, grade=grade(self._gauge.measure(picture), rule))

    def _keep(self, graded: Graded) -> Reference:
        """Store a reference as an upright sRGB PNG: the pixels every later take is made from, whatever the file was."""
        picture = self._media.fit_picture(graded.picture, LONGEST_SIDE)
        sha256 = self._assets.put(self._media.png(picture), suffix=".png")
        return Reference(sha256=sha256, width=picture.width, height=picture.height, grade=grade_to_json(graded.grade))


def _checked_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > 80 or one_line(clean) != clean:
        raise InvalidInput("A character needs a name of 1 to 80 readable characters.", hint="Give one with --name.")
    return clean


def _description(text: str) -> str:
    clean = one_line(text)
    if len(clean) > LONGEST_DESCRIPTION:
        raise InvalidInput(
            f"The description is {len(clean):,} characters long; {LONGEST_DESCRIPTION:,} is the most.",
            hint="Say who it is in a sentence or two; looks belong into anchors.",
        )
    return clean


def _anchors(texts: Sequence[str]) -> tuple[Anchor, ...]:
    if len(texts) > MOST_ANCHORS:
        raise InvalidInput(
            f"{len(texts)} anchors are too many; {MOST_ANCHORS} is the most.",
            hint="Two or three strong ones hold a character best.",
        )
    return tuple(dict.fromkeys(parse_anchor(text) for text in texts))


def _judged_anew(reference: Reference, anchors: Rule) -> Reference:
    """One that was never graded stays so."""
    if not reference.grade:
        return reference
    return replace(reference, grade=grade_to_json(with_anchors(grade_from_json(reference.grade), anchors)))


def _each_once(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """The same picture given twice is one reference."""
    first: dict[str, Reference] = {}
    for reference in references:
        first.setdefault(reference.sha256, reference)
    return tuple(first.values())


def _bare(handle: str) -> str:
    """Handles are lower case; who types @Mira means @mira."""
    return handle.strip().removeprefix("@").lower()
