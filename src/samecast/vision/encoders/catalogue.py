"""Reads catalogues of encoders: the one samecast ships (`catalogue.toml` beside this file) and the user's own.

Both have one form; an entry of the user's with a shipped one's name is refused rather than taking its place.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from samecast.core.encoders import Crop, EncoderEntry, EncoderKind, InputForm, Weights
from samecast.core.errors import InvalidInput

Table: TypeAlias = Mapping[str, object]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_FILE = re.compile(r"(?!.*\.\.)[\w.-]+(/[\w.-]+)*\.onnx")
_REVISION = re.compile(r"(?!.*\.\.)[\w.-]+(/[\w.-]+)*")
_CROPS: Mapping[EncoderKind, Crop] = {"face": "face_112", "appearance": "subject"}


def read_catalogue(own: Path, taken: Iterable[str] = ()) -> dict[str, EncoderEntry]:
    """Every encoder that can be pulled, by name: the shipped ones, then those in the user's file where there is one.

    `taken`: names no entry may have, those of the built-in encoders. Raises `InvalidInput` naming file and entry.
    """
    shipped = resources.files("samecast.vision.encoders").joinpath("catalogue.toml").read_text(encoding="utf-8")
    entries = parse_catalogue(shipped, "the shipped catalogue")
    try:
        text = own.read_text(encoding="utf-8")
    except FileNotFoundError:
        return entries
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{own.name} cannot be read: {error}.", hint=f"It lies in {own.parent}.") from error
    for name, entry in parse_catalogue(text, own.name).items():
        if name in entries or name in set(taken):
            raise InvalidInput(f"{own.name}: samecast has an encoder '{name}' already.", hint="Name yours otherwise.")
        entries[name] = entry
    return entries


def parse_catalogue(text: str, where: str) -> dict[str, EncoderEntry]:
    """The entries of one catalogue. Raises `InvalidInput` in one line that says where and what."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{where} is not TOML: {error}.") from error
    listed = tree.get("encoder", [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise InvalidInput(f"{where}: encoders are listed as [[encoder]] tables.")
    entries: dict[str, EncoderEntry] = {}
    for entry in listed:
        read = _Reader(entry, f"{where}, encoder '{entry.get('name', '?')}'").entry()
        if read.name in entries:
            raise InvalidInput(f"{where}: the encoder '{read.name}' is listed twice.")
        entries[read.name] = read
    return entries


class _Reader:
    """Reads one table, and says which value is missing or wrong."""

    def __init__(self, tree: Table, where: str) -> None:
        self._tree = tree
        self._where = where

    def entry(self) -> EncoderEntry:
        name, kind = self._text("name"), self._one_of("kind", get_args(EncoderKind))
        if not _NAME.fullmatch(name):
            raise self._wrong("name", "is a-z 0-9 . _ -, at most 40 of them")
        known: EncoderKind = "face" if kind == "face" else "appearance"
        return EncoderEntry(
            name=name,
            version=self._text("version"),
            kind=known,
            licence=self._text("licence"),
            about=self._text("about", ""),
            added=self._text("added", ""),
            run_here=self._tree.get("run_here", True) is not False,
            weights=self._inner("weights").weights(),
            form=self._inner("form").form(_CROPS[known]),
        )

    def weights(self) -> Weights:
        repo, file, digest = self._text("repo"), self._text("file"), self._text("sha256", "")
        if not _REPO.fullmatch(repo):
            raise self._wrong("repo", "is OWNER/NAME on the hub")
        if not _FILE.fullmatch(file):
            raise self._wrong("file", "is the path of an .onnx file in the repository")
        if not _REVISION.fullmatch(self._text("revision", "main")):
            raise self._wrong("revision", "is a commit, a tag or a branch")
        if digest and not _DIGEST.fullmatch(digest):
            raise self._wrong("sha256", "is 64 of 0-9 a-f, or left out")
        size = self._tree.get("size")
        return Weights(
            repo=repo,
            revision=self._text("revision", "main"),
            file=file,
            sha256=digest or None,
            size=size if isinstance(size, int) and size > 0 else None,
        )

    def form(self, crop: Crop) -> InputForm:
        if self._text("crop", crop) != crop:
            raise self._wrong("crop", f"is '{crop}' for this kind")
        side = self._tree.get("side")
        if not isinstance(side, int) or isinstance(side, bool) or not 8 <= side <= 2048:
            raise self._wrong("side", "is a number of pixels, 8 to 2048")
        layout: Literal["nchw", "nhwc"] = "nhwc" if self._one_of("layout", ("nchw", "nhwc")) == "nhwc" else "nchw"
        channels: Literal["rgb", "bgr"] = "bgr" if self._one_of("channels", ("rgb", "bgr")) == "bgr" else "rgb"
        take: Literal["all", "first_token"] = (
            "first_token" if self._one_of("take", ("all", "first_token")) == "first_token" else "all"
        )
        std = self._three("std")
        if min(std) <= 0:
            raise self._wrong("std", "is more than 0")
        providers = self._tree.get("providers", [])
        if not isinstance(providers, list):
            raise self._wrong("providers", "is a list of onnxruntime's names")
        return InputForm(
            crop=crop,
            side=side,
            mean=self._three("mean"),
            std=std,
            layout=layout,
            channels=channels,
            output=self._text("output", "") or None,
            take=take,
            providers=tuple(str(provider) for provider in providers),
        )

    def _inner(self, key: str) -> "_Reader":
        found = self._tree.get(key)
        if not isinstance(found, dict):
            raise InvalidInput(f"{self._where} lacks its table [encoder.{key}].")
        return _Reader(found, f"{self._where}, {key}")

    def _text(self, key: str, otherwise: str | None = None) -> str:
        found = self._tree.get(key, otherwise)
        if not isinstance(found, str) or (otherwise is None and not found):
            raise self._wrong(key, "is a text")
        return found

    def _one_of(self, key: str, choices: tuple[str, ...]) -> str:
        """The first of `choices` where nothing is said, except that a kind has to be."""
        found = self._text(key, None if key == "kind" else choices[0])
        if found not in choices:
            raise self._wrong(key, f"is one of {', '.join(choices)}")
        return found

    def _three(self, key: str) -> tuple[float, float, float]:
        found = self._tree.get(key)
        if not isinstance(found, list) or len(found) != 3 or not all(isinstance(v, int | float) for v in found):
            raise self._wrong(key, "is three numbers, on 0..255")
        one, two, three = (float(value) for value in found)
        return one, two, three

    def _wrong(self, key: str, rule: str) -> InvalidInput:
        said = self._tree.get(key)
        return InvalidInput(
            f"{self._where}: '{key}' {'is missing' if said is None else f'cannot be {said!r}'}.",
            hint=f"It {rule}; docs/encoders.md has an example.",
        )
