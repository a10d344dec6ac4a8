"""A diffusers folder as an entry of a catalogue: what can be told from its own files, said honestly where it cannot.

The text is for its user to read and correct; `samecast models add` checks it like any other entry.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from math import sqrt
from pathlib import Path
from typing import Any

from samecast.core.errors import InvalidInput
from samecast.models.diffusers import weights
from samecast.models.diffusers.families import Family, Sort, Way, family_of, known_families

ASPECTS = ((1, 1), (16, 9), (9, 16), (4, 5), (3, 2), (2, 3), (21, 9))
_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


def describe(folder: Path, *, model: str) -> str:
    """One [[model]] for the folder, under the id `model`, by what its index and families.toml say.

    Sizes keep the area that the model was made for, in sides that are multiples of what it needs. Raises `NotFound`
    for a folder that is none of diffusers', `InvalidInput` for an id that is none.
    """
    if not _ID.fullmatch(model):
        raise InvalidInput(f"'{model}' cannot be an id.", hint="Use lower case letters, digits, dots and dashes.")
    folder = folder.expanduser().absolute()
    pipeline = str(weights.read_index(folder).get("_class_name", ""))
    family = family_of(pipeline)
    known = pipeline in known_families()
    lines = [
        "[[model]]",
        f"id = {_text(model)}",
        f"name = {_text(folder.name)}",
        'engine = "diffusers"',
        f"kinds = {_list(family.kinds)}",
        f"aspects = {_list(f'{w}:{h}' for w, h in ASPECTS)}",
        f"seconds = {family.seconds:g}" if "video" in family.kinds else "seconds = 0",
        *([f"seconds_from = {family.seconds_from:g}"] if "video" in family.kinds else []),
        f"characters = {_characters(family)}",
        "deterministic = true",
        "composites = false",
        'price = "Free: it runs on this computer."',
        'licence = "Unknown: see the folder, or the page it was fetched from."',
        f"source = {_text(str(folder))}",
        f"date = {date.today().isoformat()}",
        f"notes = {_text(_notes(pipeline, family, known))}",
        'resource = "gpu"',
        *(f'cost_per_{unit} = "0"' for kind, unit in (("image", "image"), ("video", "second")) if kind in family.kinds),
        *_pictures(folder, family),
        *_sizes(folder, family),
        f"setup = {{ folder = {_text(str(folder))} }}",
        "",
        *(line for name, way in family.options.items() if _offered(way) for line in _option(name, way)),
    ]
    return "\n".join(lines).strip() + "\n"


def _characters(family: Family) -> int:
    """Without a way to count pictures it keeps one character apart from nobody."""
    most = family.references.most if family.references is not None else 1
    return max(1, most) if family.picture else 1


def _notes(pipeline: str, family: Family, known: bool) -> str:
    if not known:
        return f"Added from a folder; samecast does not know {pipeline or 'its pipeline'}, so it is called plainly."
    if family.adapter:
        return "Added from a folder; it takes references once its setup names an adapter: docs/models-local.md."
    return "Added from a folder: nobody has checked what it makes."


def _pictures(folder: Path, family: Family) -> list[str]:
    lines = []
    if family.adapter:
        lines.append("references = 0")
    elif family.references is not None:
        lines.append(f"references = {family.references.most}")
    elif family.first_frame is not None:
        lines.append("references = 1")
    else:
        lines.append("references = 0")
    mentions = {"picture": family.picture, "first": family.first, "again": family.again}
    lines.append(f"mentions = {{ {', '.join(f'{key} = {_text(value)}' for key, value in mentions.items())} }}")
    if family.refers:
        lines.append("references_from = 1")
    if family.edits:
        lines.append("edits = true")
    if family.loras:
        lines.append("loras = true")
    if family.first_frame is not None:
        lines.append("first_frame = true")
    if family.last_frame is not None and not (family.endless is not None and _is(folder, family.endless)):
        lines.append("last_frame = true")
    if "video" in family.kinds:
        lines.append(f"fps = {family.fps}")
    return lines


def _is(folder: Path, sort: Sort) -> bool:
    config = _config(folder / sort.part)
    return config.get(sort.has) is not None and config.get(sort.lacks) is None


def _sizes(folder: Path, family: Family) -> list[str]:
    """Each aspect at the model's own area, in sides that are multiples of what it needs."""
    pixels = _own_pixels(folder) or family.pixels
    sides = {}
    for width, height in ASPECTS:
        unit = sqrt(pixels / (width * height))
        sides[f"{width}:{height}"] = "x".join(
            str(max(16, family.multiple, round(side * unit / family.multiple) * family.multiple))
            for side in (width, height)
        )
    table = ", ".join(f"{_text(aspect)} = {_text(size)}" for aspect, size in sides.items())
    return [f"{'clip' if kind == 'video' else 'still'}_sizes = {{ {table} }}" for kind in family.kinds]


def _own_pixels(folder: Path) -> int:
    """The area that its networks name as theirs: of a UNet in latents, of a VAE in pixels; 0 where neither does."""
    vae = _config(folder / "vae")
    unet = _config(folder / "unet").get("sample_size")
    if isinstance(unet, int):
        return int(unet * 2 ** (len(vae.get("block_out_channels", "1234")) - 1)) ** 2
    side = vae.get("sample_size")
    return int(side) ** 2 if isinstance(side, int) and _config(folder / "transformer") else 0


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        tree = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _offered(way: Way) -> bool:
    """An adapter is named in the setup first; then its option can be added."""
    return not way.adapter


def _option(name: str, way: Way) -> list[str]:
    lines = [f"[model.options.{name}]", f"kind = {_text(way.kind)}", f"says = {_text(way.says)}"]
    if way.default is not None:
        lines.append(f"default = {json.dumps(way.default)}")
    for key, value in (("least", way.least), ("most", way.most)):
        if value is not None:
            lines.append(f"{key} = {value:g}")
    if way.choices:
        lines.append(f"choices = {_list(way.choices)}")
    return [*lines, ""]


def _text(value: str) -> str:
    """As a TOML string: JSON's are, but for characters beyond the first plane, which it would write as two."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Any) -> str:
    return f"[{', '.join(_text(str(value)) for value in values)}]"
