"""How quick the studio in the browser is: `./run bench studio [--takes N] [--browsers N] [--minutes N] [--keep DIR]`.

Fills a library (100,000 takes unless told otherwise), serves it as users do, and looks at it in a real Chromium: how
long until the first page can be used, with nothing cached, beside an empty page of the same server; how long a key
takes to show in the prompt box; and what an action takes while many browsers are at it and takes are made, with the
server's memory over that time. The browsers share this machine's cores with all of it, as they do on a laptop.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.library import fill
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from sqlalchemy import text

from samecast.library import open_library
from samecast.media import LocalMedia
from samecast.ports import Picture
from samecast.settings import Settings
from samecast.wiring import sample_picture

RUNS = 9
ORDERED = 2
"""Another shot is ordered when fewer than these run, so that the worker is busy all the while."""
PICTURES = 48
ROOMS = (("Characters", "/"), ("Create", "/create"), ("Creations", "/creations"), ("Queue", "/queue"))
COMMAND = (sys.executable, "-W", "ignore", "-c", "from samecast.wiring import main; main()")
KIND = "main label.field:has(select > option[value='video']) select"
READY = "() => window.did_handshake === true"
SEEN = """([selector, text]) => [...document.querySelectorAll(selector)]
    .some((one) => one.checkVisibility() && one.textContent.includes(text))"""


@dataclass(slots=True)
class Served:
    """A studio that is served, with its server's process."""

    url: str
    home: Path
    process: "subprocess.Popen[str]"

    @property
    def megabytes(self) -> float:
        """What the server holds in memory."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@dataclass(slots=True)
class Crowd:
    """What many browsers found: milliseconds of each action, megabytes of the server over time."""

    actions: dict[str, list[float]] = field(default_factory=dict)
    memory: list[tuple[float, float]] = field(default_factory=list)
    late: int = 0
    shots: int = 0

    def note(self, action: str, milliseconds: float) -> None:
        self.actions.setdefault(action, []).append(milliseconds)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--takes", type=int, default=100_000)
    asked.add_argument("--browsers", type=int, default=20)
    asked.add_argument("--minutes", type=float, default=10.0)
    asked.add_argument("--keep", type=Path, metavar="FOLDER", help="make the library there, or use the one there")
    chosen = asked.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("There is no Chromium on this machine: install it, then run this again.")
    with _home(chosen.keep) as home, sync_playwright() as playwright:
        fill_with_pictures(Settings(home=home), chosen.takes)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with serving(home) as served:
            print(f"{os.cpu_count()} cores, {chosen.takes:,} takes, Chromium {browser.version}\n")
            first_pages(browser, served)
            typing(browser, served)
            crowd(browser, served, chosen.browsers, chosen.minutes)
        browser.close()


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="samecast-studio-") as folder:
        yield Path(folder)


def fill_with_pictures(settings: Settings, takes: int) -> None:
    """A library of so many takes, whose pictures are a few dozen real ones."""
    if settings.database_file.exists():
        return
    fill(settings, takes)
    library, media = open_library(settings), LocalMedia()
    photograph = media.read_picture(sample_picture("astronaut.png")).rgb
    lots = random.Random(7)
    names = []
    for _ in range(PICTURES):
        x, y = lots.randrange(0, 128), lots.randrange(0, 128)
        names.append(
            library.assets.put(media.png(Picture(rgb=photograph[y : y + 384, x : x + 384].copy())), suffix=".png")
        )
    with library.database.write() as connection:
        for table, key in (("takes", "id"), ("creations", "place")):
            connection.execute(text(f"UPDATE {table} SET asset = NULL WHERE asset IS NOT NULL"))
            for number, name in enumerate(names):
                connection.execute(
                    text(f"UPDATE {table} SET asset = :name WHERE (rowid % {PICTURES}) = :number")
                    if table == "takes"
                    else text(f"UPDATE {table} SET asset = :name WHERE ({key} / 1024 % {PICTURES}) = :number"),
                    {"name": name, "number": number},
                )
        connection.execute(text("UPDATE reference_images SET sha256 = :name"), {"name": names[0]})
        connection.execute(text("DELETE FROM creation_queue"))
    library.close()


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    environment = {**os.environ, "SAMECAST_HOME": str(home)}
    process = subprocess.Popen(
        [*COMMAND, "studio", "--no-browser", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as from a terminal, while browsers are the desktop's: Linux shares among sessions
    )
    assert process.stdout is not None
    try:
        words = process.stdout.readline().split()
        url = next(word for word in words if word.startswith("http"))
        yield Served(url=url.rstrip("/"), home=home, process=process)
    finally:
        process.terminate()
        process.wait(30)


# --- one browser ----------------------------------------------------------------------------------------------------


def first_pages(browser: Browser, served: Served) -> None:
    """Each in a context of its own, so that nothing is cached: until its content is there and it answers."""
    print("| first page, nothing cached | median ms | worst of 9 | times an empty page |\n| --- | --: | --: | --: |")
    empty = statistics.median(_loaded(browser, f"{served.url}/healthz", None) for _ in range(RUNS))
    for name, path, there in (
        ("Characters", "/", ".portrait img"),
        ("Creations", "/creations", "main .verdict"),
        ("Create", "/create", "label.field select"),
    ):
        _loaded(browser, served.url + path, there)  # whatever is made once is made by now
        times = [_loaded(browser, served.url + path, there) for _ in range(RUNS)]
        median = statistics.median(times)
        print(f"| {name} | {median:.0f} | {max(times):.0f} | {median / empty:.0f} |")
    print()


def _loaded(browser: Browser, url: str, there: str | None) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    if there is None:
        page.wait_for_load_state("load")
    else:
        page.wait_for_function(SEEN, arg=[there, ""])
        page.wait_for_function(READY)
    spent = 1000 * (time.perf_counter() - began)
    context.close()
    return spent


TYPED = """() => new Promise((done) => {
  const box = document.querySelector('.prompt-text'), times = [];
  box.addEventListener('keydown', () => {
    const began = performance.now();
    requestAnimationFrame(() => requestAnimationFrame(() => times.push(performance.now() - began)));
  });
  window.typedTimes = () => times;
  done();
})"""


def typing(browser: Browser, served: Served) -> None:
    """From a key to the second frame drawn after it, while the prompt is read on the server and answered."""
    page = _opened(browser, served, "/create")
    page.wait_for_selector("label.field select")
    page.evaluate(TYPED)
    box = page.locator(".prompt-text")
    box.press_sequentially(
        "Slow tracking shot through a neon-lit alley at night in heavy rain, steam rising, " * 2, delay=40
    )
    times = page.evaluate("() => window.typedTimes()")
    median, most = statistics.median(times), _p95(times)
    print(f"A key shows after {median:.0f} ms (median), {most:.0f} ms (95 of 100); two frames are 33 ms.\n")
    page.context.close()


def _opened(browser: Browser, served: Served, path: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(30_000)
    page.goto(served.url + path)
    page.wait_for_function(READY)
    return page


# --- many browsers --------------------------------------------------------------------------------------------------


def crowd(browser: Browser, served: Served, many: int, minutes: float) -> None:
    """All of them at once, one action after the other, while the worker makes takes that some of them have begun."""
    pages = [_opened(browser, served, "/") for _ in range(many)]
    found, lots = Crowd(), random.Random(5)
    began, sampled = time.monotonic(), 0.0
    while time.monotonic() - began < 60 * minutes:
        page = lots.choice(pages)
        action, do = lots.choice(ACTIONS)
        try:
            if _running(page) < ORDERED:
                _shoot(page)
                found.shots += 1
            found.note(action, do(page, lots))
        except PlaywrightError as error:
            found.late += 1
            print(f"  {action}: {' '.join(str(error).split())[:160]}", file=sys.stderr)
        if time.monotonic() - sampled >= 10:
            sampled = time.monotonic()
            found.memory.append((sampled - began, served.megabytes))
        time.sleep(max(0.0, lots.expovariate(many / 6.0)))  # each acts every six seconds or so
    _report(found, many)


def _running(page: Page) -> int:
    """How many shots run, as every page says."""
    return int(page.locator(".rail .count").text_content() or 0)


def _shoot(page: Page) -> None:
    """Order a clip, in as many takes as usual, until it stands on the stage."""
    _room(page, "Create", "/create")
    page.locator(".prompt-text").fill("an empty harbour at dawn, 9:16")
    stages = page.locator(".stages .stage").count()
    page.click(".composer-go .button.main")
    page.wait_for_function("(before) => document.querySelectorAll('.stages .stage').length > before", arg=stages)


ACT = """([selector, value, there, text, unlike]) => new Promise((done) => {
  const seen = () => [...document.querySelectorAll(there)]
    .some((one) => one.checkVisibility() && one.textContent.includes(text) && one.textContent !== unlike);
  const one = document.querySelector(selector), began = performance.now();
  const looking = new MutationObserver(() => {
    if (!seen()) return;
    looking.disconnect();
    done(performance.now() - began);
  });
  looking.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  if (value === null) return one.click();
  one.value = value;
  one.dispatchEvent(new Event(one.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
})"""


def _timed(
    page: Page, selector: str, there: str, text: str = "", *, value: str | None = None, unlike: str | None = None
) -> float:
    """Milliseconds from a press, or a value put in, until such an element is there, by the page's own clock.

    Not by the clock out here, which adds what it takes to ask the browser and to have it draw twice: with so many
    browsers on one machine, that is most of it.
    """
    found = page.evaluate(ACT, [selector, value, there, text, unlike])
    assert isinstance(found, int | float)
    return float(found)


def _go(page: Page, lots: random.Random) -> float:
    """Go to another page, until its heading is there."""
    here = page.locator("main.page h1").inner_text()
    name, path = lots.choice([room for room in ROOMS if room[0] != here])
    return _timed(page, f".rail a[href='{path}']", "main.page h1", name)


def _read_a_prompt(page: Page, lots: random.Random) -> float:
    """Type a prompt, until what it is understood as stands below it. The box waits a quarter of a second by itself."""
    _room(page, "Create", "/create")
    hour = lots.choice(("dawn", "dusk", "night"))
    page.locator(".prompt-text").fill("")
    page.wait_for_selector(".brief", state="detached")
    return _timed(page, ".prompt-text", ".brief dd", hour, value=f"an empty street at {hour}") - 250


def _narrow_creations(page: Page, lots: random.Random) -> float:
    """Choose a kind, until the wall and its count are that."""
    _room(page, "Creations", "/creations")
    page.wait_for_selector("main .tile-face")
    count = page.locator("main header .number")
    before = count.inner_text()
    now = page.locator(KIND).input_value()
    kind = lots.choice([kind for kind in ("", "image", "video") if kind != now])
    return _timed(page, KIND, "main header .number", "takes", value=kind, unlike=before)


def _open_a_dialog(page: Page, lots: random.Random) -> float:
    """Open the dialog for a new character."""
    _room(page, "Characters", "/")
    spent = _timed(page, "main header .button.main", "dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    return spent


def _room(page: Page, name: str, path: str) -> None:
    if page.locator("main.page h1").inner_text() != name:
        page.click(f".rail a[href='{path}']")
    page.wait_for_selector(f"main.page h1:has-text('{name}')")


ACTIONS: tuple[tuple[str, Callable[[Page, random.Random], float]], ...] = (
    ("go to another page", _go),
    ("read a prompt", _read_a_prompt),
    ("narrow the creations", _narrow_creations),
    ("open a dialog", _open_a_dialog),
)


def _p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


def _report(found: Crowd, many: int) -> None:
    print(f"| {many} browsers | actions | median ms | p95 ms |\n| --- | --: | --: | --: |")
    for action, times in sorted(found.actions.items()):
        print(f"| {action} | {len(times)} | {statistics.median(times):.0f} | {_p95(times):.0f} |")
    every = [time for times in found.actions.values() for time in times]
    print(f"| all of them | {len(every)} | {statistics.median(every):.0f} | {_p95(every):.0f} |")
    fifths = [found.memory[(len(found.memory) - 1) * fifth // 5][1] for fifth in range(1, 6)]
    print(f"\nMemory of the server after each fifth of the time: {', '.join(f'{one:.0f}' for one in fifths)} MB.")
    print(f"Shots that were ordered meanwhile, each in as many takes as usual: {found.shots}.")
    print(f"Actions that did not come to their end within 30 s: {found.late}.")


if __name__ == "__main__":
    main()
