"""Where things are kept, how much there is, whether all of it is there and whole, and making room.

Looking after the store takes long where there is much: it goes on when the tab is left. Nothing is removed before that
was said and confirmed.
"""

import shutil
from collections.abc import Callable
from functools import partial

from nicegui import ui

from samecast.core.errors import StorageFailed
from samecast.ports.creations import Stats
from samecast.services.keeping import Swept, Verified
from samecast.settings import load_settings
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Dialog, Tag, button, heading, note, row, stack, verdict, words
from samecast.web.pages.settings_reading import Found, counts, places, swept, verified
from samecast.web.parts.errands import LOOK_SECONDS, Errands, Moved, Progress, Standing, size

LANE = "store"
COUNT, VERIFY, TRY, SWEEP = "store count", "store verify", "store try", "store sweep"
LABELS = {
    COUNT: "Looks whether every file is there",
    VERIFY: "Reads every file",
    TRY: "Looks what could go",
    SWEEP: "Makes room",
}


class Storage:
    def __init__(self, desk: Desk, errands: Errands) -> None:
        self._desk = desk
        self._errands = errands
        self._shown: tuple[str, Standing] | None = None
        self._part = Tag("section", classes="settings-part stack")
        with self._part:
            heading("Storage")
            with Tag("dl", classes="settings-facts"):
                self._facts = Tag("div", classes="settings-rows")
            with row("tight"):
                button("Count the files", told(lambda: self._begin(COUNT)), drawn="hard-drive", low=True)
                button("Check every file", told(lambda: self._begin(VERIFY)), drawn="circle-check", low=True)
                button("Make room", told(lambda: self._begin(TRY)), drawn="trash-2", low=True)
            self._progress = [
                Progress(errands, name, label=label, said=partial(_said, label)) for name, label in LABELS.items()
            ]
            self._result = stack("tight", aria_live="polite")
            ui.timer(LOOK_SECONDS, self._look)
        self._look()
        later(self._fill(), self._facts)

    async def _fill(self) -> None:
        stats = await self._desk.stats()
        free = await self._desk.ask(self._free)
        if not self._facts.is_deleted:
            self._draw(stats, free)

    def _free(self) -> int:
        try:
            return shutil.disk_usage(self._desk.studio.home).free
        except OSError as error:
            raise StorageFailed(f"{self._desk.studio.home} cannot be looked at: {error.strerror}.") from error

    def _draw(self, stats: Stats, free: int) -> None:
        self._facts.clear()
        with self._facts:
            settings = load_settings()
            for place in places(settings):
                Tag("dt", place.name)
                with Tag("dd", classes="stack close"):
                    words(place.where, tag="span")
                    words(place.variable, "muted small", tag="code")
            for name, text in (*counts(stats), ("Free on this disk", size(free))):
                Tag("dt", name)
                Tag("dd", text, "number")

    # --- looking after it ---------------------------------------------------------------------------------------------

    def _begin(self, name: str) -> None:
        keeping = self._desk.studio.keeping
        doing: dict[str, Callable[[Moved], object]] = {
            COUNT: lambda moved: keeping.verify(quick=True, watch=_watched(moved)),
            VERIFY: lambda moved: keeping.verify(watch=_watched(moved)),
            TRY: lambda moved: keeping.gc(dry_run=True, watch=_watched(moved)),
            SWEEP: lambda moved: keeping.gc(watch=_watched(moved)),
        }
        self._errands.begin(name, doing[name], lane=LANE)
        self._look()

    def _look(self) -> None:
        for progress in self._progress:
            progress.look()
        latest = self._latest()
        if latest is None or latest == self._shown:
            return
        self._shown = latest
        self._result.clear()
        with self._result:
            self._show(*latest)

    def _latest(self) -> tuple[str, Standing] | None:
        """What came of the one that was begun last, once none goes on."""
        known = [(name, now) for name in LABELS if (now := self._errands.get(name)) is not None]
        if not known or any(now.going for _, now in known):
            return None
        return max(known, key=lambda one: one[1].began)

    def _show(self, name: str, standing: Standing) -> None:
        match standing.outcome:
            case Verified() as found:
                self._tell(verified(found), name)
            case Swept() as found:
                self._tell(swept(found), name)
            case _ if standing.error is not None:
                note(str(standing.error), "wrong", drawn="triangle-alert")
            case _:
                words("Stopped. What was done by then stays done.", "muted")

    def _tell(self, found: Found, name: str) -> None:
        verdict("match" if found.well else "fail", found.said)
        if found.lines:
            with Tag("ul", classes="stack close small"):
                for line in found.lines:
                    words(line, tag="li")
        if name == TRY and found.frees:
            with row("tight"):
                button("Remove them", told(lambda: self._ask(found)), drawn="trash-2", kind="grave", low=True)

    def _ask(self, found: Found) -> None:
        with self._part:
            dialog = Dialog("Remove what is not in use?", size="slim")

        def remove() -> None:
            dialog.close()
            self._begin(SWEEP)

        with dialog.inside:
            words(found.said)
            words("This cannot be taken back. What is needed, or was stored within a day, stays.", "muted small")
        with dialog.foot:
            button("Cancel", dialog.close, kind="quiet")
            button("Remove them", told(remove), drawn="trash-2", kind="grave")
        dialog.open()


def _said(label: str, standing: Standing) -> str:
    return f"{label}, {round(100 * standing.share)} %"


def _watched(moved: Moved) -> Callable[[int, int], None]:
    return lambda done, total: moved("", done, total)
