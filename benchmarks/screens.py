"""The studio's pages as pictures: `./run bench screens [--out FOLDER]`. Those in docs/pictures are made with it.

Casts the demo's two photographs in a library of its own, shoots a few things on the storyboard, serves the studio, and
takes a picture of each page, as wide as a laptop and as narrow as a phone. They are to be looked at.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.studio import COMMAND, READY, Served, serving
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from samecast.wiring import sample_picture

WIDE, NARROW = (1440, 900), (390, 844)
SHOTS = (
    ("Wide shot of @chelsea in a snowy mountain pass at dusk, 16:9", "--image"),
    ("@eileen on a rooftop at golden hour, close-up, 4:5", "--image"),
    ("Slow tracking shot following @eileen walking through a neon-lit alley at night in heavy rain, 9:16", "--video"),
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=Path("docs/pictures"))
    out = asked.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no Chromium on this machine: install it, then run this again.")
    with tempfile.TemporaryDirectory(prefix="samecast-screens-") as folder, sync_playwright() as playwright:
        home = Path(folder)
        with serving(home) as served:
            _fill(home)
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for name, path, do in PAGES:
                _take(browser, served, path, do, out / f"studio-{name}.jpg", WIDE)
            phones = [_picture(browser, served, path, do, NARROW) for name, path, do in PAGES if name in ON_PHONES]
            _side_by_side(phones).save(out / "studio-phone.jpg", quality=84)
            browser.close()


def _fill(home: Path) -> None:
    def samecast(*arguments: str) -> None:
        environment = {"SAMECAST_HOME": str(home), "PATH": "/usr/bin:/bin"}
        subprocess.run([*COMMAND, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL, cwd=home)

    anchors = (
        "--anchor",
        "round purple mission patch on the chest [0.28,0.68,0.13,0.15]",
        "--anchor",
        "short auburn hair",
    )
    samecast("cast", "add", str(sample_picture("astronaut.png")), "--name", "Eileen", "--tag", "lead", *anchors)
    samecast(
        "cast", "add", str(sample_picture("chelsea.png")), "--name", "Chelsea", "--tag", "cat", "--anchor", "green eyes"
    )
    for number, (prompt, kind) in enumerate(SHOTS):
        samecast("shoot", prompt, kind, "-n", "3", "--out", str(home / f"shot{number}"))


def _take(
    browser: Browser, served: Served, path: str, do: Callable[[Page], None], to: Path, size: tuple[int, int]
) -> None:
    _picture(browser, served, path, do, size).save(to, quality=84)
    print(to)


def _picture(
    browser: Browser, served: Served, path: str, do: Callable[[Page], None], size: tuple[int, int]
) -> Image.Image:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=size == NARROW)
    page = context.new_page()
    page.goto(served.url + path)
    page.wait_for_function(READY)
    page.wait_for_selector("main.page")
    page.wait_for_timeout(1500)
    do(page)
    page.wait_for_timeout(1200)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return taken


def _side_by_side(pictures: list[Image.Image], gap: int = 24) -> Image.Image:
    width = sum(one.width for one in pictures) + gap * (len(pictures) + 1)
    sheet = Image.new("RGB", (width, pictures[0].height + 2 * gap), (38, 40, 45))
    x = gap
    for one in pictures:
        sheet.paste(one, (x, gap))
        x += one.width + gap
    return sheet


# --- pages ----------------------------------------------------------------------------------------------------------


def _as_it_is(page: Page) -> None:
    pass


def _new_character(page: Page) -> None:
    page.locator("dialog[open] input[type=file]").set_input_files(str(sample_picture("astronaut.png")))
    page.locator("dialog[open] .rules").wait_for()
    page.locator("dialog[open] .field .input").first.fill("Eileen II")


def _composed(page: Page) -> None:
    page.locator(".prompt-text").fill("Slow push in on @eileen in a cafe at dusk, 9:16")
    page.wait_for_timeout(1500)
    scrub = page.get_by_role("slider", name="Moment of all takes")
    if scrub.count():
        move = "(range) => { range.value = 1.6; range.dispatchEvent(new Event('input', { bubbles: true })); }"
        scrub.first.evaluate(move)


def _details(page: Page) -> None:
    page.locator(".tile-face").first.click()
    page.locator("dialog[open] .closeup img").first.wait_for()


def _to_the_meter(page: Page) -> None:
    """Past the names of this machine's folders."""
    page.get_by_role("heading", name="The meter").evaluate("(heading) => heading.scrollIntoView()")


PAGES: tuple[tuple[str, str, Callable[[Page], None]], ...] = (
    ("characters", "/", _as_it_is),
    ("new-character", "/characters/new", _new_character),
    ("character", "/characters/eileen", _as_it_is),
    ("create", "/create", _composed),
    ("creations", "/creations", _as_it_is),
    ("details", "/creations", _details),
    ("prompts", "/prompts", _as_it_is),
    ("models", "/models", _as_it_is),
    ("queue", "/queue", _as_it_is),
    ("settings", "/settings", _to_the_meter),
)
ON_PHONES = ("characters", "character", "create", "creations")


if __name__ == "__main__":
    main()
