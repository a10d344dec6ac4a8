"""What can be done with takes: tags, comparing, the trash and back, picking, and making more of them."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from nicegui import ui

from samecast.core.consistency import TakeScore, take_score_from_json
from samecast.core.errors import NotFound
from samecast.core.story import Shot, Take
from samecast.core.telling import told as said_of
from samecast.services.casting import Change
from samecast.web.desk import Desk
from samecast.web.frame import frame, told
from samecast.web.kit import Dialog, Tag, button, field, picture, select, stack, table, verdict, words
from samecast.web.pages import creation_facts as facts
from samecast.web.pages.character_looks import from_creation
from samecast.web.pages.creation_retakes import Retakes
from samecast.web.parts.compare import Compare

Again = Callable[[], Awaitable[None] | None]


class Deeds:
    """`removed` and `brought` are told which takes left what is shown, and came back; `changed`, that something did."""

    def __init__(
        self,
        desk: Desk,
        page: Tag,
        removed: Callable[[list[str]], Any],
        brought: Callable[[list[str]], Any],
        changed: Again,
    ) -> None:
        self._desk = desk
        self._page = page
        self._removed = removed
        self._brought = brought
        self._changed = changed

    # --- the trash ------------------------------------------------------------------------------------------------

    async def delete(self, takes: list[str]) -> None:
        done = await self._desk.ask(self._desk.studio.creations.trash, takes)
        self._removed(takes)
        gone = len(done.takes)
        without = f" {_shots(len(done.unpicked))} no pick any more." if done.unpicked else ""
        frame().say(
            f"{_takes(gone)} in the trash.{without}", drawn="trash-2", undo=lambda: self._undo(list(done.takes))
        )

    async def _undo(self, takes: list[str]) -> None:
        await self._desk.ask(self._desk.studio.creations.restore, takes)
        await _of(self._brought(takes))
        frame().say(f"{_takes(len(takes))} back.", drawn="undo-2")

    async def restore(self, takes: list[str]) -> None:
        done = await self._desk.ask(self._desk.studio.creations.restore, takes)
        self._removed(takes)
        again = list(done)
        frame().say(
            f"{_takes(len(again))} back among the creations.",
            "What was a shot's pick has to be picked again.",
            undo=lambda: self._trash_again(again),
        )

    async def _trash_again(self, takes: list[str]) -> None:
        await self._desk.ask(self._desk.studio.creations.trash, takes)
        await _of(self._brought(takes))

    # --- tags -----------------------------------------------------------------------------------------------------

    async def tag(self, takes: list[str], then: Again | None = None) -> None:
        """Ask for tags to give and to take off."""
        creations = self._desk.studio.creations
        found = await self._desk.ask(creations.some, takes)
        uses = await self._desk.ask(creations.tags)
        own: dict[str, int] = {}
        for creation in found:
            for tag in creation.tags:
                own[tag] = own.get(tag, 0) + 1
        off: set[str] = set()
        with self._page:
            dialog = Dialog(f"Tags of {len(takes)} takes" if len(takes) > 1 else "Tags", size="slim")
        with dialog.inside:
            more = field("Add", hint="Several with commas between them.", list="tags-in-use", maxlength=600)
            with Tag("datalist", id="tags-in-use"):
                for use in uses:
                    Tag("option", value=use.tag)
            if own:
                _taking_off(own, len(takes), off)

        async def keep() -> None:
            add = more.value.split(",")
            try:
                changed = await self._desk.ask(creations.tag, takes, add=add, remove=sorted(off))
            except Exception as error:
                more.blame(getattr(error, "message", "That cannot be kept."))
                raise
            dialog.close()
            frame().say(f"{_takes(changed)} changed." if changed else "Nothing changed.", drawn="tag")
            await _of(self._changed())
            if then is not None:
                await _of(then())

        with dialog.foot:
            button("Cancel", dialog.close, kind="quiet")
            button("Keep", told(keep), kind="main")
        dialog.open()

    # --- comparing ------------------------------------------------------------------------------------------------

    async def compare(self, takes: list[str]) -> None:
        """Show two takes beside each other, and what differs between them."""
        if len(takes) != 2:
            return
        first, second = await self._desk.ask(lambda: [self._get(take) for take in takes])
        with self._page:
            dialog = Dialog("Compare", size="wide")
        with dialog.inside:
            Compare(first, second)
            _differences(first, second, {profile.id: profile.name for profile in self._desk.studio.models.values()})
        dialog.open()

    def _get(self, take_id: str) -> Take:
        found = self._desk.studio.creations.some([take_id])
        shot = self._desk.studio.shooting.get(found[0].shot) if found else None
        take = next((take for take in shot.takes if take.id == take_id), None) if shot is not None else None
        if take is None:
            raise NotFound("That take is not here.", hint="It may be in the trash, or deleted for good.")
        return take

    # --- one take -------------------------------------------------------------------------------------------------

    async def pick(self, shot: Shot, take: Take, then: Again) -> None:
        """Make it its shot's pick."""
        await self._desk.ask(self._desk.studio.picking.pick, shot.id, take.number)
        self._desk.pulse.wake()
        await _of(then())
        await _of(self._changed())

    def offered(self, shot: Shot, take: Take) -> list[tuple[str, str, Callable[[], Any]]]:
        """What else can be made of it: words, a drawing, and what does it."""
        retakes = Retakes(self._desk, self._page, self.show_shot)
        return [
            ("Again like this", "refresh-cw", lambda: retakes.ask("again", take)),
            ("Vary", "shuffle", lambda: retakes.ask("vary", take)),
            ("On another model", "cpu", lambda: retakes.ask("on", take)),
            ("Use as reference", "user-round", lambda: self.use_as_reference(take)),
        ]

    async def use_as_reference(self, take: Take) -> None:
        """Ask whose reference it is to be."""
        cast = await self._desk.cast()
        if take.asset is None:
            return
        if not cast:
            raise NotFound("Nobody is cast yet.", hint="Create a character first, from this picture or another.")
        own = {member.handle for member in take.recipe.members}
        options = {one.handle: f"{one.name} (@{one.handle})" for one in sorted(cast, key=lambda c: c.handle not in own)}
        whose = [next(iter(options))]
        with self._page:
            dialog = Dialog("Use as reference", size="slim")
        with dialog.inside:
            Tag("img", src=picture(take.asset, 640), alt="The take", classes="asked-of")
            if take.recipe.kind == "video":
                words("Of the clip, its middle is used.", "muted small")
            select("Character", options, whose[0], lambda handle: whose.__setitem__(0, handle))
            words(
                "It joins the references, as a new version. Shots keep the version they were made with.", "small muted"
            )
        dialog.open()

        async def add() -> None:
            added = await self._desk.look(self._add_reference, whose[0], take)
            dialog.close()
            grade = f" It is {added} as a reference." if added else ""
            frame().say(f"@{whose[0]} has one more reference.{grade}")

        with dialog.foot:
            button("Cancel", dialog.close, kind="quiet")
            button("Add it", told(add), kind="main")

    def _add_reference(self, handle: str, take: Take) -> str:
        """Returns its grade, in a word."""
        studio = self._desk.studio
        name = from_creation(studio, take.asset or "").name
        added = studio.casting.edit(handle, Change(images=(studio.receiving.path(name),)))
        return added.grade.verdict if added.grade is not None else ""

    def show_shot(self, shot_id: str) -> None:
        """Go where it is made."""
        ui.navigate.to(f"/create?shot={quote(shot_id, safe='')}")


def _taking_off(own: dict[str, int], takes: int, off: set[str]) -> None:
    with Tag("fieldset", classes="stack close"):
        Tag("legend", "Take off")
        with Tag("div", classes="choices"):
            for tag, count in sorted(own.items()):
                with Tag("label", classes="choice"):
                    box = Tag("input", type="checkbox")
                    words(tag if takes == 1 else f"{tag} ({count})", tag="span")

                def chosen(event: Any, tag: str = tag) -> None:
                    (off.add if event.args is True else off.discard)(tag)

                box.on("change", chosen, js_handler="(event) => emit(event.target.checked)")


def _differences(first: Take, second: Take, names: dict[str, str]) -> None:
    """What was measured of both, and what differs in how they were made."""
    body = table(("", "A", "B"), "What was measured, and what differs")
    with body:
        with Tag("tr"):
            Tag("th", "Verdict", scope="row")
            for take in (first, second):
                told_ = said_of(take_score_from_json(take.score) if take.score else TakeScore())
                with Tag("td"), stack("close"):
                    verdict(told_.verdict or "unknown", told_.words)
                    words(told_.more, "muted small")
        both = [
            dict([("Prompt", take.recipe.said), *facts.recipe(take.recipe, names), *facts.origin(take)])
            for take in (first, second)
        ]
        for name in dict.fromkeys([*both[0], *both[1]]):
            pair = [one.get(name, "") for one in both]
            if pair[0] != pair[1] and name not in ("Digest", "File"):
                with Tag("tr"):
                    Tag("th", name, scope="row")
                    for text in pair:
                        Tag("td", text or "none")


def _takes(count: int) -> str:
    return "1 take is" if count == 1 else f"{count:,} takes are"


def _shots(count: int) -> str:
    return "Its shot has" if count == 1 else f"{count} shots have"


async def _of(done: Any) -> None:
    """Wait for what may be a coroutine."""
    if done is not None and hasattr(done, "__await__"):
        await done
