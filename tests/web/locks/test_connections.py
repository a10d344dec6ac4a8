"""Connections: how long one may take to ask, and how many somebody may hold. Against a real server."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvicorn

from samecast.web.locks.connections import impatient

ASK = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@contextlib.asynccontextmanager
async def served(app: Callable[..., Any] = answer, **rules: Any) -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=impatient(**rules), lifespan="off", log_level="critical", timeout_keep_alive=30)
    server = uvicorn.Server(config)
    with contextlib.ExitStack() as stack:
        stack.enter_context(listening)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = server.force_exit = True
        await serving


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Whether the server ends the connection without being told anything more."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            return await reader.read() == b""
    return True


async def said(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.readuntil(b"ok")


def test_who_says_nothing_or_only_half_is_hung_up_on():
    async def run() -> None:
        async with served(head_seconds=0.3) as port:
            for begun in (b"", b"G", ASK[:-2], b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 40):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(begun)
                assert await hung_up(reader), begun
                writer.close()

    asyncio.run(run())


def test_dripping_does_not_help():
    async def run() -> None:
        async with served(head_seconds=0.3) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)

            async def drip() -> None:
                with contextlib.suppress(ConnectionError):
                    writer.write(b"GET / HTTP/1.1\r\n")
                    while not writer.is_closing():
                        writer.write(b"x: y\r\n")
                        await writer.drain()
                        await asyncio.sleep(0.05)

            dripping = asyncio.create_task(drip())
            assert await hung_up(reader)
            dripping.cancel()
            writer.close()

    asyncio.run(run())


def test_who_asks_in_time_may_ask_again_and_be_slow_to_ask():
    async def run() -> None:
        async with served(head_seconds=0.3) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                writer.write(ASK)
                assert (await said(reader)).startswith(b"HTTP/1.1 200")
                await asyncio.sleep(0.5)
            writer.write(ASK[:5])
            assert await hung_up(reader), "the next question is to come in time too"
            writer.close()

    asyncio.run(run())


def test_an_endless_body_after_the_answer_is_cut():
    async def run() -> None:
        async with served(head_seconds=0.3) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
            await said(reader)
            ended = False
            with contextlib.suppress(ConnectionError):
                for _ in range(200):
                    writer.write(b"4\r\nabcd\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.02)
                    if reader.at_eof():
                        break
            ended = await hung_up(reader)
            assert ended
            writer.close()

    asyncio.run(run())


def test_one_address_holds_so_many():
    async def run() -> None:
        async with served(each=2) as port:
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await hung_up(reader)
            writer.close()
            held[0][1].close()
            await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK)
            assert (await said(reader)).startswith(b"HTTP/1.1 200"), "one that ended counts no more"
            for _, each in [*held, (reader, writer)]:
                each.close()

    asyncio.run(run())
