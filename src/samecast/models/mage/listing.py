"""What Mage offers today, as entries of the catalogue's form: every model of its live list that makes images or clips.

The list is Mage's word, so it is read as what it should be, and what cannot be put into an entry is left out and said.
"""

import json
import os
import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from importlib import resources
from math import sqrt
from pathlib import Path

from samecast.core.errors import InvalidInput, StorageFailed
from samecast.core.prompt import Aspect
from samecast.models.catalogue import parse_catalogue
from samecast.models.hosted.plain import Tree, branch, branches, number, text, texts
from samecast.models.mage.body import shape_of
from samecast.models.mage.wire import BASE, PROVIDER, Wire, meant
from samecast.ports.making import CLIP_SIZES, STILL_SIZES
from samecast.ports.plugins import Parts

DAY = 24 * 3600.0
MOST_CHARACTERS = 8
"""More than anybody tells apart in one picture, whatever the model takes."""
UNTIMED = 5
"""Seconds that a clip is put down as, where Mage decides its length."""
_ASPECT = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")
_OPTION = re.compile(r"[a-z][a-z0-9_]{0,39}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_OURS = {"prompt", "seed", "model_id", "aspect_ratio", "duration"}
_NAMES = {"negative_prompt": "negative"}
"""Options that samecast calls otherwise."""


def live_entries(parts: Parts, *, sleep: Callable[[float], None] = time.sleep) -> str:
    """Catalogue text of what Mage offers; asked for at most once a day. Raises what a request to Mage may."""
    folder = parts.home / "mage"
    found, day = _kept(folder / "architectures.json") or _asked(Wire(parts.keys, sleep), folder / "architectures.json")
    return "\n".join(_entries(found, day))


def _asked(wire: Wire, file: Path) -> tuple[list[Tree], date]:
    answer = wire.safely("GET", "/v1/architectures")
    if not answer.fine:
        raise meant(answer)
    found = branches(answer.tree, "architectures")
    if not found:
        raise InvalidInput(f"{PROVIDER} lists no models.", hint="Try again later: samecast models refresh mage")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".architectures-{os.getpid()}")
        part.write_text(json.dumps({"architectures": found}), encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        raise StorageFailed(f"{file} cannot be written: {error.strerror}.", hint="Is the disk full?") from error
    return found, datetime.now(UTC).date()


def _kept(file: Path) -> tuple[list[Tree], date] | None:
    """The list of the last day; None where there is none that can be read."""
    with suppress(OSError, ValueError):
        read_at = file.stat().st_mtime
        if 0 <= time.time() - read_at < DAY:
            tree = json.loads(file.read_text(encoding="utf-8"))
            found = branches(tree, "architectures") if isinstance(tree, dict) else []
            return (found, datetime.fromtimestamp(read_at, UTC).date()) if found else None
    return None


def _entries(found: Sequence[Tree], day: date) -> Iterator[str]:
    names = tomllib.loads(resources.files("samecast.models.mage").joinpath("names.toml").read_text(encoding="utf-8"))
    taken: set[str] = set()
    for architecture in found:
        if text(architecture, "type") not in ("image", "video"):
            continue
        for variant in _variants(architecture):
            entry = _entry(architecture, variant, day, names)
            id_ = str(entry["id"])
            written = _written(entry)
            try:
                if id_ in taken:
                    raise InvalidInput(f"There are two models '{id_}'.")
                shape_of(parse_catalogue(written)[id_])
            except InvalidInput as error:
                yield f"# Left out: {_plain(id_)}: {_plain(error.message)}\n"
                continue
            taken.add(id_)
            yield written


def _variants(architecture: Tree) -> list[str]:
    listed = _tokens(architecture, "", "model_id")
    return listed or [text(branch(architecture, "base_config"), "model_id")]


def _tokens(architecture: Tree, variant: str, name: str) -> list[str]:
    """What a field may be for this variant; empty where it may be anything, or is not there."""
    own = texts(branch(branch(architecture, "options_by_model"), variant), name)
    return own or texts(branch(architecture, "options"), name) or texts(_property(architecture, name), "enum")


def _property(architecture: Tree, name: str) -> Tree:
    return branch(branch(branch(architecture, "input_schema"), "properties"), name)


# --- one entry ----------------------------------------------------------------------------------------------------


def _entry(architecture: Tree, variant: str, day: date, names: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    kind, inputs = text(architecture, "type"), branch(architecture, "image_inputs")
    several = len(_variants(architecture)) > 1
    aspects = [token for token in _tokens(architecture, variant, "aspect_ratio") if _ASPECT.fullmatch(token)]
    usual = f"mage-{_slug(variant if several else text(architecture, 'id'))}"
    entry: dict[str, object] = {
        "id": names["ids"].get(variant, usual) if variant else usual,
        "name": f"{text(architecture, 'name')} ({variant})" if several else text(architecture, "name"),
        "engine": "mage",
        "kinds": [kind],
        "aspects": aspects,
        "seconds": 0,
        "characters": 1,
        "deterministic": False,
        "composites": False,
        "price": _price(architecture, variant),
        "licence": "Mage's terms of service: they say what its output may be used for.",
        "source": f"{BASE}/v1/architectures",
        "date": day,
        "notes": _first_sentence(text(architecture, "description")),
        "resource": "mage",
        "at_once": 20,
        "knows_keys": True,
    }
    entry |= _shows(architecture, variant, inputs, names["keyframe"]["model"])
    lengths = sorted({float(token) for token in _tokens(architecture, variant, "duration") if token.isdigit()})
    if kind == "video":
        entry |= {"seconds": max(lengths, default=UNTIMED), "lengths": lengths or [UNTIMED]}
    sizes = {token: size for token in aspects if (size := _size(token, kind))}
    if sizes:
        entry["clip_sizes" if kind == "video" else "still_sizes"] = sizes
    fields = _fields(inputs, architecture)
    options = dict(_options(architecture, variant, set(fields.values())))
    entry["options"] = options
    entry["setup"] = _setup(architecture, variant, fields, options, timed=bool(lengths))
    return entry


def _shows(architecture: Tree, variant: str, inputs: Tree, keyframe: str) -> dict[str, object]:
    """How characters and frames get into it."""
    mentions, references = branch(architecture, "mentions"), branch(inputs, "references")
    by_model = number(branch(architecture, "max_images_by_model"), variant)
    most = int(by_model if by_model is not None else number(architecture, "max_images") or 0)
    image = text(references, "field")
    known = variant in texts(mentions, "characters")
    if not known:
        most = 0 if not image else min(most, most if text(references, "additional_field") else 1)
    found: dict[str, object] = {"references": most, "characters": max(1, min(most, MOST_CHARACTERS))}
    if most and not known:
        picture = "@image{n}" if variant in texts(mentions, "references") else "image {n}"
        found["mentions"] = {"picture": picture, "first": "the {noun} in {pictures}", "again": "the {noun}"}
    if text(architecture, "type") == "image":
        return found | ({"edits": True} if image else {})
    first, last = bool(text(inputs, "first_frame")), bool(text(inputs, "last_frame"))
    found |= {"first_frame": first, "last_frame": last}
    if first and not most:
        found |= {"keyframe": keyframe, "characters": MOST_CHARACTERS}
    return found


def _fields(inputs: Tree, architecture: Tree) -> dict[str, str]:
    """Which field of a request takes which picture; and `video`, which samecast does not use."""
    references = branch(inputs, "references")
    found = {
        "image": text(references, "field"),
        "more": text(references, "additional_field"),
        "first": text(inputs, "first_frame"),
        "last": text(inputs, "last_frame"),
        "video": text(branch(architecture, "video_inputs"), "field"),
    }
    return {role: name for role, name in found.items() if name}


def _setup(
    architecture: Tree, variant: str, fields: Mapping[str, str], options: Mapping[str, object], *, timed: bool
) -> dict[str, object]:
    known = variant in texts(branch(architecture, "mentions"), "characters")
    setup: dict[str, object] = {"architecture": text(architecture, "id")}
    setup |= {"variant": variant} if variant else {}
    setup |= {"characters": True} if known else {}
    setup |= {role: name for role, name in fields.items() if role != "video"}
    setup |= {} if _property(architecture, "seed") else {"seed": False}
    setup |= {"timed": False} if text(architecture, "type") == "video" and not timed else {}
    renamed = {ours: theirs for theirs, ours in _NAMES.items() if ours in options}
    return setup | ({"fields": renamed} if renamed else {})


def _options(architecture: Tree, variant: str, pictures: set[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """Every field of a request that is neither ours to fill in nor a picture's, as a form."""
    properties = branch(branch(architecture, "input_schema"), "properties")
    for name in properties:
        if name in _OURS | pictures or not _OPTION.fullmatch(name):
            continue
        one, tokens = branch(properties, name), _tokens(architecture, variant, name)
        form = _form(one, tokens)
        if form is not None:
            says = _plain(text(one, "description")) or f"{name.replace('_', ' ').capitalize()}."
            yield _NAMES.get(name, name), {"kind": form.pop("kind"), "says": says, **form}


def _form(one: Tree, tokens: Sequence[str]) -> dict[str, object] | None:
    default = one.get("default")
    if tokens:
        usual = default if default in tokens else tokens[0]
        return {"kind": "choice", "choices": list(tokens), "default": usual}
    form: dict[str, object]
    match text(one, "type"):
        case "boolean":
            form = {"kind": "flag", "default": default if isinstance(default, bool) else None}
        case "number" | "integer" as kind:
            form = {"kind": "whole" if kind == "integer" else "number", "default": number(one, "default")}
            form |= {"least": number(one, "minimum"), "most": number(one, "maximum")}
        case "string":
            form = {"kind": "text", "default": _plain(default) if isinstance(default, str) and default else None}
        case _:
            return None
    return {key: value for key, value in form.items() if value is not None}


def _price(architecture: Tree, variant: str) -> str:
    gems = number(architecture, "gems")
    if gems is None:
        return "Gems of your account at Mage: how many, it says when the take is made."
    base = text(branch(architecture, "base_config"), "model_id")
    usual = text(_property(architecture, "model_id"), "default") or base
    if variant == usual or not usual:
        return f"Gems of your account at Mage: {gems:g} at its usual settings; more pixels or seconds cost more."
    return f"Gems of your account at Mage: {usual} costs {gems:g} at its usual settings, this one more or less."


def _size(token: str, kind: str) -> str | None:
    """Pixels to put down for an aspect that has none of its own; Mage decides how many it makes."""
    found = _ASPECT.fullmatch(token)
    assert found is not None
    aspect: Aspect = int(found[1]), int(found[2])
    usual = CLIP_SIZES if kind == "video" else STILL_SIZES
    if aspect in usual:
        return None
    area = usual[1, 1][0] * usual[1, 1][1]
    width, height = (round(sqrt(area * a / b) / 16) * 16 for a, b in (aspect, aspect[::-1]))
    return f"{width}x{height}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")


def _plain(words: str) -> str:
    """One line of at most 200 readable characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line if len(line) <= 200 else line[:199] + "…"


def _first_sentence(words: str) -> str:
    return re.split(r"(?<=[.!?])\s", _plain(words), maxsplit=1)[0]


# --- as TOML ------------------------------------------------------------------------------------------------------


def _written(entry: Mapping[str, object]) -> str:
    tables = [(name, entry[name]) for name in ("options", "setup") if entry[name]]
    lines = ["[[model]]", *(f"{key} = {_toml(value)}" for key, value in entry.items() if key not in dict(tables))]
    for name, table in tables:
        assert isinstance(table, dict)
        lines += ["", f"[model.{name}]", *(f"{_key(key)} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case date():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return f"{{ {', '.join(f'{_key(key)} = {_toml(item)}' for key, item in value.items())} }}"
        case _:
            return json.dumps(_plain(str(value)), ensure_ascii=False)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(_plain(name), ensure_ascii=False)
