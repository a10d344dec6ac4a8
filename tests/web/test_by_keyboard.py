"""The whole path without a mouse: everything is reached by Tab, seen to be reached, and done by keys."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.web.serving import Served
from tests.web.test_characters import ASTRONAUT
from tests.web.test_create import LONG

MOST_TABS = 80
FOCUSED = """([selector, text]) => {
  const one = document.activeElement;
  if (!one || !one.matches(selector) || !(one.innerText + (one.title || "")).includes(text)) return "";
  const shown = (style) => style.outlineStyle !== "none" || style.boxShadow !== "none";
  const seen = (of) => shown(getComputedStyle(of));
  return one.matches(":focus-visible") && (seen(one) || seen(one.parentElement)) ? "seen" : "not seen";
}"""


def tab_to(page: Page, selector: str, text: str = "") -> None:
    """Press Tab until such an element has the focus, and that is seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if found := page.evaluate(FOCUSED, [selector, text]):
            assert found == "seen", f"the focus is not seen on {selector} {text}"
            return
    raise AssertionError(f"{selector} {text} is not reached by Tab")


def press(page: Page, selector: str, text: str = "") -> None:
    tab_to(page, selector, text)
    page.keyboard.press("Enter")


def test_somebody_is_cast_shot_and_picked_without_a_mouse(serving: Callable[..., Served], page: Page) -> None:
    page.goto(serving().url)
    page.wait_for_function("() => window.did_handshake === true")
    page.get_by_role("button", name="Create the first").wait_for()
    tab_to(page, "a.skip")
    press(page, "button", "Create new")
    dialog = page.get_by_role("dialog", name="New character")
    dialog.wait_for()

    # The picture, the name, and an anchor that is marked and moved.
    page.on("filechooser", lambda chooser: chooser.set_files(ASTRONAUT))
    page.wait_for_timeout(300)  # until the browser has been told to ask here
    press(page, "button.drop-button")
    page.locator("dialog[open] .rules").wait_for()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.closest('label.field')?.innerText.startsWith('Name')"):
            break
    page.keyboard.type("Eileen")
    press(page, "button", "Add an anchor")
    text = dialog.get_by_label("Anchor 1", exact=True)
    expect(text).to_be_focused()
    page.keyboard.type("round purple mission patch on the chest")
    press(page, "button", "Mark on the picture")
    mark = dialog.locator("button.mark")
    expect(mark).to_be_focused()
    before = mark.get_attribute("style")
    page.keyboard.press("ArrowLeft")
    expect(mark).not_to_have_attribute("style", before or "")
    press(page, "button", "Create now")
    page.wait_for_url("**/characters/eileen")
    expect(page.locator(".marker.still .mark")).to_have_count(1)

    # Two takes of a prompt, chosen and picked.
    press(page, "a", "Shoot")
    prompt = page.get_by_role("combobox", name="Prompt")
    page.get_by_label("Model", exact=True).wait_for()
    tab_to(page, "textarea.prompt-text")
    expect(prompt).to_have_value("@eileen ")
    page.keyboard.press("End")
    page.keyboard.type("in a cafe at dusk")
    tab_to(page, "input[type=radio][name=kind]")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Image")).to_be_checked()
    page.get_by_role("button", name="Shoot", exact=True).wait_for()
    expect(page.get_by_role("button", name="Shoot", exact=True)).not_to_have_attribute("aria-disabled", "true")
    press(page, "button", "Shoot")
    stage = page.locator("article.stage").first
    expect(stage.locator(".take-picked")).to_be_visible(timeout=LONG)
    picked = stage.locator(".take.picked .take-number").inner_text()
    other = "1" if picked != "1" else "2"
    tab_to(page, "button.take-face")
    page.keyboard.press(other)
    expect(stage.locator(".take.chosen .take-number")).to_have_text(other)
    page.keyboard.press("p")
    expect(stage.locator(".take.picked .take-number")).to_have_text(other)
