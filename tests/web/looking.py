"""What every page is looked at for."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter(one => Number.isFinite(one.effect.getComputedTiming().endTime)).map(one => one.finished))"""


def without_barriers(page: Page) -> None:
    """Nothing that axe calls serious or critical.

    Not in the midst of a change of colours. Without its copies of the style sheets, which the pages' own policy
    refuses it, and says so on the console.
    """
    page.evaluate(_SETTLED)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    grave = [
        f"{one['id']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert not grave, grave


def as_wide_as(page: Page, selector: str = "html") -> int:
    """How wide what is in it is, in pixels: more than the window where something sticks out."""
    width = page.evaluate("(selector) => document.querySelector(selector).scrollWidth", selector)
    assert isinstance(width, int)
    return width
