"""The Brief: what a prompt was understood to ask for, with its JSON, its aspect ratio and its spoken explanation.

Reading one from a prompt is `core.prompt`; the words it is read with are `core.lexicon`.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import gcd
from typing import Any, Literal, TypeAlias, cast, get_args

from samecast.core.errors import InvalidInput

ShotSize: TypeAlias = Literal["extreme close-up", "close-up", "medium close-up", "medium", "cowboy", "full", "wide"]
CameraMove: TypeAlias = Literal["static", "push in", "pull out", "pan", "tilt", "tracking", "handheld", "arc"]
TimeOfDay: TypeAlias = Literal["dawn", "day", "golden hour", "dusk", "night"]
Weather: TypeAlias = Literal["rain", "heavy rain", "snow", "fog", "steam", "dust"]
Speed: TypeAlias = Literal["slow", "normal", "fast"]
Direction: TypeAlias = Literal["left", "right", "up", "down"]
Aspect: TypeAlias = tuple[int, int]

STORYBOARD_ASPECTS: tuple[Aspect, ...] = ((1, 1), (16, 9), (9, 16), (4, 5), (3, 2), (2, 3), (21, 9))
OTHER_ASPECTS: tuple[Aspect, ...] = ((4, 3), (3, 4), (5, 4), (2, 1), (1, 2), (9, 21))
_RATIO = re.compile(r"\s*(\d{1,5}(?:\.\d{1,3})?)\s*[:x×/]\s*(\d{1,5}(?:\.\d{1,3})?)\s*", re.IGNORECASE)
_STEEPEST = 3.0
_NEAR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a prompt was understood to ask for. None or empty: the prompt did not say.

    `place` is a lexicon id (such as "neon_street"); `place_words` the prompt's own words for the place, kept also
    where no id fits. `light`, `style` are lexicon ids. `direction` of the move: "left", "right", "up", "down" or None.
    `action` is a short verb phrase ("strolling past the stalls"); `performance` its kind, a lexicon id ("walking").
    """

    who: tuple[str, ...] = ()
    action: str | None = None
    performance: str | None = None
    shot_size: ShotSize | None = None
    camera: CameraMove | None = None
    camera_speed: Speed = "normal"
    direction: Direction | None = None
    place: str | None = None
    place_words: str | None = None
    time_of_day: TimeOfDay | None = None
    weather: tuple[Weather, ...] = ()
    light: tuple[str, ...] = ()
    lens_mm: int | None = None
    shallow_focus: bool = False
    aspect: Aspect | None = None
    style: tuple[str, ...] = ()


# --- aspect -----------------------------------------------------------------------------------------------------


def parse_aspect(text: str) -> Aspect:
    """Read "9:16", "9x16", "2.39:1" or "1080x1920" as (width, height). Raises `InvalidInput` for what is no ratio.

    Within 5 % of a well-known ratio it becomes that one ("2.39:1" is 21:9, "1080x1920" is 9:16).
    """
    found = _RATIO.fullmatch(text)
    hint = f"Use one of {', '.join(f'{w}:{h}' for w, h in STORYBOARD_ASPECTS)}."
    if found is None:
        raise InvalidInput(f"'{_short(text)}' is not an aspect ratio.", hint=hint)
    width, height = float(found[1]), float(found[2])
    if width <= 0 or height <= 0 or not 1 / _STEEPEST <= width / height <= _STEEPEST:
        raise InvalidInput(f"The aspect ratio {_short(text)} cannot be made.", hint=hint)
    known = near_aspect(width / height, STORYBOARD_ASPECTS + OTHER_ASPECTS)
    if known is not None:
        return known
    if width != int(width) or height != int(height):
        raise InvalidInput(f"The aspect ratio {_short(text)} is not a common one.", hint=hint)
    common = gcd(int(width), int(height))
    return int(width) // common, int(height) // common


def near_aspect(ratio: float, choices: Sequence[Aspect]) -> Aspect | None:
    """The choice nearest to width / height, None where even that is more than 5 % off."""
    best = min(choices, key=lambda a: abs(a[0] / a[1] / ratio - 1))
    return best if abs(best[0] / best[1] / ratio - 1) <= _NEAR else None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 24 else line[:23] + "…"


# --- JSON -------------------------------------------------------------------------------------------------------


def brief_to_json(brief: Brief) -> str:
    """Canonical JSON: sorted keys, no spaces."""
    return json.dumps(asdict(brief), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def brief_from_json(text: str) -> Brief:
    """Read back what `brief_to_json` wrote; a key that is absent means "not said". Raises `InvalidInput` otherwise."""
    try:
        tree = json.loads(text)
        if not isinstance(tree, dict):
            raise TypeError("not an object")
        unknown = set(tree) - set(_FIELDS)
        if unknown:
            raise ValueError(f"unknown: {sorted(unknown)}")
        return Brief(**{key: _FIELDS[key](value) for key, value in tree.items()})
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput("The brief cannot be read.", hint="It was not written by this samecast.") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not text: {value!r}")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"not a whole number: {value!r}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"neither true nor false: {value!r}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {value!r}")
    return tuple(_text(item) for item in value)


def _one_of(kind: object) -> Callable[[object], object]:
    allowed = get_args(kind)

    def read(value: object) -> object:
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {allowed}")
        return value

    return read


def _aspect(value: object) -> Aspect:
    if not isinstance(value, list) or len(value) != 2 or min(map(_number, value)) <= 0:
        raise TypeError(f"not an aspect: {value!r}")
    return cast(Aspect, tuple(value))


def _maybe(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else read(value)


# Any: each value is checked by its own reader, and only then handed to Brief's field of that name.
_FIELDS: dict[str, Callable[[object], Any]] = {
    "who": _texts,
    "action": _maybe(_text),
    "performance": _maybe(_text),
    "shot_size": _maybe(_one_of(ShotSize)),
    "camera": _maybe(_one_of(CameraMove)),
    "camera_speed": _one_of(Speed),
    "direction": _maybe(_one_of(Direction)),
    "place": _maybe(_text),
    "place_words": _maybe(_text),
    "time_of_day": _maybe(_one_of(TimeOfDay)),
    "weather": lambda value: tuple(map(_one_of(Weather), _texts(value))),
    "light": _texts,
    "lens_mm": _maybe(_number),
    "shallow_focus": _flag,
    "aspect": _maybe(_aspect),
    "style": _texts,
}


# --- explaining -------------------------------------------------------------------------------------------------

NOT_SAID = "not said"


def explain(brief: Brief) -> list[tuple[str, str]]:
    """The brief as (label, value) lines for a person, what was not said included."""
    place = brief.place.replace("_", " ") if brief.place else None
    if brief.place_words:
        place = f'{place} ("{brief.place_words}")' if place else f'"{brief.place_words}" (not a place samecast knows)'
    camera: str | None = brief.camera
    if brief.camera:
        speed = "" if brief.camera_speed == "normal" else f"{brief.camera_speed} "
        camera = f"{speed}{brief.camera}{f' {brief.direction}' if brief.direction else ''}"
    lines = [
        ("who", ", ".join(f"@{handle}" for handle in brief.who)),
        ("action", brief.action),
        ("shot size", brief.shot_size),
        ("camera", camera),
        ("place", place),
        ("time of day", brief.time_of_day),
        ("weather", ", ".join(brief.weather)),
        ("light", ", ".join(word.replace("_", " ") for word in brief.light)),
        ("lens", f"{brief.lens_mm} mm" if brief.lens_mm else None),
        ("focus", "shallow" if brief.shallow_focus else None),
        ("aspect", f"{brief.aspect[0]}:{brief.aspect[1]}" if brief.aspect else None),
        ("style", ", ".join(word.replace("_", " ") for word in brief.style)),
    ]
    return [(label, value or NOT_SAID) for label, value in lines]
