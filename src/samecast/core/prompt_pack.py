"""The prompts that samecast ships, parsed from TOML text that someone else has read, and looked up by id, genre, words.

`prompts.toml` beside this file holds them; its head comment explains every key. Which models there are, what a still
looks like and who is in the cast are not known here.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, get_args

from samecast.core.brief import Aspect, parse_aspect
from samecast.core.errors import InvalidInput, NotFound, SamecastError
from samecast.core.lexicon import Lexicon
from samecast.core.portrait import PortraitSlots, portrait_prompt
from samecast.core.words import plain

ReadyKind: TypeAlias = Literal["portrait", "image", "video"]
Entry: TypeAlias = Mapping[str, object]

PLACEHOLDER = "{character}"
"""Where a prompt names its character."""
SLOTS = tuple(field.name for field in fields(PortraitSlots))
_OF_THE_PERSON = ("character", "anchors", "hair", "clothing")
"""Slots that a reference carries already."""
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HINT = "The head of prompts.toml says what each key may be."
_KEYS = {"id", "title", "genre", "kind", "prompt", "slots", "aspect", "seconds"}
_KEYS |= {"models", "because", "negative", "note", "seed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One field of the portrait formula as a form: `name` is that of `PortraitSlots`."""

    name: str
    label: str
    hint: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Genre:
    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPrompt:
    """One prompt to begin from. `prompt` names its character as `{character}` and says nothing of their looks.

    A portrait has `slots` too, and `formula`, the formula filled with them: that is for drafting somebody new.
    `seconds` is 0 but for a clip. `models`: ids, the first choice first; `because`: why these. `seed`: of its still.
    """

    id: str
    title: str
    genre: str
    kind: ReadyKind
    prompt: str
    slots: PortraitSlots | None
    formula: str
    aspect: Aspect
    seconds: float
    models: tuple[str, ...]
    because: str
    negative: str
    note: str
    seed: int

    def of(self, handle: str) -> str:
        """The prompt for one character, by a handle without its `@`."""
        return self.prompt.replace(PLACEHOLDER, f"@{handle}")

    def has(self, words: str) -> bool:
        """Whether each of the words stands somewhere in what it says; case and accents do not matter."""
        said = plain(" ".join((self.id, self.title, self.genre, self.kind, self.prompt, self.formula, self.note)))
        return all(word in said for word in plain(words).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPack:
    """All of them, in the order of the file. Build one with `PromptPack.parse`."""

    slots: tuple[Slot, ...]
    genres: tuple[Genre, ...]
    prompts: tuple[ReadyPrompt, ...]

    @classmethod
    def parse(cls, toml_text: str, lexicon: Lexicon) -> "PromptPack":
        """Read a pack's file. Raises `InvalidInput` naming the prompt and the key that is wrong."""
        try:
            tree = tomllib.loads(toml_text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(f"The prompts are not valid TOML: {error}.", hint="Mend prompts.toml.") from error
        slots = tuple(_slot(entry) for entry in _entries(tree, "slot"))
        if tuple(slot.name for slot in slots) != SLOTS:
            raise InvalidInput(f"The slots of the portrait are {', '.join(SLOTS)}, in this order.", hint=_HINT)
        genres = tuple(_genre(entry) for entry in _entries(tree, "genre"))
        known = frozenset(_unique("genre", [genre.id for genre in genres]))
        prompts = tuple(_prompt(entry, known, lexicon) for entry in _entries(tree, "prompt"))
        _unique("prompt", [prompt.id for prompt in prompts])
        return cls(slots=slots, genres=genres, prompts=prompts)

    def get(self, wanted: str) -> ReadyPrompt:
        """One prompt by its id. Raises `NotFound`."""
        by_id = {prompt.id: prompt for prompt in self.prompts}
        if wanted in by_id:
            return by_id[wanted]
        close = difflib.get_close_matches(wanted, list(by_id), n=1)
        guess = f"Did you mean {close[0]}? " if close else ""
        raise NotFound(
            f"There is no prompt '{_short(wanted)}'.", hint=f"{guess}See them all with `samecast prompts list`."
        )

    def find(
        self, *, genre: str | None = None, kind: ReadyKind | None = None, words: str = ""
    ) -> tuple[ReadyPrompt, ...]:
        """Those of a genre (its id or title), of a kind, with all of the words. Raises `NotFound` for no such genre."""
        wanted = None if genre is None else self.genre(genre).id
        return tuple(
            prompt
            for prompt in self.prompts
            if wanted in (None, prompt.genre) and kind in (None, prompt.kind) and prompt.has(words)
        )

    def genre(self, wanted: str) -> Genre:
        """A genre by its id or title. Raises `NotFound`."""
        name = plain(wanted.strip())
        for genre in self.genres:
            if name in (genre.id, plain(genre.title)):
                return genre
        raise NotFound(
            f"There is no genre '{_short(wanted)}'.", hint=f"Genres: {', '.join(genre.id for genre in self.genres)}."
        )


# --- reading ----------------------------------------------------------------------------------------------------


def _entries(tree: Entry, key: str) -> list[Entry]:
    value = tree.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        raise InvalidInput(f"The prompts need [[{key}]] tables.", hint=_HINT)
    return value


def _unique(what: str, ids: Sequence[str]) -> Sequence[str]:
    twice = next((found for found in ids if ids.count(found) > 1), None)
    if twice is not None:
        raise InvalidInput(f"The {what} '{twice}' is there twice.", hint="Give each an id of its own.")
    return ids


def _slot(entry: Entry) -> Slot:
    return Slot(**{key: _text(entry, key) for key in ("name", "label", "hint", "example")})


def _genre(entry: Entry) -> Genre:
    return Genre(id=_id(entry), title=_text(entry, "title"))


def _prompt(entry: Entry, genres: frozenset[str], lexicon: Lexicon) -> ReadyPrompt:
    found, kind = _id(entry), _kind(entry)
    unknown = entry.keys() - _KEYS
    if unknown:
        raise _wrong(entry, f"it has {', '.join(sorted(unknown))}, which no prompt has")
    genre = _text(entry, "genre")
    if genre not in genres:
        raise _wrong(entry, f"its genre '{genre}' is none of {', '.join(sorted(genres))}")
    slots = _slots(entry) if kind == "portrait" else None
    return ReadyPrompt(
        id=found,
        title=_text(entry, "title"),
        genre=genre,
        kind=kind,
        prompt=_scene(entry) if slots is None else portrait_prompt(_without_looks(slots), lexicon).text,
        slots=slots,
        formula="" if slots is None else portrait_prompt(slots, lexicon).text,
        aspect=_aspect(entry),
        seconds=_seconds(entry, kind),
        models=_texts(entry, "models"),
        because=_text(entry, "because"),
        negative=_text(entry, "negative"),
        note=_text(entry, "note"),
        seed=_seed(entry),
    )


def _without_looks(slots: PortraitSlots) -> PortraitSlots:
    """The same portrait of somebody whom a reference shows: who, then expression, place, lens, light and style."""
    kept = {name: getattr(slots, name) for name in SLOTS if name not in _OF_THE_PERSON}
    return PortraitSlots(character=PLACEHOLDER, **kept)


def _wrong(entry: Entry, what: str) -> InvalidInput:
    return InvalidInput(f"The prompt '{entry.get('id', entry.get('name', '(without an id)'))}': {what}.", hint=_HINT)


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise _wrong(entry, f"{key} must be text on one line")
    return value


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    value = entry.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item.strip() for item in value):
        raise _wrong(entry, f"{key} must be a list of texts")
    return tuple(_unique(key.removesuffix("s"), value))


def _id(entry: Entry) -> str:
    value = _text(entry, "id")
    if not _ID.fullmatch(value):
        raise _wrong(entry, "id must be kebab-case: lower case letters and digits, joined by hyphens")
    return value


def _kind(entry: Entry) -> ReadyKind:
    for kind in get_args(ReadyKind):
        if entry.get("kind") == kind:
            found: ReadyKind = kind
            return found
    raise _wrong(entry, f"kind must be one of {', '.join(get_args(ReadyKind))}")


def _scene(entry: Entry) -> str:
    prompt = _text(entry, "prompt")
    if "slots" in entry:
        raise _wrong(entry, "only a portrait has slots")
    if prompt.count(PLACEHOLDER) != 1 or "{" in prompt.replace(PLACEHOLDER, ""):
        raise _wrong(entry, f"prompt must name its character once, as {PLACEHOLDER}")
    return prompt


def _slots(entry: Entry) -> PortraitSlots:
    if "prompt" in entry:
        raise _wrong(entry, "a portrait's prompt is made from its slots: leave prompt out")
    table = entry.get("slots")
    if not isinstance(table, dict):
        raise _wrong(entry, "a portrait needs a table of slots")
    unknown = table.keys() - set(SLOTS)
    if unknown:
        raise _wrong(entry, f"slots has {', '.join(sorted(unknown))}; there are {', '.join(SLOTS)}")
    try:
        told = {key: _text(table, key) for key in table if key != "anchors"}
        return PortraitSlots(**told, anchors=_texts(table, "anchors"))
    except InvalidInput as error:
        raise _wrong(entry, f"in slots, {error.message.rpartition(': ')[2].removesuffix('.')}") from error


def _aspect(entry: Entry) -> Aspect:
    value = _text(entry, "aspect")
    try:
        return parse_aspect(value)
    except SamecastError as error:
        raise _wrong(entry, f"aspect '{_short(value)}' is none") from error


def _seconds(entry: Entry, kind: ReadyKind) -> float:
    value = entry.get("seconds", 0)
    clip = kind == "video"
    if not isinstance(value, int | float) or isinstance(value, bool) or (value > 0) != clip:
        raise _wrong(entry, "seconds must be how long the clip is" if clip else "only a clip has seconds")
    return float(value)


def _seed(entry: Entry) -> int:
    value = entry.get("seed")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(entry, "seed must be a whole number from 0")
    return value


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"
