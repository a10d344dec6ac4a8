"""Shooting in a real browser: the prompt, takes as they are made, another pick, and a shot left and found again."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.web.looking import as_wide_as, without_barriers
from tests.web.serving import Served, serve

from samecast.wiring import sample_picture

LONG = 120_000
"""Milliseconds in which three short takes are made, whatever else the machine does."""
IN_STEP = "() => [...document.querySelectorAll('video')].every((video) => Math.abs(video.currentTime - 0.5) < 0.05)"
LOADED = (
    "() => [...document.querySelectorAll('video')].every((one) => one.videoWidth === 720 && one.videoHeight === 1280)"
)
PROMPT = "walking through a neon-lit Tokyo alley at night in heavy rain, 9:16"


@pytest.fixture(scope="module")
def shooting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio with a worker, and one character in its cast."""
    running = serve(tmp_path_factory.mktemp("shooting") / "home")
    running.run("cast", "add", str(sample_picture("astronaut.png")), "--name", "Eileen", "--anchor", "orange suit")
    yield running
    running.stop()


def opened(page: Page, served: Served, path: str = "/create") -> Locator:
    """The prompt box, once the cast is offered in it."""
    page.goto(served.url + path)
    page.wait_for_function("() => window.did_handshake === true")
    page.get_by_label("Model", exact=True).wait_for()
    return page.get_by_role("combobox", name="Prompt")


def shoot(page: Page, served: Served, *, seconds: str = "1", takes: str = "3") -> Locator:
    """Three short takes of her, begun as somebody does it; the stage that they are on."""
    box = opened(page, served)
    box.press_sequentially("Slow tracking shot following @ei")
    expect(page.get_by_role("option", name="Eileen")).to_be_visible()
    box.press("Enter")
    box.press_sequentially(PROMPT)
    page.get_by_label("Seconds").fill(seconds)
    page.get_by_label("Takes", exact=True).fill(takes)
    begin = page.get_by_role("button", name="Shoot", exact=True)
    expect(begin).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator(".composer-go")).to_contain_text(f"{takes} take")
    begin.click()
    stage = page.locator("article.stage").first
    expect(stage.locator(".take")).to_have_count(int(takes))
    return stage


@pytest.fixture(scope="module")
def made(shooting: Served) -> Served:
    """The same, once somebody has shot three takes from the command line."""
    out = shooting.home.parent / "made"
    prompt = f"Slow tracking shot following @eileen {PROMPT}"
    shooting.run("shoot", prompt, "--video", "--seconds", "1", "-n", "3", "--out", str(out))
    return shooting


def scrub_and_pick_another(page: Page, stage: Locator) -> str:
    """Put all takes at one moment, and pick another one; returns the number of the pick before."""
    scrub = stage.get_by_role("slider", name="Moment of all takes")
    scrub.evaluate("(range) => { range.value = 0.5; range.dispatchEvent(new Event('input', { bubbles: true })); }")
    page.wait_for_function(IN_STEP)
    before = stage.locator(".take.picked .take-number").inner_text()
    other = "2" if before != "2" else "3"
    stage.get_by_role("button", name=f"Take {other}:").click()
    stage.get_by_role("button", name="Pick this").click()
    expect(stage.locator(".take.picked .take-number")).to_have_text(other, timeout=LONG)
    return before


# --- the prompt -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["", "Slow tracking shot following ", "one line\nand another with "])
def test_who_is_offered_stands_below_the_caret(page: Page, shooting: Served, before: str) -> None:
    box = opened(page, shooting)
    box.press_sequentially(f"{before}@ei")
    option = page.get_by_role("option", name="Eileen")
    expect(option).to_be_visible()
    option.click(trial=True)  # it lies on top, where it can be pressed
    place, paper = option.bounding_box(), box.bounding_box()
    assert place is not None
    assert paper is not None
    line = 24 * before.count("\n")
    assert paper["y"] + 20 + line < place["y"] < paper["y"] + 90 + line
    assert paper["x"] <= place["x"] <= paper["x"] + paper["width"]


def test_a_name_that_is_half_typed_is_no_mistake_yet(page: Page, shooting: Served) -> None:
    box = opened(page, shooting)
    box.press_sequentially("a portrait of @ei")
    expect(page.get_by_role("option", name="Eileen")).to_be_visible()
    page.wait_for_timeout(600)  # longer than the box waits for more
    missing = page.get_by_text("There is no @ei in the cast")
    expect(missing).to_have_count(0)
    box.press("Escape")
    expect(missing).to_be_visible()
    box.press_sequentially("leen")
    expect(page.locator(".brief")).to_contain_text("@eileen")


def test_the_prompt_is_read_while_it_is_typed(page: Page, shooting: Served) -> None:
    box = opened(page, shooting)
    box.press_sequentially("@eileen with her orange suit in a snowy mountain pass at dusk")
    said = page.locator(".said-of")
    expect(said.locator(".brief")).to_contain_text("dusk")
    expect(said).not_to_contain_text("not said")
    expect(page.locator(".named")).to_contain_text("Eileen")
    shorter = page.get_by_role("button", name="Use the shorter prompt")
    shorter.click()
    expect(box).not_to_have_value("orange suit")
    expect(shorter).to_have_count(0)


def test_who_is_named_is_chosen_without_typing_too(page: Page, shooting: Served) -> None:
    box = opened(page, shooting)
    page.locator("summary", has_text="Characters").click()
    page.locator(".menu-item", has_text="Eileen").click()
    expect(box).to_have_value("@eileen ")
    page.get_by_role("button", name="Take Eileen out of the prompt").click()
    expect(box).to_have_value("")


def test_a_negative_prompt_that_was_handed_over_waits_for_a_model_that_takes_one(page: Page, shooting: Served) -> None:
    page.goto(f"{shooting.url}/create?kind=image&prompt=%40eileen+in+a+cafe&negative=smudges")
    page.locator("summary", has_text="More").click()
    expect(page.locator(".composer")).to_contain_text("Storyboard takes no negative prompt.")
    page.get_by_label("Model", exact=True).select_option("qwen-image-edit")
    page.locator("summary", has_text="More").click()
    expect(page.get_by_label("Negative prompt")).to_have_value("smudges")


def test_nobody_of_that_name_is_said_and_not_shot(page: Page, shooting: Served) -> None:
    box = opened(page, shooting)
    box.press_sequentially("@nobody in a cafe")
    expect(page.locator(".said-of")).to_contain_text("There is no @nobody in the cast")
    expect(page.get_by_role("button", name="Shoot", exact=True)).to_have_attribute("aria-disabled", "true")


def test_an_option_out_of_bounds_is_told_beside_the_prompt(page: Page, shooting: Served) -> None:
    box = opened(page, shooting)
    box.press_sequentially("@eileen in a cafe")
    page.get_by_label("Seconds").fill("900")
    expect(page.locator(".said-of")).to_contain_text("900 seconds cannot be shot")
    page.get_by_label("Seconds").fill("two")
    expect(page.locator(".said-of")).to_contain_text("The length cannot be 'two'")


# --- takes ----------------------------------------------------------------------------------------------------------


def test_three_takes_are_made_before_ones_eyes_and_another_is_picked(page: Page, shooting: Served) -> None:
    stage = shoot(page, shooting)
    expect(stage.get_by_role("progressbar").first).to_be_attached()
    expect(stage.locator("img.preview").first).to_be_attached(timeout=LONG)
    expect(stage.locator(".take-picked")).to_be_visible(timeout=LONG)
    videos = stage.locator("video")
    expect(videos).to_have_count(3)
    assert videos.first.evaluate("(video) => video.readyState") == 0, "a picture is enough until somebody comes near"
    stage.locator(".film").hover()
    page.wait_for_function(LOADED)
    expect(stage.locator(".take-said").first).to_contain_text("Same person by design")

    before = scrub_and_pick_another(page, stage)
    page.get_by_role("button", name="Undo").click()
    expect(stage.locator(".take.picked .take-number")).to_have_text(before, timeout=LONG)
    assert list((shooting.home / "shots").glob("*/shot.json")), "its files lie in the library's own folder"


def test_a_shot_left_is_come_back_to_in_another_tab_and_stopped_there(
    opening: Callable[..., Page], shooting: Served
) -> None:
    first, second = opening(), opening(390, 844, touch=True)
    stage = shoot(first, shooting, seconds="6", takes="2")
    expect(stage.locator(".take-doing .number").first).to_contain_text("%", timeout=LONG)
    first.close()
    opened(second, shooting)
    again = second.locator("article.stage").first
    expect(again.locator(".take")).to_have_count(2)
    expect(second.locator(".rail .count")).to_have_text("1")
    again.get_by_role("button", name="Stop").click()
    expect(again.get_by_role("button", name="Go on")).to_be_visible(timeout=LONG)
    expect(again).to_contain_text("Stopped")
    expect(second.locator(".rail .count")).to_be_hidden()


def test_a_take_is_shot_again_and_its_moment_becomes_a_first_frame(page: Page, made: Served) -> None:
    opened(page, made)
    stage = page.locator("article.stage", has=page.locator(".take-picked")).first
    stage.locator("summary", has_text="Use this moment").click()
    stage.get_by_role("button", name="As a clip's first frame").click()
    expect(page.locator(".given-picture")).to_be_visible(timeout=LONG)
    expect(page.locator(".composer")).to_contain_text("Storyboard takes none: choose another model.")
    page.get_by_role("button", name="Take it out").click()
    expect(page.locator(".given-picture")).to_have_count(0)

    shots = page.locator("article.stage")
    count = shots.count()
    stage.get_by_role("button", name="Again like this").click()
    dialog = page.get_by_role("dialog", name="Again like this")
    expect(dialog).to_contain_text("free")
    dialog.get_by_role("button", name="Shoot").click()
    expect(shots).to_have_count(count + 1, timeout=LONG)
    expect(shots.first.get_by_role("button", name="Stop")).to_be_visible()
    shots.first.get_by_role("button", name="Stop").click()
    expect(shots.first.get_by_role("button", name="Go on")).to_be_visible(timeout=LONG)


def test_takes_are_played_and_chosen_by_keyboard(page: Page, made: Served) -> None:
    opened(page, made)
    stage = page.locator("article.stage", has=page.locator(".take-picked")).first
    face = stage.locator(".take-face").first
    face.focus()
    page.keyboard.press("3")
    expect(stage.locator(".take.chosen .take-number")).to_have_text("3")
    page.keyboard.press("Shift+ArrowRight")
    expect(stage.locator(".transport")).to_contain_text("0:01.0 / 0:01.0")
    page.keyboard.press("ArrowLeft")
    expect(stage.locator(".transport")).not_to_contain_text("0:01.0 / 0:01.0")


# --- how it is built ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844), (360, 740)])
def test_it_fits_and_keeps_nobody_out(opening: Callable[..., Page], made: Served, width: int, height: int) -> None:
    page = opening(width, height)
    box = opened(page, made)
    box.fill("@eileen in a cafe")
    page.locator("summary", has_text="More").click()
    expect(page.locator("article.stage .take-said").first).to_be_visible()
    expect(page.get_by_role("main")).to_have_count(1)
    assert as_wide_as(page) <= width
    without_barriers(page)
