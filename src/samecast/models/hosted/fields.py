"""A model's own input fields as its entry names them (`setup`): read once, held against what the model can do, filled.

So any model of a provider is usable by its entry alone. docs/models-fal.md explains every key. Nothing here knows a
provider, and nothing is sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from samecast.core.errors import InvalidInput, RenderFailed
from samecast.core.options import Option
from samecast.core.prompt import Aspect
from samecast.core.recipe import Recipe
from samecast.ports import ModelProfile

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

HINT = "docs/models-fal.md explains every key of setup."
_PLAIN = ("prompt", "edit", "first_frame", "last_frame", "frames", "fps", "negative")
_RICH = ("references", "seed", "aspect", "size", "seconds")
KEYS = (*_PLAIN, *_RICH, "options", "extra", "longest", "output")
"""Every key of `setup` that is not an engine's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `form`: how its value is written, "" as it is; `names`: what the provider calls each value instead;
    `most`: the largest whole number it takes.
    """

    name: str
    form: str = ""
    names: Mapping[str, Json] = field(default_factory=dict)
    most: int | None = None

    def written(self, words: Mapping[str, object], plain: Json) -> Json:
        """The value: by `form` from `words`, or `plain`; then by the provider's name for it."""
        value = self.form.format(**words) if self.form else plain
        return self.names.get(str(value), value)


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Where pictures go: all in one `list`, the only `one`, `each` in a field of its own, `objects` with a `key`."""

    name: str
    form: Literal["list", "one", "each", "objects"] = "list"
    key: str = ""
    required: bool = False
    """The model makes nothing without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A `setup` as it was read. "" and None: the model has no such field."""

    prompt: str
    references: References | None = None
    edit: str = ""
    first_frame: str = ""
    last_frame: str = ""
    seed: Field | None = None
    aspect: Field | None = None
    size: Field | tuple[str, str] | None = None
    seconds: Field | None = None
    frames: str = ""
    fps: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """The field of every option that is not called as the option is."""
    extra: Mapping[str, Json] = field(default_factory=dict)
    longest: int | None = None
    """Pixels of the longer side of pictures that are sent, where it is less than usual."""
    output: tuple[str, ...] = ()
    """Where in the answer the address of the file may be; the first that is there."""


# --- reading ----------------------------------------------------------------------------------------------------


def read_fields(profile: ModelProfile, *, own: Sequence[str], output: Sequence[str]) -> Fields:
    """The fields that the profile's `setup` names. `own`: keys that are the engine's; `output`: where the file is if
    the entry does not say. Raises `InvalidInput`, naming the model and the key.
    """
    setup = profile.setup
    unknown = sorted(set(setup) - {*KEYS, *own})
    if unknown:
        raise wrong(profile, f"setup has no key {unknown[0]}; it has {', '.join([*own, *KEYS])}")
    plain = {key: _name(profile, key, setup[key]) if key in setup else "" for key in _PLAIN}
    negative = plain.pop("negative")
    fields = Fields(
        **{**plain, "prompt": plain["prompt"] or "prompt"},
        references=_references(profile),
        seed=_field(profile, "seed", words=set()),
        aspect=_field(profile, "aspect", words={"w", "h"}),
        size=_size(profile),
        seconds=_field(profile, "seconds", words={"s"}),
        options=_options(profile) | ({"negative": negative} if negative else {}),
        extra=_extra(profile),
        longest=_whole(profile, "longest", setup["longest"], 64) if "longest" in setup else None,
        output=(_text(profile, "output", setup["output"]),) if "output" in setup else tuple(output),
    )
    _agree(profile, fields)
    return fields


def wrong(profile: ModelProfile, what: str) -> InvalidInput:
    return InvalidInput(f"The entry of the model '{profile.id}' is wrong: {what}.", hint=HINT)


def _references(profile: ModelProfile) -> References | None:
    value = profile.setup.get("references")
    if value is None:
        return None
    tree = value if isinstance(value, dict) else {"field": value}
    if set(tree) - {"field", "as", "key", "required"}:
        raise wrong(profile, "setup.references has field, as, key and required, and no other key")
    name = _name(profile, "references.field", tree.get("field"), words={"n", "i"})
    form = tree.get("as", "each" if "{" in name else "list")
    if form not in ("list", "one", "each", "objects"):
        raise wrong(profile, 'setup.references.as must be "list", "one", "each" or "objects"')
    if (form == "each") != ("{" in name):
        raise wrong(profile, "setup.references puts each picture in a field of its own exactly where it counts: {n}")
    if (form == "objects") != ("key" in tree):
        raise wrong(profile, "setup.references has a key exactly where pictures are objects")
    if form == "one" and profile.references != 1:
        raise wrong(profile, "setup.references takes one picture, and references is not 1")
    required = tree.get("required", False)
    if not isinstance(required, bool):
        raise wrong(profile, "setup.references.required must be true or false")
    key = _name(profile, "references.key", tree["key"]) if "key" in tree else ""
    kind = cast(Literal["list", "one", "each", "objects"], form)
    return References(name=name, form=kind, key=key, required=required)


def _field(profile: ModelProfile, key: str, *, words: set[str]) -> Field | None:
    value = profile.setup.get(key)
    if value is None:
        return None
    tree = value if isinstance(value, dict) else {"field": value}
    known = {"field", "most"} if key == "seed" else {"field", "form", "names"}
    if set(tree) - known:
        raise wrong(profile, f"setup.{key} has {', '.join(sorted(known))}, and no other key")
    names = tree.get("names", {})
    if not isinstance(names, dict) or not all(_is_json(name) for name in names.values()):
        raise wrong(profile, f"setup.{key}.names must be a table from each value to what the provider calls it")
    most = _whole(profile, f"{key}.most", tree["most"], 1) if "most" in tree else None
    form = _text(profile, f"{key}.form", tree.get("form", ""), empty=True)
    _check_form(profile, f"{key}.form", form, words)
    return Field(name=_name(profile, key, tree.get("field")), form=form, names=names, most=most)


def _size(profile: ModelProfile) -> Field | tuple[str, str] | None:
    value = profile.setup.get("size")
    if isinstance(value, dict) and set(value) == {"width", "height"}:
        width, height = (_name(profile, f"size.{side}", value[side]) for side in ("width", "height"))
        return width, height
    return _field(profile, "size", words={"w", "h"})


def _options(profile: ModelProfile) -> dict[str, str]:
    value = profile.setup.get("options", {})
    if not isinstance(value, dict):
        raise wrong(profile, "setup.options must be a table from an option to its field")
    return {option: _name(profile, f"options.{option}", name) for option, name in value.items()}


def _extra(profile: ModelProfile) -> Mapping[str, Json]:
    value = profile.setup.get("extra", {})
    if not isinstance(value, dict) or not all(_is_json(entry) for entry in value.values()):
        raise wrong(profile, "setup.extra must be a table of texts, numbers, true or false, lists and tables")
    return value


def _name(profile: ModelProfile, key: str, value: object, *, words: set[str] | None = None) -> str:
    name = _text(profile, key, value)
    _check_form(profile, key, name, words or set())
    return name


def _text(profile: ModelProfile, key: str, value: object, *, empty: bool = False) -> str:
    if not isinstance(value, str) or (not value.strip() and not empty):
        raise wrong(profile, f"setup.{key} must be text")
    return value


def _whole(profile: ModelProfile, key: str, value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise wrong(profile, f"setup.{key} must be a whole number from {least}")
    return value


def _check_form(profile: ModelProfile, key: str, form: str, words: set[str]) -> None:
    found = re.findall(r"\{(\w+)\}", form)
    if not set(found) <= words or re.search(r"[{}]", re.sub(r"\{\w+\}", "", form)):
        braces = " and ".join(f"{{{word}}}" for word in sorted(words))
        raise wrong(profile, f"setup.{key} may use {braces or 'no braces'}, and not '{form}'")


def _is_json(value: object) -> bool:
    match value:
        case dict():
            return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
        case list():
            return all(_is_json(item) for item in value)
        case _:
            return isinstance(value, str | int | float | bool)


# --- agreeing ---------------------------------------------------------------------------------------------------


def _agree(profile: ModelProfile, fields: Fields) -> None:
    """Whatever a user may ask of the model has a field: what had none would be left out without a word."""
    video = "video" in profile.kinds
    for needed, missing, what in (
        (profile.references != 0, not fields.references, "references, and the model takes some (references = 0: none)"),
        (profile.edits, not (fields.references or fields.edit), "edit or references, and the model edits"),
        (profile.first_frame, not fields.first_frame, "first_frame, and the model takes one"),
        (profile.last_frame, not fields.last_frame, "last_frame, and the model takes one"),
        (len(profile.aspects) > 1, not (fields.aspect or fields.size), "aspect or size, and there are several aspects"),
        (
            video and len(profile.lengths) != 1,
            not (fields.seconds or fields.frames),
            "seconds or frames, and there are several lengths",
        ),
    ):
        if needed and missing:
            raise wrong(profile, f"setup names no field for {what}")
    if profile.mentioning is None and profile.takes_characters:
        raise wrong(profile, "mentions is missing, without which the prompt would be sent with its @handles")
    known = {option.name for option in profile.options}
    for option in fields.options:
        if option not in known:
            raise wrong(profile, f"setup names a field for the option {option}, which options does not have")
    names = [*_named(fields), *(fields.options.get(option, option) for option in sorted(known)), *fields.extra]
    for name in names:
        if names.count(name) > 1:
            raise wrong(profile, f"setup fills the field {name} twice")
    if fields.aspect and fields.aspect.names:
        for width, height in profile.aspects:
            if f"{width}:{height}" not in fields.aspect.names:
                raise wrong(profile, f"setup.aspect.names does not say what {width}:{height} is called")


def _named(fields: Fields) -> list[str]:
    """Every field that has a name of its own, options and constants aside."""
    plain = [fields.prompt, fields.edit, fields.first_frame, fields.last_frame, fields.frames, fields.fps]
    rich = [one.name for one in (fields.references, fields.seed, fields.aspect, fields.seconds) if one is not None]
    match fields.size:
        case None:
            size: list[str] = []
        case Field():
            size = [fields.size.name]
        case (width, height):
            size = [width, height]
    return [name for name in [*plain, *rich, *size] if name]


# --- filling ----------------------------------------------------------------------------------------------------


def fill(fields: Fields, profile: ModelProfile, recipe: Recipe, address: Callable[[str], str]) -> dict[str, Json]:
    """The model's input for this recipe. `address`: where the provider finds the picture of this sha256."""
    values: dict[str, Json] = {**fields.extra, fields.prompt: recipe.said}
    if fields.references and fields.references.required and not recipe.pictures:
        raise InvalidInput(f"{profile.id} makes nothing without a reference.", hint="Name a character in the prompt.")
    values |= _pictures(fields, recipe, address)
    if fields.seed is not None:
        most = fields.seed.most
        values[fields.seed.name] = recipe.seed if most is None else recipe.seed % (most + 1)
    if fields.aspect is not None:
        width, height = recipe.brief.aspect or _aspect_of(profile, recipe)
        values[fields.aspect.name] = fields.aspect.written({"w": width, "h": height}, f"{width}:{height}")
    match fields.size:
        case Field():
            pixels = {"w": recipe.width, "h": recipe.height}
            values[fields.size.name] = fields.size.written(pixels, {"width": recipe.width, "height": recipe.height})
        case (wide, high):
            values |= {wide: recipe.width, high: recipe.height}
    if recipe.kind == "video":
        values |= _timing(fields, recipe)
    options = {option.name: option for option in profile.options}
    for name, text in recipe.options:
        if name not in options:
            raise InvalidInput(f"{profile.id} has no option '{name}'.", hint="The recipe is of another version of it.")
        values[fields.options.get(name, name)] = _typed(options[name], text)
    return values


def _pictures(fields: Fields, recipe: Recipe, address: Callable[[str], str]) -> dict[str, Json]:
    values: dict[str, Json] = {}
    shown = list(recipe.pictures)
    for name, sha256 in (
        (fields.edit, recipe.edited),
        (fields.first_frame, recipe.first_frame),
        (fields.last_frame, recipe.last_frame),
    ):
        if name and sha256:
            values[name] = address(sha256)
    if fields.edit and recipe.edited in shown:
        shown.remove(recipe.edited)
    if not shown or fields.references is None:
        return values
    name, addresses = fields.references.name, [address(sha256) for sha256 in shown]
    match fields.references.form:
        case "list":
            return values | {name: addresses}
        case "one":
            return values | {name: addresses[0]}
        case "objects":
            return values | {name: [{fields.references.key: url} for url in addresses]}
        case "each":
            return values | {name.format(n=place + 1, i=place): url for place, url in enumerate(addresses)}


def _timing(fields: Fields, recipe: Recipe) -> dict[str, Json]:
    values: dict[str, Json] = {}
    if fields.seconds is not None:
        whole = recipe.seconds == int(recipe.seconds)
        plain: Json = int(recipe.seconds) if whole else recipe.seconds
        values[fields.seconds.name] = fields.seconds.written({"s": f"{recipe.seconds:g}"}, plain)
    if fields.frames:
        values[fields.frames] = recipe.frames
    if fields.fps:
        values[fields.fps] = recipe.fps
    return values


def _aspect_of(profile: ModelProfile, recipe: Recipe) -> Aspect:
    """The aspect that this size is the model's for; a recipe always has one of them."""
    size = recipe.width, recipe.height
    return next(aspect for aspect in profile.aspects if profile.size(recipe.kind, aspect) == size)


def _typed(option: Option, text: str) -> Json:
    match option.kind:
        case "number":
            return float(text)
        case "whole":
            return int(text)
        case "flag":
            return text == "true"
        case "choice" | "text":
            return text


# --- what came back ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Where the finished file is, and how many lie there."""

    url: str
    count: int = 1


def find_delivered(answer: object, paths: Sequence[str], provider: str) -> Delivered:
    """The file's address at the first of `paths` that leads to one: keys and places joined by dots; "": the answer.

    Raises `RenderFailed` where none does, saying what there is instead.
    """
    for path in paths:
        value, count = answer, 1
        for step in path.split(".") if path else ():
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value, count = value[int(step)], len(value)
            else:
                value = None
        if isinstance(value, str) and value:
            return Delivered(url=value, count=count)
    there = f"it has {', '.join(sorted(map(str, answer)))}" if isinstance(answer, dict) and answer else "it has nothing"
    wanted = " or ".join(path or "an address" for path in paths)
    raise RenderFailed(
        f"{provider}'s answer has no file at {wanted}: {there}.", hint=f"Say where with output in setup. {HINT}"
    )
