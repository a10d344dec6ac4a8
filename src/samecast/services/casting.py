"""Casting: characters join the cast, change by new versions, and leave. References are graded on the way in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from samecast.core.anchors import judge_anchors, parse_anchor
from samecast.core.cast import Anchor, Character, Reference, Version, check_handle, handle_from_name
from samecast.core.errors import InvalidInput
from samecast.core.grading import Grade, grade, grade_to_json
from samecast.core.lexicon import Lexicon
from samecast.ports import AssetStore, CastRepository, Media, Picture, ReferenceGauge

LONGEST_SIDE = 4096
"""References are kept at most this long: more pixels do not help any model, and cost every one of them."""


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
        self._media.write_bytes(path, self._media.png(self._gauge.overlay(graded.picture, graded.grade)))

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
        chosen = check_handle(handle) if handle else handle_from_name(name)
        parsed = tuple(parse_anchor(text) for text in anchors)
        graded = [self._graded(path, parsed, description) for path in images]
        now = datetime.now(UTC)
        version = Version(
            number=1,
            references=tuple(self._keep(entry) for entry in graded),
            anchors=parsed,
            description=description.strip(),
            created_at=now,
        )
        character = Character(handle=chosen, name=name, tags=_tags(tags), versions=(version,), created_at=now)
        self._cast.add(character)
        return Added(character=character, grade=graded[0].grade)

    def edit(self, handle: str, change: Change) -> Added:
        """Apply a change; looks that differ become a new version, and shots keep the one they were made with."""
        character = self._cast.get(handle.removeprefix("@"))
        before = character.current
        description = before.description if change.description is None else change.description.strip()
        anchors = before.anchors if change.anchors is None else tuple(parse_anchor(text) for text in change.anchors)
        graded = [self._graded(path, anchors, description) for path in change.images]
        kept = () if change.replace_images and graded else before.references
        after = Version(
            number=before.number + 1,
            references=(*kept, *(self._keep(entry) for entry in graded)),
            anchors=anchors,
            description=description,
            created_at=datetime.now(UTC),
        )
        self._cast.update(
            character.handle,
            name=character.name if change.name is None else _checked_name(change.name),
            tags=character.tags if change.tags is None else _tags(change.tags),
        )
        if after.digest != before.digest:
            self._cast.add_version(character.handle, after)
        return Added(character=self._cast.get(character.handle), grade=graded[-1].grade if graded else None)

    def remove(self, handle: str) -> bool:
        """True if it is wholly gone, False if its versions stay because shots were made with them."""
        return self._cast.remove(handle.removeprefix("@"))

    def get(self, handle: str) -> Character:
        return self._cast.get(handle.removeprefix("@"))

    def all(self) -> list[Character]:
        return self._cast.all()

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
    if not clean or len(clean) > 80 or not clean.isprintable():
        raise InvalidInput("A character needs a name of 1 to 80 readable characters.", hint="Give one with --name.")
    return clean


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean for tag in tags if (clean := " ".join(tag.split()).lower())))
