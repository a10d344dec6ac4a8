"""A list of creations that goes on as somebody scrolls."""

from collections.abc import Callable

from samecast.ports.creations import Creation, Page, Wanted
from samecast.web.desk import Desk
from samecast.web.kit import Tag, row
from samecast.web.parts.growing import Growing

AT_ONCE = 24


async def first_of(desk: Desk, wanted: Wanted) -> Page:
    """Those it begins with, the newest first."""
    return await desk.ask(desk.studio.creations.page, wanted, limit=AT_ONCE)


def listed(desk: Desk, wanted: Wanted, first: Page, show: Callable[[Creation], None], *, classes: str) -> None:
    """The list, where `show` adds what is to be seen of one of them, an `li`."""
    place = Tag("ul", classes=classes)
    cursor: str | None = None

    def add(page: Page) -> bool:
        nonlocal cursor
        cursor = page.cursor
        with place:
            for creation in page.creations:
                show(creation)
        return cursor is not None

    async def follow() -> bool:
        return add(await desk.ask(desk.studio.creations.page, wanted, limit=AT_ONCE, after=cursor))

    with row():
        more = Growing(follow)
    more.set_visibility(add(first))
