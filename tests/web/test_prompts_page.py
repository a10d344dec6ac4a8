"""Prompts in a real browser: found by genre, kind and words, put to somebody, handed to Create; the formula's form."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.web.looking import as_wide_as, without_barriers
from tests.web.serving import Served, serve

from samecast.wiring import sample_picture

PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)  # nothing here is about how quick a busy machine is


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = serve(tmp_path_factory.mktemp("prompts") / "home", "--no-worker")
    running.run("cast", "add", str(sample_picture("astronaut.png")), "--name", "Eileen", "--anchor", "orange suit")
    yield running
    running.stop()


def opened(page: Page, studio: Served, path: str = "/prompts") -> None:
    page.goto(studio.url + path)
    expect(page.locator(".prompts-card").first).to_be_visible()


def card(page: Page, title: str) -> Locator:
    return page.locator(".prompts-card").filter(has_text=title)


def test_the_pack_is_there_each_with_its_still(page: Page, studio: Served):
    opened(page, studio)
    expect(page.get_by_role("heading", level=1)).to_have_text("Prompts")
    assert page.locator(".prompts-card").count() >= 30
    assert page.locator(".prompts-card img").count() == page.locator(".prompts-card").count()
    page.wait_for_function("() => document.querySelector('.prompts-card img').naturalWidth > 100")
    without_barriers(page)


def test_it_is_found_by_genre_kind_and_words(page: Page, studio: Served):
    opened(page, studio)
    page.get_by_label("Genre").select_option("noir")
    expect(page.locator(".prompts-card")).to_have_count(4)
    page.get_by_role("radio", name="Clips").check()
    expect(page.locator(".prompts-card")).to_have_count(2)
    page.get_by_label("Search").fill("cobbled")
    expect(page.locator(".prompts-card")).to_have_count(1)
    expect(page.get_by_text("1 prompt", exact=True)).to_be_visible()
    page.get_by_label("Search").fill("nothing says this")
    expect(page.get_by_text("No prompt has all of that.")).to_be_visible()


def test_a_prompt_is_put_to_somebody_and_handed_to_create(page: Page, studio: Served):
    opened(page, studio)
    card(page, "Last call").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Last call")
    expect(dialog.locator(".command-line").first).to_contain_text("Close-up of @eileen")
    for said in ("Models", "Keep out", "Why it works", "A still is the storyboard"):
        expect(dialog).to_contain_text(said)
    expect(dialog.locator("dl.brief")).to_contain_text("close-up")
    without_barriers(page)
    text = dialog.locator(".command-line").first.inner_text()
    link = dialog.get_by_role("link", name="Use in Create")
    asked = parse_qs(urlsplit(link.get_attribute("href") or "").query)
    assert (asked["prompt"], asked["kind"], asked["aspect"]) == ([text], ["image"], ["4:5"])
    link.click()
    expect(page.get_by_role("combobox", name="Prompt")).to_have_value(text)
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Image", exact=True)).to_be_checked()


def test_a_portrait_of_the_pack_fills_the_form(page: Page, studio: Served):
    opened(page, studio, "/prompts?prompt=noir-investigator")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".command-line").first).to_contain_text("private investigator")
    dialog.get_by_label("For").select_option("eileen")
    expect(dialog.locator(".command-line").first).to_contain_text("@eileen")
    dialog.get_by_role("button", name="Put into the form").click()
    expect(page.get_by_label("Hair")).to_have_value("iron-grey hair combed straight back")
    expect(page.get_by_text("Nothing is missing")).to_be_visible()
    without_barriers(page)


def test_the_formula_says_what_is_missing_as_it_is_written(page: Page, studio: Served):
    opened(page, studio)
    page.get_by_role("button", name="Portrait formula").click()
    result = page.get_by_role("region", name="The prompt")
    page.get_by_label("Character", exact=True).fill("a <b>ship's cook</b> of about sixty")
    expect(result.locator(".command-line")).to_contain_text("a <b>ship's cook</b> of about sixty")
    expect(result).to_contain_text("Say the hair")
    page.get_by_label("Hair").fill("cropped white hair with a notch shaved above the right ear")
    expect(result).not_to_contain_text("Say the hair")
    page.get_by_label("Anchors").fill("a crescent scar under the left eye\na copper anchor pin")
    expect(result.locator(".command-line")).to_contain_text("a crescent scar under the left eye, a copper anchor pin")
    text = result.locator(".command-line").inner_text()
    result.get_by_role("link", name="Use in Create").click()
    expect(page.get_by_role("combobox", name="Prompt")).to_have_value(text)


def test_what_is_too_long_says_so(page: Page, studio: Served):
    opened(page, studio)
    page.get_by_role("button", name="Portrait formula").click()
    page.get_by_label("Clothing").fill("matte " * 325 + "armour")
    expect(page.get_by_text("too long to be handed over")).to_be_visible()
    page.get_by_label("Clothing").fill("x" * 3000)
    expect(page.get_by_role("region", name="The prompt").locator(".note.wrong")).to_be_visible()


def test_without_a_cast_it_says_how_to_begin(serving: Callable[..., Served], page: Page):
    running = serving("--no-worker")
    opened(page, running, "/prompts?prompt=noir-last-call")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nobody is cast yet")
    expect(dialog.get_by_role("link", name="Cast somebody")).to_have_attribute("href", "/characters/new")


def test_on_a_phone_nothing_sticks_out(opening: Callable[..., Page], studio: Served):
    page = opening(360, 740, touch=True)
    opened(page, studio)
    assert as_wide_as(page) <= 360
    without_barriers(page)
    card(page, "Footsteps").tap()
    expect(page.get_by_role("dialog").locator(".command-line").first).to_contain_text("@eileen")
    assert as_wide_as(page) <= 360
    without_barriers(page)
    page.get_by_role("button", name="Close", exact=True).last.tap()
    page.get_by_role("button", name="Portrait formula").tap()
    expect(page.get_by_label("Light", exact=True)).to_be_visible()
    assert as_wide_as(page) <= 360
