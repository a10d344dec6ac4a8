"""Which model fares best with whom: for one character, how each did in the takes that were made here."""

from collections.abc import Sequence

from samecast.core.cast import Character
from samecast.services.modelling import Readiness
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import told
from samecast.web.kit import Tag, heading, link, row, table, words
from samecast.web.pages.models_reading import Fared, fared


class Fares:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._handle = ""
        self._names: dict[str, str] = {}
        self.box = Tag("section", classes="stack tight")
        with self.box:
            heading("Which model for whom")
            words(
                "The match rate over the takes made here, with its 95 % interval: the first in the list is the one that"
                " can be relied on most. Seconds and money are per accepted take, those not accepted included.",
                "muted small",
            )
            self._chooser = row()
            self._body = Tag("div", classes="stack tight", aria_live="polite")

    async def fill(self, entries: Sequence[Readiness]) -> None:
        """Offer the cast, and show how models fared with whoever was chosen."""
        self._names = {entry.profile.id: entry.profile.name for entry in entries}
        cast = await self._desk.cast()
        if self._body.is_deleted:
            return
        if self._handle not in {character.handle for character in cast}:
            self._handle = cast[0].handle if cast else ""
        self._offer(cast)
        await self._show()

    def _offer(self, cast: Sequence[Character]) -> None:
        self._chooser.clear()
        with self._chooser:
            if cast:
                offered = {character.handle: f"{character.name} (@{character.handle})" for character in cast}
                kit.select("Character", offered, self._handle, told(self._choose))
            else:
                words("Nobody is cast yet.", "muted")
                link("Cast somebody", "/characters/new", classes="button low", drawn="plus")

    async def _choose(self, handle: str) -> None:
        self._handle = handle
        await self._show()

    async def _show(self) -> None:
        handle = self._handle
        if not handle:
            self._body.clear()
            return
        records = await self._desk.ask(self._desk.studio.comparing.of, handle)
        if self._body.is_deleted or handle != self._handle:
            return
        self._body.clear()
        with self._body:
            if not records:
                words(f"No take of @{handle} was made yet.", "muted")
                link("Shoot one", f"/create?character={handle}", classes="button low", drawn="clapperboard")
                return
            rows = fared(records, lambda model: self._names.get(model, model))
            with table(
                ("Model", "Makes", "Match rate", "Takes", "Seconds each", "Money each"), f"Models for @{handle}"
            ):
                for each in rows:
                    _row(each)
            if any(record.by_design for record in records):
                words(
                    "By design: it works from the reference’s own pixels, so its matches prove nothing.", "muted small"
                )


def _row(each: Fared) -> None:
    with Tag("tr"):
        Tag("th", each.model, "models-row", scope="row")
        Tag("td", each.kind.capitalize())
        with Tag("td"):
            words(each.rate, "number", tag="div")
            if each.low is not None and each.high is not None and each.share is not None:
                with Tag("div", classes="models-span", aria_hidden="true"):
                    left, width = 100 * each.low, 100 * (each.high - each.low)
                    Tag("span", classes="models-span-interval").style(f"left: {left:.1f}%; width: {width:.1f}%")
                    Tag("span", classes="models-span-rate").style(f"left: {100 * each.share:.1f}%")
        Tag("td", each.takes, "number")
        Tag("td", each.seconds, "number")
        Tag("td", each.money, "number")
