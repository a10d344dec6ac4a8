"""A recipe: everything needed to make one take again. Equal recipes, equal pixels (where the engine repeats itself)."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from samecast.core.cast import HANDLE, Anchor, Region
from samecast.core.errors import InvalidInput
from samecast.core.prompt import Brief, brief_from_json, brief_to_json

TakeKind: TypeAlias = Literal["image", "video"]

MAX_SIDE = 16_384
MAX_SECONDS = 3600.0
MAX_FPS = 240
"""What a recipe may ask for at the most, whatever file it came in; a model's profile asks for less."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LATER: dict[str, Any] = {
    "compiled": "",
    "pictures": [],
    "edited": "",
    "first_frame": "",
    "last_frame": "",
    "loras": [],
}
"""Keys that a recipe only has where they say something, and what they are where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A character as a recipe pins it: the version's number and digest, and the references themselves by sha256."""

    handle: str
    name: str
    version: int
    digest: str
    references: tuple[str, ...]
    anchors: tuple[Anchor, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Trained weights of one character for one model: the file's sha256, how strongly, and the word that calls it."""

    sha256: str
    scale: float = 1.0
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What one take is made from. Sizes in pixels, `seconds` and `fps` only for video."""

    model: str
    engine_version: str
    kind: TakeKind
    prompt: str
    brief: Brief
    members: tuple[Member, ...]
    width: int
    height: int
    seed: int
    seconds: float = 0.0
    fps: int = 0
    options: tuple[tuple[str, str], ...] = field(default=())
    compiled: str = ""
    """The prompt as the model is sent it, mentions in its own words; "": the model reads `prompt` itself."""
    pictures: tuple[str, ...] = ()
    """What the model is shown beside it, by sha256, in the order that `compiled` counts them."""
    edited: str = ""
    """The picture that an edit starts from, by sha256: also the first of `pictures`."""
    first_frame: str = ""
    last_frame: str = ""
    """What a clip begins and ends with, by sha256."""
    loras: tuple["Lora", ...] = ()

    @property
    def said(self) -> str:
        """What the model is sent."""
        return self.compiled or self.prompt

    @property
    def borrowed(self) -> tuple[str, ...]:
        """The assets it needs beside its members' references, by sha256, each once."""
        named = (self.edited, self.first_frame, self.last_frame, *(lora.sha256 for lora in self.loras))
        return tuple(dict.fromkeys(sha256 for sha256 in named if sha256))

    @property
    def frames(self) -> int:
        """How many frames a clip has; 1 for an image."""
        return max(1, round(self.seconds * self.fps)) if self.kind == "video" else 1

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON."""
        return hashlib.sha256(recipe_to_json(self).encode()).hexdigest()


def recipe_to_json(recipe: Recipe) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    tree: dict[str, Any] = asdict(recipe)
    for later in _LATER:  # a recipe that does without them reads, and is digested, as before they were thought of
        if not tree[later]:
            del tree[later]
    tree["brief"] = json.loads(brief_to_json(recipe.brief))
    tree["samecast"] = 1
    return json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=2000)
def recipe_from_json(text: str) -> Recipe:
    """Read back what `recipe_to_json` wrote. Raises `InvalidInput` for anything else, such as an edited file's."""
    try:
        tree = _object(_LATER | json.loads(text), {name.name for name in fields(Recipe)} | {"samecast"})
        if tree["samecast"] != 1:
            raise ValueError("unknown recipe format")
        recipe = Recipe(
            model=_text(tree["model"]),
            engine_version=_text(tree["engine_version"]),
            kind=_kind(tree["kind"]),
            prompt=_text(tree["prompt"]),
            brief=brief_from_json(json.dumps(tree["brief"])),
            members=tuple(_member(member) for member in _list(tree["members"])),
            width=_whole(tree["width"], 1, MAX_SIDE),
            height=_whole(tree["height"], 1, MAX_SIDE),
            seed=_whole(tree["seed"], 0, 2**63 - 1),
            seconds=_number(tree["seconds"], 0, MAX_SECONDS),
            fps=_whole(tree["fps"], 0, MAX_FPS),
            options=tuple(_option(option) for option in _list(tree["options"])),
            compiled=_text(tree["compiled"]),
            pictures=tuple(_sha256(picture) for picture in _list(tree["pictures"])),
            edited=_sha256(tree["edited"]) if tree["edited"] else "",
            first_frame=_sha256(tree["first_frame"]) if tree["first_frame"] else "",
            last_frame=_sha256(tree["last_frame"]) if tree["last_frame"] else "",
            loras=tuple(_lora(lora) for lora in _list(tree["loras"])),
        )
        recipe_to_json(recipe).encode()  # lone surrogates, which no file and no terminal takes
    except (KeyError, TypeError, ValueError, RecursionError, InvalidInput) as error:
        raise InvalidInput("The recipe cannot be read.", hint="It was not written by this samecast.") from error
    return recipe


# --- one value each, as it must be ------------------------------------------------------------------------------


def _object(value: Any, keys: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != keys:
        raise TypeError(f"not an object of {sorted(keys)}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(f"not text: {value!r}")
    return value


def _number(value: Any, least: float, most: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise TypeError(f"not a number from {least} to {most}: {value!r}")
    return value


def _whole(value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise TypeError(f"not a whole number from {least} to {most}: {value!r}")
    return value


def _kind(value: Any) -> TakeKind:
    if value not in ("image", "video"):
        raise ValueError(f"neither image nor video: {value!r}")
    return "video" if value == "video" else "image"


def _sha256(value: Any) -> str:
    if not _SHA256.fullmatch(_text(value)):
        raise ValueError(f"not a sha256: {value!r}")
    return str(value)


def _lora(value: Any) -> Lora:
    tree = _object(value, {name.name for name in fields(Lora)})
    return Lora(sha256=_sha256(tree["sha256"]), scale=_number(tree["scale"], 0, 10), word=_text(tree["word"]))


def _option(value: Any) -> tuple[str, str]:
    key, setting = _list(value)
    return _text(key), _text(setting)


def _member(value: Any) -> Member:
    tree = _object(value, {name.name for name in fields(Member)})
    references = tuple(_sha256(reference) for reference in _list(tree["references"]))
    if not references:
        raise ValueError("a member needs references")
    if not HANDLE.fullmatch(_text(tree["handle"])):
        raise ValueError(f"not a handle: {tree['handle']!r}")
    return Member(
        handle=tree["handle"],
        name=_text(tree["name"]),
        version=_whole(tree["version"], 1, 2**31),
        digest=_text(tree["digest"]),
        references=references,
        anchors=tuple(_anchor(anchor) for anchor in _list(tree["anchors"])),
        description=_text(tree["description"]),
    )


def _anchor(value: Any) -> Anchor:
    tree = _object(value, {name.name for name in fields(Anchor)})
    side, region = tree["side"], tree["region"]
    if side not in (None, "left", "right"):
        raise ValueError(f"not a side: {side!r}")
    box = None if region is None else _object(region, {name.name for name in fields(Region)})
    return Anchor(
        text=_text(tree["text"]),
        side=side,
        region=Region(**{key: _number(number, 0, 1) for key, number in box.items()}) if box is not None else None,
    )
