"""Serving the studio: the pages, the pictures they show, and the way in, behind the one door.

One server, one library. NiceGUI is one to a process, and so is this.
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from samecast.core.errors import InvalidInput, StorageFailed
from samecast.ports.serving import Opened, Place
from samecast.services.studio import Studio
from samecast.web.locks.addresses import HEALTH, MOST_HEAD, as_public_url
from samecast.web.locks.passes import LEAST_PASSWORD, MOST_PASSWORD, Passes, key_in, password_file, password_in
from samecast.web.tidying import share_memory, tidy

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from samecast.web.desk import Desk

MOST_MESSAGE = 1_000_000
"""Bytes of one message that a browser may send by WebSocket; NiceGUI's pages keep to it."""
MOST_CONNECTIONS = 800
TABS_KEPT_SECONDS = 600.0
"""What NiceGUI keeps for a tab that is gone; the studio keeps nothing there."""


def serve(studio: Studio, place: Place, folder: Path) -> None:
    """Serve until told to end. `folder`: where the studio keeps what is its own.

    Where others may reach the address and no password is given, one is made up and kept. Raises `InvalidInput` for a
    password that is too short, or a public URL that is none, and `StorageFailed` where the address is taken.
    """
    if place.public_url is not None:
        place = replace(place, public_url=as_public_url(place.public_url))
    place, made = _with_password(place, folder)
    passes = None
    if place.password is not None:
        passes = Passes(key=key_in(folder), password=place.password, secure=place.secure, folder=folder)
    share_memory()
    os.environ["NICEGUI_STORAGE_PATH"] = str(folder / "pages")  # read when NiceGUI is imported; nothing is put there
    with _listening(place) as listening:
        server = _server(studio, place, passes)
        port = listening.getsockname()[1]
        shown = f"[{place.host}]" if ":" in place.host else place.host
        url = place.public_url or f"http://{shown}:{port}/"
        kept = password_file(folder) if made is not None else None
        opened = Opened(url=url, password=place.password if made else None, kept=kept)
        with _told_to_end(server):
            asyncio.run(_serve(server, listening, place, opened))


async def _serve(server: "uvicorn.Server", listening: socket.socket, place: Place, opened: Opened) -> None:
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        place.ready(opened)
    await serving


def _server(studio: Studio, place: Place, passes: Passes | None) -> "uvicorn.Server":
    import uvicorn
    from starlette.middleware.gzip import GZipMiddleware

    from samecast.services.receiving import MOST_BYTES
    from samecast.web.locks.connections import MOST_CONNECTIONS as MOST_CONNECTIONS_EACH
    from samecast.web.locks.connections import impatient
    from samecast.web.locks.guard import Guard
    from samecast.web.locks.toolkit import make_room

    app = build(studio, place, passes)
    guard = Guard(app, place=place, passes=passes, most_upload=MOST_BYTES, room=make_room)
    config = uvicorn.Config(
        GZipMiddleware(guard, minimum_size=2000, compresslevel=5),
        http=impatient(each=None if place.public_url is not None else MOST_CONNECTIONS_EACH),
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=MOST_MESSAGE,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=MOST_HEAD,
        limit_concurrency=MOST_CONNECTIONS,
    )
    return uvicorn.Server(config)


def build(studio: Studio, place: Place, passes: Passes | None = None) -> "FastAPI":
    """The application, without the door in front of it."""
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse
    from fastapi.staticfiles import StaticFiles

    from samecast.web import enter, pictures
    from samecast.web.desk import Desk
    from samecast.web.pulse import Pulse

    desk = Desk(studio=studio, place=place, pulse=Pulse(studio.watching))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        always = [asyncio.create_task(doing) for doing in (desk.pulse.run(), tidy())]
        try:
            yield
        finally:
            for task in always:
                task.cancel()
            await asyncio.gather(*always, return_exceptions=True)
            desk.close()

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    files = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    static = resources.files("samecast.web") / "static"
    files.mount("/static", StaticFiles(directory=str(static)), name="static")
    pictures.add_routes(files, desk)
    app.mount("/studio", files)  # by itself, so that what is not there is a 404 and not a page
    enter.add_routes(app, enter.Door(passes))

    @app.get(HEALTH)
    async def health() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    _add_pages(app, desk, Path(str(static)) / "mark.svg")
    return app


def _add_pages(app: "FastAPI", desk: "Desk", mark: Path) -> None:
    from nicegui import core, ui

    from samecast.web.locks.toolkit import hear_what_is_listened_to
    from samecast.web.rooms import rooms
    from samecast.web.signatures import remember_signatures

    remember_signatures()
    hear_what_is_listened_to()
    core.sio.eio.max_http_buffer_size = MOST_MESSAGE
    core.sio.eio.transports = ["websocket"]  # polling leaves something behind for everybody who asks once
    core.app.config.socket_io_js_transports = ["websocket"]
    core.sio.eio.cors_allowed_origins = []  # says nothing to other origins; `Guard` has let none of them in
    core.app.storage.max_tab_storage_age = TABS_KEPT_SECONDS
    core.app.router.redirect_slashes = False
    ui.run_with(
        app,
        root=rooms(desk),
        title="samecast",
        favicon=str(mark),
        dark=True,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        gzip_middleware_factory=None,  # `serve` does that, outside of what writes into pages
        reconnect_timeout=30.0,
        message_history_length=500,
        binding_refresh_interval=None,
    )


@contextmanager
def _listening(place: Place) -> Iterator[socket.socket]:
    """The address, taken, before anything is built. Raises `StorageFailed` where it cannot be had."""
    found: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            place.host or None, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere it would let others take the same address
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(256)
        found.setblocking(False)
    except (OSError, UnicodeError) as error:
        if found is not None:
            found.close()
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StorageFailed(
            f"The studio cannot be served on {place.host}:{place.port}: {why}.",
            hint="Is it served already? Choose another with --port, or --host.",
        ) from error
    with found:
        yield found


@contextmanager
def _told_to_end(server: "uvicorn.Server") -> Iterator[None]:
    """The first signal has the server end, after what it is about to send; the second one has it end at once."""

    def end(number: int, frame: FrameType | None) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _with_password(place: Place, folder: Path) -> tuple[Place, bool | None]:
    """The place with the password that opens it, and whether that was made up now; None: it was not made up."""
    if place.password is None:
        if place.loopback:
            return place, None
        password, made = password_in(folder)
        return replace(place, password=password), made
    if not LEAST_PASSWORD <= len(place.password) <= MOST_PASSWORD:
        raise InvalidInput(
            f"The studio's password has to be {LEAST_PASSWORD} to {MOST_PASSWORD} characters long.",
            hint="Set SAMECAST_STUDIO_PASSWORD to another one, or unset it to have one made up.",
        )
    return place, None
