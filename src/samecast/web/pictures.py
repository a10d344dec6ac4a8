"""The addresses that are no pages: small copies of pictures, clips, the cast, files to be saved, and what comes in.

Nothing here takes a path or a file name: an asset is asked for by its sha256, and a picture that was handed in by the
name that it was given here.
"""

import re
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from samecast.core.errors import NotFound, SamecastError, StorageFailed
from samecast.services.receiving import MOST_BYTES
from samecast.web.desk import Desk
from samecast.web.locks.uploads import Intake

KEPT = {"cache-control": "private, max-age=31536000, immutable"}
"""An asset is named by its content, so a copy of it never changes."""
LONGEST, SHORTEST = 2560, 32
VERSION = re.compile("[0-9a-f]{32}")
SAVED = "application/octet-stream"
"""What is to be saved and never shown."""


def add_routes(app: FastAPI, desk: Desk) -> None:
    """Onto an application that is mounted at /studio."""
    showing, receiving = desk.studio.showing, desk.studio.receiving
    intake = Intake(most_bytes=MOST_BYTES)

    async def kept_clip(sha256: str) -> Path:
        path = await desk.ask(showing.kept_clip, sha256)
        return path if path is not None else await desk.make((sha256, "clip"), showing.clip, sha256)

    @app.get("/picture/{sha256}/{side}.jpg")
    @_told
    async def picture(sha256: str, side: str) -> Response:
        long = _pixels(side)
        jpeg = await desk.ask(showing.kept, sha256, long)
        if jpeg is None:
            jpeg = await desk.make((sha256, long), showing.jpeg, sha256, long)
        return Response(jpeg, media_type="image/jpeg", headers=KEPT)

    @app.get("/clip/{sha256}.mp4")
    @_told
    async def clip(sha256: str) -> Response:
        return FileResponse(await kept_clip(sha256), media_type="video/mp4", headers=KEPT)

    @app.get("/original/{sha256}")
    @_told
    async def original(sha256: str) -> Response:
        try:
            clip = await kept_clip(sha256)
        except NotFound:  # a picture, which is small enough to be held in memory
            content = await desk.ask(showing.original, sha256)
            return Response(content, media_type=SAVED, headers=_to_save(f"{sha256[:12]}.png"))
        return FileResponse(clip, media_type=SAVED, headers=_to_save(f"{sha256[:12]}.mp4"))

    @app.get("/preview/{take}/{number}.jpg")
    @_told
    async def preview(take: str, number: str) -> Response:
        jpeg = await desk.ask(desk.studio.watching.preview, take)
        if jpeg is None:  # made meanwhile, as the page is about to learn: nothing is wrong
            return Response(status_code=204)
        return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "private, max-age=60"})

    @app.get("/received/{name}/{side}.jpg")
    @_told
    async def received(name: str, side: str) -> Response:
        content = await desk.ask(receiving.jpeg, name, min(LONGEST, max(SHORTEST, _pixels(side))))
        return Response(content, media_type="image/jpeg", headers=KEPT)

    @app.get("/cast/{version}.json")
    @_told
    async def cast(version: str) -> Response:
        if not VERSION.fullmatch(version):
            raise NotFound("There is no such list of the cast.", hint="Load the page again.")
        found = await desk.cast_list()
        kept = KEPT if found.address.endswith(f"/{version}.json") else {"cache-control": "no-store"}
        return Response(found.content, media_type="application/json", headers=kept)

    @app.get("/outgoing/{token}/{name}")
    @_told
    async def outgoing(token: str, name: str) -> Response:
        path = await desk.ask(desk.studio.sending.at, token, name)
        return FileResponse(path, media_type=SAVED, headers=_to_save(name) | {"cache-control": "no-store"})

    @app.post("/upload")
    @_told
    async def upload(request: Request) -> Response:
        found = await intake.take(request, receiving.receive)
        return JSONResponse({"name": found.name, "width": found.width, "height": found.height})


def _to_save(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'} | KEPT


def _pixels(side: str) -> int:
    if not (side.isascii() and side.isdigit() and len(side) <= 5):
        raise NotFound("There is no picture of that size.", hint="Its size is a whole number of pixels.")
    return int(side)


def _told(answer: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """Errors as one line of JSON, with what to do about it. What was still being sent then is not waited for."""

    @wraps(answer)
    async def telling(*arguments: Any, **named: Any) -> Response:
        try:
            return await answer(*arguments, **named)
        except SamecastError as error:
            status = 404 if isinstance(error, NotFound) else 503 if isinstance(error, StorageFailed) else 400
            said = {"error": error.message, "hint": error.hint}
            return JSONResponse(said, status_code=status, headers={"connection": "close"})

    return telling
