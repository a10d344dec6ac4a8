"""Making more of a take: again like it, varied, or the same on another model. What it will take is said before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from samecast.core.errors import InvalidInput, SamecastError
from samecast.core.story import Take
from samecast.services.ordering import MOST_TAKES
from samecast.services.shooting import Plan
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Dialog, Tag, button, field, note, select, stack, words
from samecast.web.pages.composing import USUAL_TAKES, begin, priced

Way = Literal["again", "vary", "on"]
TITLES: dict[Way, str] = {"again": "Again like this", "vary": "Vary", "on": "On another model"}
WORDS: dict[Way, str] = {
    "again": "The very recipe with new seeds. Whoever is in it looks as they did then.",
    "vary": "The same prompt, pictures and options with new seeds. Whoever is in it looks as they do now.",
    "on": "The same prompt. What the other model cannot be given is said here first.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What would be shot: its plans, what it will take in words, and what has to be said about it."""

    plans: tuple[Plan, ...]
    estimate: str
    notes: tuple[str, ...]


class Retakes:
    """One dialog over `page`. `begun` is told the id of the shot that was begun."""

    def __init__(self, desk: Desk, page: Tag, begun: Callable[[str], Any]) -> None:
        self._desk = desk
        self._page = page
        self._begun = begun

    def ask(self, way: Way, take: Take) -> None:
        """Say what it will take, and shoot it when told to."""
        _Asking(self._desk, self._page, self._begun, way, take)


class _Asking:
    def __init__(self, desk: Desk, page: Tag, begun: Callable[[str], Any], way: Way, take: Take) -> None:
        self._desk = desk
        self._begun = begun
        self._way = way
        self._take = take
        self._takes = "1" if way == "again" else str(USUAL_TAKES[take.recipe.kind])
        self._model = take.recipe.model
        self._asked = 0
        self._laid: Laid | None = None
        with page:
            self._dialog = Dialog(TITLES[way], size="slim")
        with self._dialog.inside:
            words(WORDS[way], "muted small")
            self._choice = Tag("div")
            field("Takes", self._takes, told(self._count), inputmode="numeric", maxlength=3)
            self._said = stack("tight", aria_live="polite")
        with self._dialog.foot:
            button("Cancel", self._dialog.close, kind="quiet")
            self._go = button("Shoot", told(self._shoot), drawn="clapperboard", kind="main", disabled=True)
        self._dialog.open()
        later(self._offer() if way == "on" else self._read(), self._said)

    async def _offer(self) -> None:
        """Which models could make it, those that are ready first."""
        known = await self._desk.ask(self._desk.studio.modelling.all)
        recipe = self._take.recipe
        able = [
            one
            for one in known
            if recipe.kind in one.profile.kinds
            and one.profile.id != recipe.model
            and (one.profile.takes_characters or not recipe.members)
        ]
        options = {one.profile.id: one.profile.name for one in able if one.missing is None}
        options |= {one.profile.id: f"{one.profile.name} (not ready)" for one in able if one.missing is not None}
        if self._choice.is_deleted:
            return
        if not options:
            with self._said:
                note("No other model here makes such a take.", drawn="info")
            return
        self._model = next(iter(options))
        with self._choice:
            select("Model", options, self._model, told(self._choose))
        await self._read()

    async def _count(self, text: str) -> None:
        self._takes = text
        await self._read()

    async def _choose(self, model: str) -> None:
        self._model = model
        await self._read()

    async def _read(self) -> None:
        """Lay it out; an answer that comes after a later one is let go."""
        self._asked += 1
        asked = self._asked
        problem = ""
        self._go.put(disabled=True)
        try:
            laid: Laid | None = await self._desk.ask(self._lay, self._takes, self._model)
        except SamecastError as error:
            laid, problem = None, f"{error.message} {error.hint or ''}".strip()
        if asked != self._asked or self._said.is_deleted:
            return
        self._laid = laid
        self._said.clear()
        with self._said:
            if problem:
                note(problem, "wrong", drawn="triangle-alert")
            for line in laid.notes if laid is not None else ():
                note(line)
            if laid is not None:
                words(laid.estimate, "small")
        self._go.put(disabled=laid is None)

    def _lay(self, takes: str, model: str) -> Laid:
        if not takes.strip().isdecimal() or not 1 <= int(takes) <= MOST_TAKES:
            raise InvalidInput(f"'{takes[:10]}' is no number of takes.", hint=f"Give 1 to {MOST_TAKES}.")
        studio, under, count = self._desk.studio, self._desk.shots, int(takes)
        match self._way:
            case "again":
                plans = studio.retaking.again(self._take.id, takes=count, under=under)
            case "vary":
                plans = studio.retaking.vary(self._take.id, takes=count, under=under)
            case "on":
                plans = studio.retaking.on(self._take.id, model, takes=count, under=under)
        plans, estimate = priced(studio, plans)
        return Laid(plans=plans, estimate=estimate, notes=tuple(line for plan in plans for line in plan.notes))

    async def _shoot(self) -> None:
        laid, self._laid = self._laid, None  # a second press begins nothing
        if laid is None:
            return
        shot_id = await self._desk.ask(begin, self._desk.studio, laid.plans)
        self._dialog.close()
        self._desk.pulse.wake()
        self._begun(shot_id)
