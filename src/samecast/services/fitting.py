"""Fitting models to a character: trained weights (LoRAs) that a model loads whenever it shoots her.

Training them is done elsewhere; here a file is checked, kept, and named in the recipe of every take made with it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from samecast.core.errors import BadMedia, InvalidInput, NotFound
from samecast.core.recipe import Lora
from samecast.core.words import one_line
from samecast.ports import AssetStore, CastRepository, LoraRepository
from samecast.services.making import Models, find_model

MOST_BYTES = 2 << 30
_LONGEST_HEADER = 100 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    cast: CastRepository
    loras: LoraRepository
    assets: AssetStore
    models: Models

    def of(self, handle: str) -> list[tuple[str, Lora]]:
        """A character's weights, each with its model."""
        return self.loras.all_of(self.cast.get(_bare(handle)).handle)

    def fit(self, handle: str, file: Path, model: str, *, scale: float = 1.0, word: str = "") -> Lora:
        """Have a model shoot the character with these weights from now on. Raises `InvalidInput`, `BadMedia`."""
        character = self.cast.get(_bare(handle))
        profile = find_model(self.models, model)[0]
        if not profile.loras:
            raise InvalidInput(f"{profile.id} loads no LoRAs.", hint="See which do: samecast models show M")
        if not 0 < scale <= 2:
            raise InvalidInput(f"{scale:g} is no strength for a LoRA.", hint="Give one from 0 to 2, such as 0.8.")
        content = _read(file)
        lora = Lora(sha256=self.assets.put(content, suffix=".safetensors"), scale=scale, word=one_line(word))
        self.loras.set(character.handle, profile.id, lora)
        return lora

    def unfit(self, handle: str, model: str) -> int:
        """Have the model shoot her without any again; returns how many are gone. Raises `NotFound` for none."""
        character = self.cast.get(_bare(handle))
        gone = self.loras.remove(character.handle, find_model(self.models, model)[0].id)
        if not gone:
            raise NotFound(
                f"@{character.handle} has no LoRA for {model}.", hint=f"See: samecast cast show @{character.handle}"
            )
        return gone


def _read(file: Path) -> bytes:
    """A safetensors file whole. Raises `BadMedia` for any other: a pickle can run code when it is loaded."""
    try:
        if not file.is_file():
            raise BadMedia(f"There is no file {file}.", hint="Give a LoRA as one .safetensors file.")
        if file.stat().st_size > MOST_BYTES:
            raise BadMedia(f"{file.name} is larger than {MOST_BYTES >> 30} GB.", hint="A LoRA is much smaller.")
        content = file.read_bytes()
    except OSError as error:
        raise BadMedia(f"{file} cannot be read: {error.strerror}.", hint="Check the path.") from error
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length]) if len(content) > 8 and length <= _LONGEST_HEADER else None
    except (UnicodeDecodeError, json.JSONDecodeError):
        header = None
    if not isinstance(header, dict) or not any(isinstance(v, dict) and "dtype" in v for v in header.values()):
        raise BadMedia(f"{file.name} is no safetensors file.", hint="Save the LoRA as .safetensors.")
    return content


def _bare(handle: str) -> str:
    return handle.strip().removeprefix("@").lower()
