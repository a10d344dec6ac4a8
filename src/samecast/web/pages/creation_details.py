"""The details of one take, over the wall: what is to be seen, what was measured, how it was made, what it is beside."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from nicegui.events import GenericEventArguments

from samecast.core.consistency import TakeScore, take_score_from_json, timecode
from samecast.core.errors import MissingPart, NotFound, SamecastError
from samecast.core.recipe import recipe_to_json
from samecast.core.story import Shot, Take
from samecast.ports.creations import Creation
from samecast.services.closeups import Closeup
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import (
    Dialog,
    Tag,
    button,
    copier,
    heading,
    link,
    note,
    portrait,
    row,
    stack,
    verdict,
    words,
)
from samecast.web.pages import creation_facts as facts
from samecast.web.pages.creation_deeds import Deeds
from samecast.web.parts.takes import Takes
from samecast.web.parts.wall import word

MOST_BESIDE = 12
"""Takes that are shown beside, of the shot and of those that look alike."""
_KEYS = """(event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, video")) return;
  if (event.target.closest("dialog") !== event.currentTarget) return;
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") { event.preventDefault(); emit(event.key); }
}"""


class Details:
    """`to` is told to show a take of a shot, `step` the one before or after a take, `shut` which was seen last."""

    def __init__(
        self,
        desk: Desk,
        page: Tag,
        to: Callable[[str, str], Any],
        step: Callable[[str, int], Any],
        shut: Callable[[str], Any],
        deeds: Deeds,
    ) -> None:
        self._desk = desk
        self._page = page
        self._to = to
        self._step = step
        self._shut = shut
        self._deeds = deeds
        self._dialog: Dialog | None = None
        self._take: Take | None = None
        self._asked = 0

    async def open(self, take_id: str, shot_id: str = "") -> None:
        """Show a take; without its shot, one that is not in the trash. Raises `NotFound`."""
        self._asked += 1
        asked = self._asked
        shot, take = await self._desk.ask(self._read, take_id, shot_id)
        if asked != self._asked or self._page.is_deleted:
            return
        self._take = take
        if self._dialog is None:
            with self._page:
                self._dialog = Dialog("Take", size="wide details", closed=self._closed)
                whole = self._dialog.inside.parent_slot.parent if self._dialog.inside.parent_slot else self._page
                whole.on("keydown", told(self._key), js_handler=_KEYS)
                self._dialog.open()
        self._draw(self._dialog, shot, take)

    def _read(self, take_id: str, shot_id: str) -> tuple[Shot, Take]:
        studio = self._desk.studio
        if not shot_id:
            found = studio.creations.some([take_id])
            shot_id = found[0].shot if found else ""
        shot = studio.shooting.get(shot_id) if shot_id else None
        take = next((take for take in shot.takes if take.id == take_id), None) if shot is not None else None
        if shot is None or take is None or take.state != "done":
            raise NotFound("That take is not here.", hint="It may be in the trash, or deleted for good.")
        return shot, take

    def close(self) -> None:
        self._asked += 1
        if self._dialog is not None:
            self._dialog.close()

    def left(self, takes: Sequence[str]) -> None:
        """These takes are no longer among the creations."""
        if self._take is not None and self._take.id in takes:
            self.close()

    def _closed(self) -> Any:
        self._dialog = None
        take, self._take = self._take, None
        return self._shut(take.id) if take is not None else None

    def _key(self, event: GenericEventArguments) -> None:
        self._beside(1 if event.args == "ArrowRight" else -1)

    def _beside(self, by: int) -> None:
        if self._take is not None:
            self._step(self._take.id, by)

    # --- drawing --------------------------------------------------------------------------------------------------

    def _draw(self, dialog: Dialog, shot: Shot, take: Take) -> None:
        score = take_score_from_json(take.score) if take.score else TakeScore()
        dialog.inside.clear()
        with dialog.inside, Tag("div", classes="details-columns"):
            with Tag("div", classes="details-look stack"):
                alone = replace(shot, takes=(take,))
                takes = Takes(lambda chosen: None, lambda picked: told(self._deeds.pick)(shot, take, self._again))
                takes.show(alone, None, take.id)
                self._acts(shot, take)
            with stack("details-said"):
                self._prompt(shot, take)
                _verdicts(take, score)
                self._anchors(take, score)
                _quality(score)
                self._recipe(take)
                self._tags(take)
                self._others(shot, take)
                if take.trashed_at is None:
                    self._similar(take)
        self._foot(dialog, take)

    def _foot(self, dialog: Dialog, take: Take) -> None:
        dialog.foot.clear()
        with dialog.foot:
            button("Previous", told(lambda: self._beside(-1)), drawn="chevron-left", kind="quiet step")
            button("Next", told(lambda: self._beside(1)), drawn="chevron-right", kind="quiet step")
            Tag("span", classes="grow")
            if take.trashed_at is not None:
                button("Restore", told(lambda: self._deeds.restore([take.id])), drawn="archive-restore", kind="main")
                return
            button("Delete", told(lambda: self._deeds.delete([take.id])), drawn="trash-2", kind="quiet")
            if take.asset:
                link("Download", f"/studio/original/{take.asset}", drawn="download", download=True)

    def _acts(self, shot: Shot, take: Take) -> None:
        """What can be done with it."""
        if take.trashed_at is not None:
            note(f"In the trash since {facts.when(take.trashed_at)}.", drawn="trash-2")
            return
        with row("tight"):
            if take.id == shot.picked:
                words("Picked by hand" if shot.by_hand else "The pick of its shot", "chip")
            else:
                button("Pick this", told(lambda: self._deeds.pick(shot, take, self._again)), drawn="star", low=True)
            for text, drawn, do in self._deeds.offered(shot, take):
                button(text, told(do), drawn=drawn, low=True)
            if take.asset:
                link("Use as keyframe", f"/create?frame={quote(take.id, safe='')}", drawn="film", classes="button low")
                if take.recipe.kind == "image":
                    link("Edit it", f"/create?edit={quote(take.id, safe='')}", drawn="pencil", classes="button low")

    async def _again(self) -> None:
        """Show it anew: something about it changed."""
        if self._take is not None:
            await self.open(self._take.id, self._take.shot_id)

    def _prompt(self, shot: Shot, take: Take) -> None:
        with Tag("section", classes="stack tight", aria_label="Prompt"):
            words(f"Take {take.number}", "muted small")
            heading(shot.prompt, 3)
            if shot.why:
                words(shot.why, "muted small")

    # --- what was measured ----------------------------------------------------------------------------------------

    def _anchors(self, take: Take, score: TakeScore) -> None:
        if not any(one.anchors for one in score.characters):
            return
        with Tag("section", classes="stack tight"):
            heading("Anchors", 3)
            place = Tag("ul", classes="closeups stack tight")
            with place:
                words("Looks for their places", "muted small", tag="li")
        later(self._look(take, score, place), place)

    async def _look(self, take: Take, score: TakeScore, place: Tag) -> None:
        asked = self._asked
        why = ""

        def looking() -> tuple[Closeup, ...]:
            """Unless somebody went on to another take while others' pictures were looked at."""
            return self._desk.studio.closeups.of(take) if asked == self._asked else ()

        try:
            found = await self._desk.look(looking)
        except SamecastError as error:
            found, why = (), error.message
        if asked != self._asked or place.is_deleted:
            return
        shown = {(one.handle, one.score.text): one for one in found}
        place.clear()
        with place:
            if why:
                words(f"Their places cannot be shown. {why}", "muted small", tag="li")
            for one in score.characters:
                for anchor in one.anchors:
                    _anchor(
                        one.handle, anchor.text, anchor.verdict, anchor.reason, shown.get((one.handle, anchor.text))
                    )

    # --- how it was made ------------------------------------------------------------------------------------------

    def _recipe(self, take: Take) -> None:
        made = take.recipe
        names = {profile.id: profile.name for profile in self._desk.studio.models.values()}
        with Tag("section", classes="stack tight"):
            heading("Recipe", 3)
            words("The prompt as the model was sent it" if made.compiled else "The prompt", "muted small")
            sent = words(made.said, "sent")
            _facts([*facts.recipe(made, names), *facts.origin(take)])
            if given := facts.given(made):
                with Tag("ul", classes="given"):
                    for what, sha256 in given:
                        with Tag("li"):
                            portrait(sha256, "", 96, width=56, height=56)
                            words(what, "tiny muted one-line", tag="span")
            for line in take.notes:
                words(line, "muted small")
            with Tag("details", classes="more"):
                Tag("summary", "As JSON")
                source = Tag("pre", recipe_to_json(made), "recipe", tabindex="0")
            with row("tight"):
                copier("Copy prompt", sent)
                copier("Copy recipe", source)

    def _tags(self, take: Take) -> None:
        with Tag("section", classes="stack tight"):
            heading("Tags", 3)
            place = row("tight")
        later(self._fill_tags(take, place), place)

    async def _fill_tags(self, take: Take, place: Tag) -> None:
        found = await self._desk.ask(self._desk.studio.creations.some, [take.id])
        if place.is_deleted:
            return
        with place:
            for tag in found[0].tags if found else ():
                words(tag, "chip", tag="span")
            if found:
                button("Change tags", told(lambda: self._deeds.tag([take.id], self._again)), drawn="tag", low=True)
            else:
                words("None while it is in the trash.", "muted small")

    # --- what is beside it ----------------------------------------------------------------------------------------

    def _others(self, shot: Shot, take: Take) -> None:
        others = [one.id for one in shot.kept if one.id != take.id and one.state == "done"][:MOST_BESIDE]
        if others:
            with Tag("section", classes="stack tight"):
                heading("Other takes of its shot", 3)
                place = Tag("ul", classes="beside")
            later(self._fill(place, lambda: self._desk.studio.creations.some(others)), place)

    def _similar(self, take: Take) -> None:
        with Tag("section", classes="stack tight"):
            heading("Takes that look like it", 3)
            place = Tag("ul", classes="beside")

        def likest() -> list[Creation]:
            return [one.creation for one in self._desk.studio.creations.similar(take.id, limit=MOST_BESIDE)]

        later(self._fill(place, likest), place)

    async def _fill(self, place: Tag, read: Callable[[], list[Creation]]) -> None:
        why = "None yet."
        try:
            found = await self._desk.ask(read)
        except (MissingPart, NotFound) as error:
            found, why = [], error.message
        if place.is_deleted:
            return
        with place:
            if not found:
                words(why, "muted small", tag="li")
            for one in found:
                self._small(one)

    def _small(self, one: Creation) -> None:
        said = ", ".join(filter(None, (f"Take {one.number}", word(one.verdict), "the pick" if one.picked else "")))
        with Tag("li"), Tag("button", classes="beside-take", type="button", title=one.prompt[:140]) as chosen:
            if one.asset:
                portrait(one.asset, "", 320)
            with Tag("span", classes="row tight stiff", aria_hidden="true"):
                words(word(one.verdict) or "Nobody named", f"verdict tiny one-line {one.verdict or 'none'}", tag="span")
            words(said, "sr", tag="span")
        chosen.on("click", told(lambda: self._to(one.take, one.shot)), args=[])


def _verdicts(take: Take, score: TakeScore) -> None:
    with Tag("section", classes="stack tight"):
        heading("Is it still the same?", 3)
        if not score.characters:
            words("Nobody is named, so there is nothing to compare.", "muted small")
        references = {member.handle: member.references[0] for member in take.recipe.members}
        with Tag("ul", classes="stack tight"):
            for one in facts.verdicts(score):
                with Tag("li", classes="row stiff top"):
                    if one.handle in references:
                        portrait(references[one.handle], "", 96, width=40, height=40, classes="round")
                    with stack("close grow"):
                        with row("tight"):
                            words(f"@{one.handle}", "strong small", tag="span")
                            verdict(one.told.verdict or "unknown", one.told.words)
                        words(one.reason, "small muted")
                        with Tag("details", classes="more"):
                            Tag("summary", "Figures")
                            _facts(one.figures)
        for line in facts.outcomes(score):
            note(line, "careful", drawn="triangle-alert")


def _anchor(handle: str, text: str, kind: str, reason: str, closeup: Closeup | None) -> None:
    shown = closeup.shown if closeup is not None else None
    with Tag("li", classes="closeup"):
        if shown is not None and (shown.reference or shown.own):
            with row("tight stiff top"):
                _crop(shown.reference, "Reference", f"{text}, on the reference")
                where = f"Take, {timecode(shown.seconds)}" if shown.seconds is not None else "Take"
                _crop(shown.own, where, f"{text}, in the take")
                if kind == "moved":
                    _crop(shown.mirrored, "Other side", f"{text}, on the other side in the take")
        with stack("close grow"):
            words(f"{text}, @{handle}", "small")
            verdict(kind, facts.ANCHORS.get(kind, kind))  # type: ignore[call-overload]
            words(reason, "small muted")


def _crop(jpeg: bytes | None, label: str, alt: str) -> None:
    if jpeg is not None:
        with Tag("figure", classes="crop"):
            Tag("img", src=f"data:image/jpeg;base64,{b64encode(jpeg).decode()}", alt=alt)
            words(label, "tiny muted one-line", tag="figcaption")


def _quality(score: TakeScore) -> None:
    if measured := facts.quality(score.quality):
        with Tag("section", classes="stack tight"):
            heading("Technical quality", 3)
            _facts(measured)


def _facts(said: Sequence[facts.Fact]) -> None:
    with Tag("dl", classes="facts"):
        for name, text in said:
            Tag("dt", name)
            Tag("dd", text)
