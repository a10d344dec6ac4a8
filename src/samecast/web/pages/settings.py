"""Settings: where everything is kept and whether it is whole, the health of the installation, what the meter can tell,
and what is declared about the use. What the environment sets is shown with its variable, and changed there.

What is said is `settings_reading`'s; looking after the store is `settings_storage`'s.
"""

import platform
from collections.abc import Sequence
from datetime import datetime
from importlib import metadata

from nicegui import ui

from samecast.core.encoders import EncoderState
from samecast.services.studio import Check
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Tag, button, heading, icon, link, note, row, stack, table, verdict, words
from samecast.web.pages.settings_reading import READS, SHORTCUTS, TELLS, declared, meter
from samecast.web.pages.settings_storage import Storage
from samecast.web.parts.command import Command
from samecast.web.parts.errands import LOOK_SECONDS, Errands, Moved, Standing

HEALTH = "health"
PARTS = (
    "samecast",
    "nicegui",
    "mediapipe",
    "dlib-bin",
    "skia-python",
    "av",
    "dbos",
    "SQLAlchemy",
    "diffusers",
    "torch",
)
"""Packages whose versions are worth knowing when something is reported."""


def settings(desk: Desk, errands: Errands) -> None:
    with Tag("main", classes="page settings"):
        with Tag("header"):
            heading("Settings", 1)
            if desk.place.locked:
                _leave()
        with Tag("div", classes="settings-columns"):
            Storage(desk, errands)
            Health(desk, errands)
            Meters(desk)
            with stack("loose"):
                _use(desk)
                _export()
                _versions()
            _shortcuts()


def _leave() -> None:
    """A form of its own, which needs no script."""
    with Tag("form", method="post", action="/leave"), Tag("button", classes="button", type="submit"):
        icon("log-out")
        words("Leave the studio", tag="span")


class Health:
    """What `samecast doctor` says. Each part is really used once, so it is looked at aside, once for all tabs."""

    def __init__(self, desk: Desk, errands: Errands) -> None:
        self._desk = desk
        self._errands = errands
        self._seen: Standing | None = None
        with Tag("section", classes="settings-part stack tight"):
            with row("apart"):
                heading("Health")
                self._again = button("Look again", told(self._look_again), drawn="heart-pulse", low=True)
            self._body = stack("tight", aria_live="polite")
            Command("samecast doctor")
            if errands.get(HEALTH) is None:
                self._begin()
            ui.timer(LOOK_SECONDS, self._look)
        self._look()

    def _look_again(self) -> None:
        self._begin()
        self._look()

    def _begin(self) -> None:
        self._errands.begin(HEALTH, self._check)

    def _check(self, moved: Moved) -> tuple[datetime, Sequence[Check]]:
        return datetime.now().astimezone(), self._desk.studio.check()

    def _look(self) -> None:
        now = self._errands.get(HEALTH)
        if now is None or (self._seen is not None and self._seen.state == now.state):
            return
        self._seen = now
        self._again.put(aria_disabled="true" if now.going else None)
        self._body.clear()
        with self._body:
            if now.going:
                words("Looking at each part; it takes some seconds.", "muted")
            elif now.error is not None:
                note(str(now.error), "wrong", drawn="triangle-alert")
            else:
                self._show(*now.outcome)

    def _show(self, at: datetime, checks: Sequence[Check]) -> None:
        ill = [check for check in checks if not check.well]
        said = "All is well." if not ill else f"{len(ill)} of {len(checks)} parts are not well."
        verdict("match" if not ill else "fail", said)
        with Tag("ul", classes="settings-checks"):
            for check in sorted(checks, key=lambda check: check.well):
                with Tag("li"):
                    verdict("match" if check.well else "fail", check.name.capitalize())
                    with stack("close"):
                        words(check.said, "small")
                        if check.hint:
                            words(check.hint, "small muted")
        words(f"Looked at {at:%H:%M}.", "muted small")


class Meters:
    """The encoders: which are in use, what their calibrations say, and the commands that choose others."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        with Tag("section", classes="settings-part settings-wide stack tight"):
            heading("The meter")
            words(
                "What likeness is read with. A figure means nothing without its encoder and its calibration.",
                "muted small",
            )
            self._body = Tag("div", classes="settings-meters")
        later(self._fill(), self._body)

    async def _fill(self) -> None:
        states = await self._desk.ask(self._desk.studio.encoders.all)
        if self._body.is_deleted:
            return
        with self._body:
            for kind, title in READS.items():
                with stack("tight"):
                    heading(title, 3)
                    words(TELLS[kind], "small muted")
                    for state in sorted(states, key=lambda state: not state.in_use):
                        if state.entry.kind == kind:
                            _encoder(state)


def _encoder(state: EncoderState) -> None:
    told_of = meter(state)
    with Tag("details", classes="settings-encoder", open=state.in_use):
        with Tag("summary"):
            words(state.entry.name, "strong", tag="span")
            words(state.entry.version, "muted small", tag="span")
            verdict(told_of.tone, told_of.state)
        with Tag("dl", classes="settings-facts"):
            for name, text in told_of.lines:
                Tag("dt", name)
                Tag("dd", text)
        if told_of.command:
            Command(told_of.command)


def _use(desk: Desk) -> None:
    use = desk.studio.modelling.licensing.use
    with Tag("section", classes="settings-part stack tight"):
        heading("Your use")
        words(
            "Some licences exclude some uses. What is declared is held against each of them; what is not said excludes"
            " nothing. It is set in the environment, where the studio is started.",
            "muted small",
        )
        with Tag("dl", classes="settings-facts"):
            for one in declared(use):
                Tag("dt", one.name)
                with Tag("dd", classes="stack close"):
                    words(one.value, "strong" if one.value != "Not said" else "muted", tag="span")
                    Command(one.example)
        link("What it excludes is on the models’ page", "/models", classes="plain-link")


def _export() -> None:
    with Tag("section", classes="settings-part stack tight"):
        heading("Take it with you")
        words("The whole library in one file, or a part of it; it is read in again anywhere.", "muted small")
        Command("samecast library export library.zip")
        Command("samecast library import library.zip")


def _shortcuts() -> None:
    with Tag("section", classes="settings-part stack tight"):
        heading("Keyboard")
        with table(("Where", "Keys", "What they do"), "Keyboard shortcuts"):
            before = ""
            for where, keys, does in SHORTCUTS:
                with Tag("tr"):
                    Tag("td", where if where != before else "", "muted settings-where")
                    with Tag("td"):
                        Tag("kbd", keys)
                    Tag("td", does)
                before = where


def _versions() -> None:
    with Tag("section", classes="settings-part stack tight"):
        heading("Versions")
        with Tag("dl", classes="settings-facts number"):
            for name, version in versions():
                Tag("dt", name)
                Tag("dd", version)


def versions() -> list[tuple[str, str]]:
    """Of samecast, of Python, and of those packages that are installed."""
    found = [("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    for name in PARTS:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return [*found[1:2], found[0], *found[2:]]
