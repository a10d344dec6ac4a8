"""The studio as it is really served, in a process of its own on a free port, and a real Chromium that looks at it.

Whatever a page says on the console, and whatever it asks of any other host, fails the test that opened it.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, Request, sync_playwright
from tests.web.serving import Served, serve

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Serves a library of its own, as often as it is called: `serving("--no-worker")`."""
    running: list[Served] = []

    def begin(*options: str, home: Path | None = None, **environment: str) -> Served:
        running.append(serve(home or tmp_path / f"home{len(running)}", *options, **environment))
        return running[-1]

    yield begin
    for served in running:
        served.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One studio without a worker for the tests of a module; its library is shared by them."""
    running = serve(tmp_path_factory.mktemp("studio") / "home", "--no-worker")
    yield running
    running.stop()


# --- the browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield started
    started.close()


@dataclass(slots=True)
class Watched:
    """What pages said and asked for that they should not have. `allowed`: patterns of lines that a test provokes."""

    lines: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def check(self) -> None:
        wrong = [line for line in self.lines if not any(re.search(pattern, line) for pattern in self.allowed)]
        assert not wrong, wrong


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def opening(browser: Browser, watched: Watched) -> Iterator[Callable[..., Page]]:
    """Opens a tab of its own, as often as it is called: `opening(390, 844, touch=True)`; each is watched to its end."""
    contexts = []

    def begin(width: int = 1440, height: int = 900, *, touch: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda line: watched.lines.append(f"console {line.type}: {line.text}"))
        page.on("pageerror", lambda error: watched.lines.append(f"error: {error}"))
        page.on("request", lambda request: _home_only(request, watched))
        page.on("requestfailed", lambda request: _failed(request, watched))
        return page

    yield begin
    for context in contexts:
        context.close()
    watched.check()


@pytest.fixture
def page(opening: Callable[..., Page]) -> Page:
    """A tab the size of a desktop's."""
    return opening()


def _home_only(request: Request, watched: Watched) -> None:
    parts = urlsplit(request.url)
    if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
        watched.lines.append(f"elsewhere: {request.url}")


def _failed(request: Request, watched: Watched) -> None:
    if "ERR_ABORTED" not in (request.failure or ""):  # a page lets go of pictures that it needs no longer
        watched.lines.append(f"failed: {request.url} {request.failure}")
