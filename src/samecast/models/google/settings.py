"""What a model of Google's wants, read from its profile's `setup`: data, so that a new model needs no code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_args

from samecast.core.errors import InvalidInput
from samecast.ports import ModelProfile

Endpoint: TypeAlias = Literal["generate_content", "interactions", "generate_videos"]

TASKS = {"text": "text_to_video", "frames": "image_to_video", "references": "reference_to_video"}
TAGS = {"first_frame": "<FIRST_FRAME>", "last_frame": "<LAST_FRAME>", "reference": "<IMAGE_REF_{i}>"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """`endpoint`: the SDK's method, which decides the rest; `model`: Google's own id.

    `longest`: pixels of the longer side of every picture that is sent. `ask_seconds`: how long to leave Google alone
    between two questions about a job. `background`, `delivery`, `tasks` and `tags` are the interactions endpoint's:
    whether it answers before the clip is made, how it hands the clip over ("uri" or "inline"), what its tasks are
    called (from text, from frames, from references), and what a prompt calls the pictures. `reference_seconds` and
    `seed` are Veo's: the only lengths of clips from references, and whether it is told the seed.
    """

    endpoint: Endpoint
    model: str
    longest: int = 1536
    ask_seconds: float = 10.0
    background: bool = True
    delivery: Literal["uri", "inline"] = "uri"
    tasks: Mapping[str, str] = field(default_factory=lambda: TASKS)
    tags: Mapping[str, str] = field(default_factory=lambda: TAGS)
    reference_seconds: tuple[float, ...] = ()
    seed: bool = False


def read_setup(profile: ModelProfile) -> Setup:
    """Raises `InvalidInput`, naming the model and the key, for a setup that is missing something or is mistyped."""
    given = dict(profile.setup)
    unknown = sorted(set(given) - {known.name for known in fields(Setup)})
    if unknown:
        raise _wrong(profile, f"there is no key {unknown[0]}")
    for name, rule in _RULES.items():
        if name in given and not rule(given[name]):
            raise _wrong(profile, f"{name} cannot be {given[name]!r}")
    for name in ("endpoint", "model"):
        if name not in given:
            raise _wrong(profile, f"{name} is missing")
    for name, known in (("tasks", TASKS), ("tags", TAGS)):
        if name in given:
            given[name] = known | _texts(given[name])
    if "reference_seconds" in given:
        given["reference_seconds"] = tuple(float(str(second)) for second in _list(given["reference_seconds"]))
    return Setup(**given)  # type: ignore[arg-type]  # each checked above


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


_RULES: Mapping[str, Callable[[Any], bool]] = {
    "endpoint": lambda value: value in get_args(Endpoint),
    "model": lambda value: isinstance(value, str) and bool(value),
    "longest": lambda value: isinstance(value, int) and 64 <= value <= 8192,
    "ask_seconds": lambda value: _is_number(value) and 0 <= value <= 600,
    "background": lambda value: isinstance(value, bool),
    "delivery": lambda value: value in ("uri", "inline"),
    "tasks": lambda value: isinstance(value, dict) and set(value) <= set(TASKS),
    "tags": lambda value: isinstance(value, dict) and set(value) <= set(TAGS),
    "reference_seconds": lambda value: isinstance(value, list) and all(map(_is_number, value)),
    "seed": lambda value: isinstance(value, bool),
}


def _wrong(profile: ModelProfile, what: str) -> InvalidInput:
    return InvalidInput(
        f"The setup of the model '{profile.id}' is wrong: {what}.",
        hint="Mend its entry in the catalogue; docs/models-google.md says what it may be.",
    )
