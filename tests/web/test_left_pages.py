"""What a page leaves behind when somebody goes on to the next one."""

import re
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.web.serving import Served

LISTENERS = "listeners: "
COUNTING = f"""
import signal
from samecast.web.pulse import Pulse

pulses, begin = [], Pulse.__init__
Pulse.__init__ = lambda self, *arguments: (begin(self, *arguments), pulses.append(self))[0]
signal.signal(signal.SIGUSR1, lambda *_: print("{LISTENERS}", sum(len(one._listening) for one in pulses), flush=True))
"""


@pytest.fixture
def served(serving) -> Served:
    """A studio that says how many listen to what happens, when it gets a signal."""
    begun: Served = serving("--no-worker", before=COUNTING)
    return begun


def listeners(served: Served) -> int:
    before = len(served.said)
    served.process.send_signal(signal.SIGUSR1)
    for _ in range(200):
        if said := [line for line in served.said[before:] if line.startswith(LISTENERS.strip())]:
            return int(said[-1].rpartition(" ")[2])
        time.sleep(0.05)
    raise AssertionError(f"it did not say how many: {served.said[before:]}")


def go(page: Page, name: str) -> None:
    page.locator(".rail").get_by_role("link", name=re.compile(f"^{name}")).first.click()
    page.wait_for_selector(f"main.page h1:has-text('{name}')")


def test_pages_that_were_left_hear_nothing_any_more(served: Served, opening, tmp_path: Path):
    out = str(tmp_path / "out")
    served.run("shoot", "an empty harbour at dawn", "--image", "-n", "2", "--detach", "--out", out)
    page = opening()
    page.goto(served.url)
    page.wait_for_selector("main.page h1:has-text('Characters')")
    alone = listeners(served)
    assert alone >= 1, "the frame around the pages counts what runs"
    most = 0
    for _ in range(3):
        for name in ("Creations", "Queue", "Create"):
            go(page, name)
        page.wait_for_selector(".stages .stage")
        most = max(most, listeners(served))
        go(page, "Characters")
    assert most > alone, "a stage listens as long as it is there"
    assert listeners(served) == alone
