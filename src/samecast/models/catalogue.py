"""Reads catalogue.toml: what each model can do, costs and allows, as values. Knows no engine."""

import tomllib
from importlib import resources

from samecast.ports import ModelProfile


def read_catalogue() -> dict[str, ModelProfile]:
    """Every model of the catalogue by id, in the file's order."""
    text = resources.files("samecast.models").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return {entry["id"]: _profile(entry) for entry in tomllib.loads(text)["model"]}


def _profile(entry: dict[str, object]) -> ModelProfile:
    aspects = entry["aspects"]
    kinds = entry["kinds"]
    assert isinstance(aspects, list)
    assert isinstance(kinds, list)
    pairs = [str(aspect).split(":") for aspect in aspects]
    return ModelProfile(
        id=str(entry["id"]),
        name=str(entry["name"]),
        engine=str(entry["engine"]),
        kinds=tuple(str(kind) for kind in kinds),
        aspects=tuple((int(w), int(h)) for w, h in pairs),
        max_seconds=float(str(entry["seconds"])),
        max_characters=int(str(entry["characters"])),
        deterministic=bool(entry["deterministic"]),
        composites=bool(entry["composites"]),
        price=str(entry["price"]),
        licence=str(entry["licence"]),
        notes=str(entry.get("notes", "")),
    )
