"""Which page is where."""

import logging
from collections.abc import Callable

from nicegui import PageArguments, __version__, context, ui
from nicegui.elements.sub_pages import SubPages

from samecast.web.desk import Desk
from samecast.web.frame import Frame
from samecast.web.kit import STATIC, Tag, empty, heading, link
from samecast.web.pages import character, characters, create, creations, models, prompts, queue, settings
from samecast.web.parts.cast_menu import CastMenu
from samecast.web.parts.compare import Compare
from samecast.web.parts.drop import Drop
from samecast.web.parts.errands import Errands
from samecast.web.parts.growing import Growing
from samecast.web.parts.marker import Marker
from samecast.web.parts.portraits import Portraits
from samecast.web.parts.prompt_box import PromptBox
from samecast.web.parts.takes import Takes
from samecast.web.parts.wall import Wall

SHEETS = ("fonts", "look", "create", "queue", "characters", "creations", "models", "settings", "prompts")
PARTS = (CastMenu, Compare, Drop, Growing, Marker, Portraits, PromptBox, Takes, Wall)
"""What a browser fetches in time, so that nobody waits for it where it is seen first."""


log = logging.getLogger("samecast.web")


class Pages(SubPages):
    """The page of the address in the middle of the frame; where there is none, or it breaks, words that say so."""

    def _render_404(self) -> None:
        _instead("Nothing is here", "No such page", "The address leads nowhere in the studio.")

    def _render_error(self, error: Exception) -> None:
        log.error("a page broke", exc_info=error)
        _instead("This page broke", "Something broke that should not", "The server's log has more. Try it again.")


def _instead(title: str, what: str, hint: str) -> None:
    with Tag("main", classes="page"):
        with Tag("header"):
            heading(title, 1)
        with empty("circle-help", what, hint):
            link("To the characters", "/", drawn="users")


def rooms(desk: Desk) -> Callable[[], None]:
    """What builds the document of a tab: the frame, and in it the page that its address names."""
    desk.warm()
    errands = Errands()

    def root() -> None:
        ui.add_head_html("".join(f'<link rel="stylesheet" href="{STATIC}/{sheet}.css">' for sheet in SHEETS))
        ui.add_head_html("".join(f'<link rel="modulepreload" fetchpriority="low" href="{url}">' for url in _modules()))
        _leave_one_main()
        frame = Frame(desk)
        router = context.client.sub_pages_router
        router.on_path_changed(frame.at)
        frame.at(router.current_path)
        with frame.middle:
            Pages(
                {
                    "/": lambda: characters.wall(desk),
                    "/characters/new": lambda: characters.wall(desk, new=True),
                    "/characters/{handle}": lambda handle: character.page(desk, handle),
                    "/create": _create(desk),
                    "/creations": lambda: creations.creations(desk),
                    "/models": lambda model="": models.models(desk, errands, model),
                    "/prompts": lambda prompt="": prompts.prompts(desk, prompt),
                    "/queue": lambda: queue.queue(desk),
                    "/settings": lambda: settings.settings(desk, errands),
                }
            )

    return root


def _modules() -> list[str]:
    """Where the parts' scripts are, as NiceGUI serves them."""
    base = f"/_nicegui/{__version__}/components"
    return [f"{base}/{part.component.key}" for part in PARTS if part.component is not None]


def _leave_one_main() -> None:
    """NiceGUI wraps a page in a `main` of its own, rail and all; the one that readers jump to is ours."""
    for element in context.client.layout.descendants():
        if element.tag == "q-page":
            element.props["role"] = "none"


def _create(desk: Desk) -> Callable[[PageArguments], None]:
    """The address may say what the page begins with."""

    def page(arguments: PageArguments) -> None:
        create.create(desk, dict(arguments.query_parameters))

    return page
