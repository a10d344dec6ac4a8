"""Choosing a picture among the creations: thumbnails, search, more of them as they are asked for."""

from collections.abc import Awaitable, Callable

from samecast.ports.creations import Creation, Wanted
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Dialog, Tag, words
from samecast.web.parts.listed import first_of, listed


class Picker:
    """`chosen` is told the sha256 of a creation's asset."""

    def __init__(self, desk: Desk, chosen: Callable[[str], Awaitable[None]]) -> None:
        self._desk = desk
        self._chosen = chosen
        self._said = ""
        self._dialog = Dialog("From your creations", size="wide")
        with self._dialog.inside:
            kit.field("Search", "", self._searched, kind="search", placeholder="words of the prompt, a name, a tag")
            self._body = Tag("div", classes="stack", aria_live="polite")
        with self._body:
            words("Looking…", "muted")
        self._dialog.open()
        later(self._fill(), self._body)

    def _searched(self, said: str) -> None:
        if said != self._said:
            self._said = said
            later(self._fill(), self._body)

    async def _fill(self) -> None:
        said = self._said
        wanted = Wanted(words=said)
        first = await first_of(self._desk, wanted)
        if said != self._said or self._body.is_deleted:
            return
        self._body.clear()
        with self._body:
            if not first.creations:
                words("Nothing was found." if said.strip() else "Nothing was made yet.", "muted")
                return
            listed(self._desk, wanted, first, self._show, classes="picks")

    def _show(self, creation: Creation) -> None:
        if creation.asset is not None:
            self._pick(creation, creation.asset)

    def _pick(self, creation: Creation, asset: str) -> None:
        async def take() -> None:
            self._dialog.close()
            await self._chosen(asset)

        with Tag("li"), Tag("button", classes="pick", type="button", title=creation.prompt[:300]) as made:
            kit.portrait(asset, creation.prompt[:200], 320)
            if creation.kind == "video":
                words("Clip: its middle", "chip tiny", tag="span")
        made.on("click", told(take), args=[])
