"""From a photograph to a found take, as somebody goes the first time: in one tab, at a desk and on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.web.looking import without_barriers
from tests.web.serving import Served
from tests.web.test_characters import ASTRONAUT, add_picture, field
from tests.web.test_create import LONG, scrub_and_pick_another

PROMPT = "walking through a neon-lit alley at night in heavy rain, 9:16"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)], ids=["desk", "phone"])
def test_from_a_photograph_to_a_take_that_is_found_again(
    serving: Callable[..., Served], opening: Callable[..., Page], width: int, height: int
) -> None:
    served = serving()
    page = opening(width, height, touch=width < 720)
    page.goto(served.url)
    page.wait_for_function("() => window.did_handshake === true")

    # Somebody is cast, with an anchor marked on the picture.
    page.get_by_role("button", name="Create new").first.click()
    page.get_by_role("dialog", name="New character").wait_for()
    add_picture(page, ASTRONAUT)
    marker = page.locator(".marker")
    box = marker.bounding_box()
    assert box is not None
    marker.click(position={"x": 0.33 * box["width"], "y": 0.76 * box["height"]})
    page.get_by_label("Anchor 1", exact=True).fill("round purple mission patch on the chest")
    field(page, "Name").fill("Eileen")
    page.get_by_role("button", name="Create now").click()
    page.wait_for_url("**/characters/eileen")
    expect(page.locator(".marker.still .mark")).to_have_count(1)

    # Three takes are made of a prompt that names her.
    page.get_by_role("link", name="Create", exact=True).click()
    prompt = page.get_by_role("combobox", name="Prompt")
    page.get_by_label("Model", exact=True).wait_for()
    prompt.press_sequentially("Slow tracking shot following @eil")
    expect(page.get_by_role("option", name="Eileen")).to_be_visible()
    prompt.press("Enter")
    prompt.press_sequentially(PROMPT)
    page.get_by_label("Seconds").fill("1")
    begin = page.get_by_role("button", name="Shoot", exact=True)
    expect(begin).not_to_have_attribute("aria-disabled", "true")
    begin.click()
    stage = page.locator("article.stage").first
    expect(stage.locator(".take")).to_have_count(3)
    expect(stage.locator(".take-doing .number").first).to_contain_text("%", timeout=LONG)
    expect(stage.locator(".take-picked")).to_be_visible(timeout=LONG)
    expect(stage.locator("video")).to_have_count(3)

    # They are scrubbed together; another one is picked, and shot again.
    scrub_and_pick_another(page, stage)
    stage.get_by_role("button", name="Again like this").click()
    page.get_by_role("dialog", name="Again like this").get_by_role("button", name="Shoot").click()
    expect(page.locator("article.stage")).to_have_count(2)
    expect(page.locator("article.stage").first.locator("video")).to_have_count(1, timeout=LONG)

    # The four are found among the creations, the pick by its mark.
    page.get_by_role("link", name="Creations", exact=True).click()
    expect(page.locator(".tile-face")).to_have_count(4)
    expect(page.locator(".tile-picked")).to_have_count(2)
    page.get_by_label("Search").fill("nobody ever said so")
    expect(page.locator(".tile-face")).to_have_count(0)
    page.get_by_label("Search").fill("neon alley")
    expect(page.locator(".tile-face")).to_have_count(4)
    without_barriers(page)
