"""One shot on the stage: its takes side by side, how far they are, what was measured, and what can be done with one."""

from collections.abc import Awaitable, Callable

from samecast.core.story import Shot, Take
from samecast.ports.watching import SeenShot, Sight
from samecast.services.casting import Change
from samecast.web.desk import Desk
from samecast.web.frame import frame, later, told
from samecast.web.kit import Dialog, Tag, button, heading, icon, link, row, select, words
from samecast.web.pages.creation_retakes import Retakes
from samecast.web.parts.takes import Takes, shot_words

Begun = Callable[[str], None]
"""Is told the id of a shot that was begun from a take."""
Given = Callable[[str, str], Awaitable[None]]
"""Is told what a picture is to be (`first_frame` or `edit`), and its name among those that came in."""


class Stage:
    """`box` is all of it. It is told what happens to its shot for as long as it is on the page."""

    def __init__(self, desk: Desk, shot_id: str, *, begun: Begun, given: Given) -> None:
        self._desk = desk
        self._id = shot_id
        self._given = given
        self._shot: Shot | None = None
        self._chosen: str | None = None
        self._moment = 0.0
        self.box = Tag("article", classes="stage stack tight")
        with self.box:
            with row("apart top stiff"):
                with Tag("div", classes="grow stack close"):
                    self._title = heading("", 2, classes="two-lines stage-title")
                    self._status = words("", "small muted", aria_live="polite")
                self._doing = row("tight")
            self._takes = Takes(told(self._choose), told(self._pick), self._at)
            self._actions = row("tight stage-actions")
        self._retakes = Retakes(desk, self.box, begun)
        self._kept: object = None
        self._drawn_doing: object = None
        self._drawn_actions: object = None
        self.box.when_gone(desk.pulse.listen(self._heard))
        later(self._read(), self.box)

    async def _heard(self, sight: Sight) -> None:
        """Read it anew once something was kept; how far its takes are is seen without that."""
        if self._shot is None or self.box.is_deleted:
            return
        seen, running = self._seen(sight), self._shot.state == "running"
        kept = _kept(seen) if seen is not None else None
        if kept != self._kept and (kept is not None or running):
            self._kept = kept
            await self._read(sight)
        elif running:
            with self.box:
                self._show(self._shot, changed=False)

    def _seen(self, sight: Sight) -> SeenShot | None:
        return next((shot for shot in sight.shots if shot.id == self._id), None)

    async def _read(self, sight: Sight | None = None) -> None:
        before = self._shot
        shot = await self._desk.once(sight, self._id, self._desk.studio.shooting.get, self._id)
        if self.box.is_deleted:
            return
        self._shot = shot
        gone = all(take.id != self._chosen for take in shot.takes)
        if gone or before is None or before.picked != shot.picked:
            self._chosen = shot.picked or (shot.takes[0].id if gone else self._chosen)
        with self.box:
            self._show(shot, changed=before != shot)

    def _show(self, shot: Shot, *, changed: bool) -> None:
        sight = self._desk.pulse.sight
        model = self._desk.studio.models.get(shot.model)
        self._title.set_text(shot.prompt)
        self._status.set_text(f"{model.name if model else shot.model} · {shot_words(shot, sight.shots)}")
        self._takes.show(shot, self._seen(sight), self._chosen)
        if changed:
            self._draw_doing(shot)
            self._draw_actions(shot)

    # --- the shot -------------------------------------------------------------------------------------------------

    def _draw_doing(self, shot: Shot) -> None:
        failed = any(take.state == "failed" for take in shot.takes)
        if (shot.state, failed) == self._drawn_doing:
            return
        self._drawn_doing = shot.state, failed
        self._doing.clear()
        with self._doing:
            if shot.state == "running":
                button("Stop", told(self._cancel), drawn="circle-stop", kind="quiet", low=True)
            elif shot.state == "cancelled":
                button("Go on", told(self._resume), drawn="play", low=True)
            elif failed:
                button("Try the failed again", told(self._retry), drawn="refresh-cw", low=True)

    async def _cancel(self) -> None:
        await self._do(self._desk.studio.producing.cancel)
        frame().say("Stopped. Finished takes are kept.", "Go on with it whenever you like.")

    async def _resume(self) -> None:
        await self._go_on(await self._do(self._desk.studio.producing.resume))

    async def _retry(self) -> None:
        await self._go_on(await self._do(self._desk.studio.producing.retry))

    async def _go_on(self, shot: Shot) -> None:
        await self._desk.ask(self._desk.studio.producing.submit, shot, urgent=True)
        self._desk.pulse.wake()

    async def _do(self, do: Callable[[str], Shot]) -> Shot:
        shot = await self._desk.ask(do, self._id)
        self._desk.pulse.wake()
        await self._read()
        return shot

    # --- one take -------------------------------------------------------------------------------------------------

    @property
    def _take(self) -> Take | None:
        takes = self._shot.takes if self._shot is not None else ()
        return next((take for take in takes if take.id == self._chosen), None)

    def _choose(self, take_id: str) -> None:
        if self._shot is None or all(take.id != take_id for take in self._shot.takes):
            return
        self._chosen = take_id
        self._takes.show(self._shot, self._seen(self._desk.pulse.sight), take_id)
        self._draw_actions(self._shot)

    def _at(self, seconds: float) -> None:
        self._moment = seconds

    def _draw_actions(self, shot: Shot) -> None:
        take = self._take
        if (take, shot.picked) == self._drawn_actions:
            return
        self._drawn_actions = take, shot.picked
        self._actions.clear()
        if take is None or take.asset is None:
            return
        picked, still = take.id == shot.picked, take.recipe.kind == "image"
        this = "picture" if still else "moment"
        with self._actions:
            words(f"Take {take.number}", "small strong", tag="span")
            if picked:
                words("is the pick", "small muted", tag="span")
            else:
                button("Pick this", told(lambda: self._pick(take.id)), drawn="star", low=True)
            button("Again like this", told(lambda: self._retakes.ask("again", take)), drawn="copy", low=True)
            button("Vary", told(lambda: self._retakes.ask("vary", take)), drawn="shuffle", low=True)
            button("On another model", told(lambda: self._retakes.ask("on", take)), drawn="cpu", low=True)
            with Tag("details", classes="menu"):
                with Tag("summary", classes="button low"):
                    words(f"Use this {this}", tag="span")
                    icon("chevron-down")
                with Tag("ul", classes="menu-list"):
                    self._use("As a reference of somebody", lambda: self._as_reference(take), "user-round")
                    self._use("As a clip's first frame", lambda: self._as(take, "first_frame"), "film")
                    self._use("As a picture to edit", lambda: self._as(take, "edit"), "wand-sparkles")
            link("Details", f"/creations?take={take.id}", drawn="info", classes="button low", kind="quiet")
            link("Download", f"/studio/original/{take.asset}", drawn="download", classes="button low", download=True)

    def _use(self, text: str, do: Callable[[], object], drawn: str) -> None:
        with Tag("li"):
            item = button(text, told(do), drawn=drawn, kind="quiet menu-item")
        item.on("click", js_handler="(event) => event.currentTarget.closest('details').removeAttribute('open')")

    async def _pick(self, take_id: str) -> None:
        before, take = self._shot, next((t for t in (self._shot.takes if self._shot else ()) if t.id == take_id), None)
        if before is None or take is None or take.id == before.picked:
            return
        picking = self._desk.studio.picking
        await self._desk.ask(picking.pick, self._id, take.number)
        await self._read()
        was = next((one.number for one in before.takes if one.id == before.picked), None)

        async def undo() -> None:
            if was is None:
                await self._desk.ask(picking.unpick, self._id)
            else:
                await self._desk.ask(picking.pick, self._id, was)
            await self._read()

        frame().say(f"Take {take.number} is the pick.", drawn="star", undo=undo)

    # --- its picture ----------------------------------------------------------------------------------------------

    async def _picture(self, take: Take) -> str:
        """The take's picture, or its clip's frame at the moment that is shown, as one that came in."""
        png = await self._desk.ask(self._desk.studio.showing.frame, take.asset or "", self._moment)
        received = await self._desk.ask(self._desk.studio.receiving.take_in, png)
        return received.name

    async def _as(self, take: Take, what: str) -> None:
        await self._given(what, await self._picture(take))

    async def _as_reference(self, take: Take) -> None:
        cast = await self._desk.cast()
        if not cast:
            frame().say("Nobody is cast yet.", "Cast somebody first.", tone="wrong", drawn="triangle-alert")
            return
        name = await self._picture(take)
        likely = next((member.handle for member in take.recipe.members), cast[0].handle)
        with self.box:
            dialog = Dialog("Use as a reference", size="slim")
        with dialog.inside:
            Tag(
                "img",
                src=f"/studio/received/{name}/640.jpg",
                alt="The picture that becomes a reference",
                classes="given",
            )
            who = select("Of whom", {one.handle: one.name for one in cast}, likely, lambda value: None)
            words("That makes a new version; shots that were made keep the one they had.", "muted small")
        with dialog.foot:
            button("Add", told(lambda: self._add_reference(who.value, name, dialog)), drawn="plus", kind="main")
        dialog.open()

    async def _add_reference(self, handle: str, name: str, dialog: Dialog) -> None:
        path = self._desk.studio.receiving.path(name)
        added = await self._desk.look(self._desk.studio.casting.edit, handle, Change(images=(path,)))
        dialog.close()
        grade = added.grade.verdict if added.grade is not None else ""
        frame().say(f"A reference of @{handle} by now.", f"Graded {grade}." if grade else "")


def _kept(seen: SeenShot) -> object:
    """What differs once the library holds something else of a shot."""
    made = [(take.id, take.state, take.verdict) for take in seen.takes if take.state in ("done", "failed")]
    return seen.state, seen.round, seen.picked, seen.awaits, len(seen.takes), made
