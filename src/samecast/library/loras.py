"""Weights that were trained on a character (LoRAs): which of them each model is to shoot it with, how strongly.

The files are assets like any other, and who trained them is not known here. A take's recipe names those it was made
with, so that changing what is kept here changes no take.
"""

import math
import re
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from samecast.core.errors import InvalidInput
from samecast.core.recipe import Lora
from samecast.library import schema as t
from samecast.library.characters import Characters
from samecast.library.database import Database

STRONGEST = 10.0
"""A recipe with more than this cannot be read back."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loras:
    """Handles are given without or with their `@`. All failures of the disk or database are `StorageFailed`."""

    database: Database

    def of(self, handle: str, model: str) -> list[Lora]:
        """Those for one model, by their sha256. Empty where there are none, or there is no such character."""
        return [lora for its, lora in self.all_of(handle) if its == model]

    def all_of(self, handle: str) -> list[tuple[str, Lora]]:
        """Each with its model, by that and then by their sha256; empty as above."""
        loras, characters = t.character_loras, t.characters
        query = (
            select(loras)
            .join(characters, characters.c.id == loras.c.character_id)
            .where(characters.c.handle == handle.removeprefix("@"), characters.c.retired_at.is_(None))
        )
        with self.database.read() as connection:
            found = [
                (row.model, Lora(sha256=row.sha256, scale=row.scale, word=row.word))
                for row in connection.execute(query)
            ]
        return sorted(found, key=lambda one: (one[0], one[1].sha256))

    def set(self, handle: str, model: str, lora: Lora) -> None:
        """Shoot the character on this model with these weights, too; changes scale and word where it does so already.

        Raises `NotFound`, and `InvalidInput` for what no recipe can hold.
        """
        check_lora(lora)
        values = {"model": model, "sha256": lora.sha256, "scale": lora.scale, "word": lora.word}
        with self.database.write() as connection:
            row = Characters(database=self.database).row(connection, handle)
            # One statement on either: it is new, or its scale and word are.
            made = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(t.character_loras)
            connection.execute(
                made.values(character_id=row, **values).on_conflict_do_update(
                    index_elements=["character_id", "model", "sha256"],
                    set_={name: made.excluded[name] for name in ("scale", "word")},
                )
            )

    def remove(self, handle: str, model: str, sha256: str | None = None) -> int:
        """Shoot without these weights, or (None) without any, on this model; returns how many. Raises `NotFound`."""
        loras = t.character_loras.c
        with self.database.write() as connection:
            row = Characters(database=self.database).row(connection, handle)
            chosen = delete(t.character_loras).where(loras.character_id == row, loras.model == model)
            if sha256 is not None:
                chosen = chosen.where(loras.sha256 == sha256)
            return connection.execute(chosen).rowcount


def check_lora(lora: Lora) -> None:
    """Raises `InvalidInput` for what could not be read back in a recipe."""
    if not _SHA256.fullmatch(lora.sha256):
        raise InvalidInput(
            f"'{lora.sha256[:64]}' does not name a LoRA's file.", hint="Give the sha256 that it is stored under."
        )
    if not math.isfinite(lora.scale) or not 0 <= lora.scale <= STRONGEST:
        raise InvalidInput(
            f"A LoRA cannot be used at a strength of {lora.scale:g}.", hint=f"Give 0 to {STRONGEST:g}; 1 is as trained."
        )
    if "\0" in lora.word:
        raise InvalidInput("A LoRA's word holds a byte that no text has.", hint="Type it again.")
