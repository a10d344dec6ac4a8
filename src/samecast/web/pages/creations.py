"""Creations: everything that was made, newest first, to be found again; and the trash.

The wall holds what is shown; here is only what is looked for, and where the next page begins.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from nicegui import Client, context

from samecast.core.cast import Character
from samecast.core.errors import NotFound, SamecastError
from samecast.ports.watching import Sight
from samecast.services.keeping import TRASH as KEPT
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Tag, button, empty, heading, link, note, words
from samecast.web.pages.creation_deeds import Deeds
from samecast.web.pages.creation_details import Details
from samecast.web.pages.creation_filters import PATH, Filters
from samecast.web.pages.creation_search import Offered, Search
from samecast.web.parts.wall import Item, Wall, item

AT_ONCE = 60
"""Takes that are told at once."""
TRASH = (
    f"What lies here is found nowhere else and never picked. After {KEPT.days} days it is deleted for good, the next"
    " time that samecast library gc is run; until then it can be restored."
)
_ROOMS: "WeakKeyDictionary[Client, Room]" = WeakKeyDictionary()


def creations(desk: Desk) -> None:
    """The page. What it shows first is in its address."""
    client = context.client
    if client not in _ROOMS:
        client.sub_pages_router.on_path_changed(lambda address: _ROOMS[client].went(address))
    _ROOMS[client] = Room(desk, Filters.read(client.sub_pages_router.current_path))


class Room:
    """One tab's creations: what is looked for, the wall of it, and the take whose details are open."""

    def __init__(self, desk: Desk, filters: Filters) -> None:
        self._desk = desk
        self._filters = filters
        self._serial = 0
        self._cursor: str | None = None
        self._told = 0
        self._newest = 0.0
        self._first: dict[str, Item] = {}
        self._offered: Offered | None = None
        self._signs = _signs(desk.pulse.sight)
        self._router = context.client.sub_pages_router
        self.page = Tag("main", classes="page creations")
        with self.page:
            self._head = Tag("header")
            self._search = Search(filters, self._changed, self._clear)
            self._about = Tag("div")
            self._wall = Wall(
                ready=told(self._ready),
                asked=told(self._more),
                opened=told(self._open),
                did=told(self._did),
                selects=told(self._selects),
            )
            self._nothing = Tag("div")
        self._deeds = Deeds(desk, self.page, self._removed, self._brought, self._refresh)
        self._details = Details(desk, self.page, self._open, self._step, self._shut, self._deeds)
        self.page.when_gone(desk.pulse.listen(self._heard))
        self._draw()

    # --- what is shown --------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Everything around the wall: it differs between the creations and the trash."""
        trashed = self._filters.trashed
        self._head.clear()
        with self._head:
            heading("Trash" if trashed else "Creations", 1)
            self._count = words("", "muted small number", aria_live="polite")
            self._select = button("Select", told(self._select_or_not), drawn="square", kind="quiet")
            if trashed:
                link("Back to creations", PATH, drawn="chevron-left", kind="quiet")
            else:
                link("Trash", f"{PATH}?trashed=1", drawn="trash-2", kind="quiet")
        self._about.clear()
        if trashed:
            with self._about:
                note(TRASH)
        self._search.box.set_visibility(not trashed)
        self._search.show(self._filters)
        self._wall.put(trashed=trashed, selecting=False)

    async def _ready(self) -> None:
        self._wall.place(self._filters.address, push=False)
        later(self._offer(), self.page)
        await self._show()
        if self._filters.take:
            await self._details.open(self._filters.take)

    async def _offer(self, sight: Sight | None = None) -> None:
        """Read what there is to look for, and how much of it. New takes (`sight`) change nothing about the cast."""
        studio = self._desk.studio
        stats, tags, cast = await asyncio.gather(
            self._desk.stats(sight=sight),
            self._desk.once(sight, "tags", studio.creations.tags),
            self._cast(sight),
        )
        if self.page.is_deleted:
            return
        models = {profile.id: profile.name for profile in studio.models.values()}
        self._offered = Offered(cast=cast, stats=stats, tags=tags, models=models)
        self._search.offer(self._filters, self._offered)
        self._tell()

    async def _cast(self, sight: Sight | None) -> Sequence[Character]:
        if sight is not None and self._offered is not None:
            return self._offered.cast
        return await self._desk.cast(sight=sight)

    async def _show(self) -> None:
        """Show what is looked for, from its beginning."""
        self._serial += 1
        self._cursor, self._told, self._newest, self._first = None, 0, 0.0, {}
        self._wall.begin(self._serial)
        await self._load(self._serial)

    async def _more(self, serial: int) -> None:
        if serial == self._serial and self._cursor is not None:
            await self._load(serial)

    async def _load(self, serial: int) -> None:
        why = ""
        try:
            items, cursor = await self._desk.ask(self._read, self._filters, self._cursor, AT_ONCE)
        except NotFound as error:  # somebody in the address whom nobody knows
            items, cursor, why = [], None, error.message
        except SamecastError:
            self._wall.failed(serial)
            raise
        if serial != self._serial or self.page.is_deleted:
            return
        self._cursor = cursor
        self._first = self._first or {one["id"]: one for one in items}
        self._told += len(items)
        self._newest = max([self._newest, *(one["at"] for one in items)])
        self._wall.add(serial, items, done=cursor is None)
        self._say_nothing(why)
        self._tell()

    def _read(self, filters: Filters, after: str | None, limit: int) -> tuple[list[Item], str | None]:
        creations = self._desk.studio.creations
        if filters.trashed:
            trash = creations.trashed(limit=limit, after=after)
            return [item(one.creation, one.at) for one in trash.trashed], trash.cursor
        page = creations.page(filters.wanted, limit=limit, after=after)
        return [item(one) for one in page.creations], page.cursor

    def _tell(self) -> None:
        """How many there are, as far as that is known."""
        count = None
        if self._offered is not None:
            count = self._filters.count(self._offered.stats, self._offered.tags)
        if count is None and self._cursor is None:
            count = self._told
        if count is not None:
            self._count.set_text(f"{count:,} {'take' if count == 1 else 'takes'}")
        elif self._offered is not None:
            self._count.set_text(f"More than {self._told:,} takes")
        self._select.set_visibility(bool(self._told))

    def _say_nothing(self, why: str) -> None:
        self._nothing.clear()
        self._about.set_visibility(bool(self._told))
        with self._nothing:
            if self._told:
                return
            if self._filters.trashed:
                empty("trash-2", "The trash is empty", TRASH)
            elif self._filters.narrow:
                with empty("search", "Nothing like that", why or "No take has all of what you look for."):
                    button("Clear all", told(self._clear), drawn="x")
            else:
                with empty("images", "Nothing was made yet", "Every take comes here, with how well it kept the cast."):
                    link("Create", "/create", drawn="clapperboard", kind="main")

    # --- what is looked for ---------------------------------------------------------------------------------------

    async def _changed(self, name: str, text: str) -> None:
        filters = self._filters.with_(name, text)
        if filters != self._filters:
            self._go(filters, push=name != "words")
            await self._show()

    async def _clear(self) -> None:
        self._go(self._filters.cleared, push=True)
        await self._show()

    def _go(self, filters: Filters, *, push: bool) -> None:
        """Make them what is looked for, and what the address says."""
        self._filters = filters
        self._router.current_path = filters.address
        self._wall.place(filters.address, push=push)
        self._search.show(filters)

    def went(self, address: str) -> None:
        """Somebody followed a link to this page, or went back or forward on it."""
        if self.page.is_deleted or urlsplit(address).path.rstrip("/") != PATH:
            return
        before, self._filters = self._filters, Filters.read(address)
        self._wall.place(self._filters.address, push=False)
        if not before.shows_as(self._filters):
            self._nothing.clear()
            self._draw()
            later(self._show(), self.page)
        if self._filters.take != before.take:
            self._details.close()
            if self._filters.take:
                later(self._details.open(self._filters.take), self.page)

    async def _heard(self, sight: Sight) -> None:
        """Takes that were made meanwhile come first, and picks are marked."""
        before, self._signs = self._signs, _signs(sight)
        if before != self._signs:
            await self._refresh(sight)

    async def _refresh(self, sight: Sight | None = None) -> None:
        if self.page.is_deleted or not self._serial or self._filters.trashed:
            return
        serial = self._serial
        wanted = self._filters
        items, _ = await self._desk.once(sight, wanted, self._read, wanted, None, AT_ONCE)
        if serial != self._serial or self.page.is_deleted:
            return
        if items and not self._told:
            with self.page:
                await self._show()
            return
        self._told += sum(one["at"] > self._newest for one in items)
        self._newest = max([self._newest, *(one["at"] for one in items)])
        if differ := [one for one in items if self._first.get(one["id"]) != one]:
            self._wall.fresh(serial, differ)
        self._first = {one["id"]: one for one in items}
        with self.page:
            later(self._offer(sight), self.page)

    # --- what is done ---------------------------------------------------------------------------------------------

    async def _open(self, take: str, shot: str) -> None:
        self._look_at(take, push=not self._filters.take)
        await self._details.open(take, shot)

    def _step(self, take: str, by: int) -> None:
        self._wall.step(take, by)

    def _shut(self, take: str) -> None:
        if self._filters.take:
            self._look_at("", push=False)
        self._wall.seek(take)

    def _look_at(self, take: str, *, push: bool) -> None:
        if not self._filters.trashed:  # what is in the trash is found by no address
            self._go(replace(self._filters, take=take), push=push)

    def _select_or_not(self) -> None:
        if self._wall.props["selecting"]:
            self._wall.leave()
        else:
            self._selects(True)

    def _selects(self, on: bool) -> None:
        self._wall.put(selecting=on)
        self._select.put(aria_pressed="true" if on else None)

    def _did(self, what: str, takes: list[str]) -> Any:
        doing: dict[str, Callable[[list[str]], Any]] = {
            "tag": self._deeds.tag,
            "compare": self._deeds.compare,
            "delete": self._deeds.delete,
            "restore": self._deeds.restore,
        }
        return doing[what](takes) if what in doing else None

    def _removed(self, takes: list[str]) -> None:
        """They are no longer among what is shown."""
        self._details.left(takes)
        if self.page.is_deleted:
            return
        self._wall.drop(takes)
        self._told = max(0, self._told - len(takes))
        self._offered = None
        if not self._told and self._cursor is None:
            self._say_nothing("")
        with self.page:
            later(self._offer(), self.page)

    async def _brought(self, takes: list[str]) -> None:
        """They are back."""
        if self.page.is_deleted:
            return
        with self.page:
            if not self._told:
                await self._show()
            else:
                self._wall.bring(takes)
                self._told += len(takes)
            later(self._offer(), self.page)


def _signs(sight: Sight) -> list[tuple[str, int | None, int]]:
    """What tells that there is something new to be shown."""
    return [(shot.id, shot.picked, shot.count("done")) for shot in sight.shots]
