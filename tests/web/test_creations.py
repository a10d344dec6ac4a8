"""Creations in a real browser: found, scrolled, selected, compared, deleted, brought back; by keyboard and by touch."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.web.looking import as_wide_as, without_barriers
from tests.web.made_creations import CLIP_EVERY, PER_SHOT, PLACES, VERDICTS, Films
from tests.web.serving import Served, serve

from samecast.library import open_library
from samecast.settings import Settings

TAKES = 320
MOST_TILES = 110
"""As elements at once, whatever the number of takes; a screen of 1440 x 900 shows about 30."""
Opening = Callable[..., Page]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio with takes in its library, which all tests of this module share: each leaves them as they were."""
    folder = tmp_path_factory.mktemp("films")
    library = open_library(Settings(home=folder / "home"))
    Films(library, folder).fill(TAKES)
    library.close()
    served = serve(folder / "home", "--no-worker")
    yield served
    served.stop()


def shown(page: Page, films: Served, query: str = "") -> Page:
    page.goto(f"{films.url}/creations{query}")
    expect(page.locator(".takes-wall")).to_have_attribute("aria-busy", "false")
    expect(page.locator("main.page > header p")).not_to_be_empty()
    return page


def count(page: Page, said: str | re.Pattern[str]) -> None:
    expect(page.locator("main.page > header p")).to_have_text(said)


def tile(page: Page, take: str):
    return page.locator(f'.tile-face[data-take="{take}"]')


def faces(page: Page):
    return page.locator(".tile-face")


def chosen(page: Page):
    return page.get_by_role("status").filter(has_text="selected")


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def newest(number: int = 0) -> str:
    """The id of the newest take, or of one that was made before it."""
    shot, each = divmod(TAKES - 1 - number, PER_SHOT)
    return f"shot{shot}-{each + 1}"


# --- the wall -------------------------------------------------------------------------------------------------------


def test_scrolling_shows_every_take_and_few_of_them_are_elements(page: Page, films: Served):
    shown(page, films)
    count(page, f"{TAKES} takes")
    page.evaluate(
        """() => {
          window.seen = new Set(); window.most = 0;
          const look = () => {
            const tiles = document.querySelectorAll(".tile-face");
            window.most = Math.max(window.most, tiles.length);
            for (const tile of tiles) window.seen.add(tile.dataset.take);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.mouse.move(800, 500)
    for _ in range(200):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(40)
        if page.evaluate("seen.size") == TAKES:
            break
    assert page.evaluate("seen.size") == TAKES
    assert page.evaluate("most") <= MOST_TILES
    assert page.evaluate("document.querySelectorAll('*').length") < 2500
    expect(tile(page, "shot0-1")).to_be_attached()


def test_a_take_on_the_wall_says_its_verdict_its_length_and_whether_it_is_the_pick(page: Page, films: Served):
    shown(page, films)
    at = TAKES - CLIP_EVERY  # the newest clip: the first take of its shot, which is the pick
    clip = f"shot{at // PER_SHOT}-1"
    face = page.get_by_role("link", name=re.compile(r"the pick, clip of 0:02$")).first
    expect(face).to_have_attribute("data-take", clip)
    expect(face).to_have_attribute("href", f"/creations?take={clip}")
    first = faces(page).first
    expect(first).to_have_accessible_name(re.compile("Not measurable"))
    expect(page.locator(".tile .tile-word").first).to_have_text("Not measurable")
    expect(page.get_by_role("heading", level=2).first).to_be_visible()


def test_a_clip_plays_where_somebody_points(page: Page, films: Served):
    shown(page, films, "?kind=video")
    faces(page).nth(2).hover()
    expect(page.locator(".tile video")).to_have_count(1)
    page.wait_for_function("document.querySelector('.tile video')?.currentTime > 0.05")
    assert page.evaluate("document.querySelector('.tile video').muted")
    page.mouse.move(5, 5)
    expect(page.locator(".tile video")).to_have_count(0)
    page.emulate_media(reduced_motion="reduce")
    faces(page).nth(2).hover()
    page.wait_for_timeout(600)
    expect(page.locator(".tile video")).to_have_count(0)


def test_what_is_made_meanwhile_comes_first_by_itself(serving: Callable[..., Served], page: Page, tmp_path: Path):
    library = open_library(Settings(home=tmp_path / "films"))
    films = Films(library, tmp_path)
    films.fill(2 * PER_SHOT)
    shown(page, serving("--no-worker", home=tmp_path / "films"))
    count(page, f"{2 * PER_SHOT} takes")
    made = films.add()
    library.close()
    expect(faces(page).first).to_have_attribute("data-take", made, timeout=20_000)
    count(page, f"{3 * PER_SHOT} takes")


# --- what is looked for ---------------------------------------------------------------------------------------------


def test_filters_are_in_the_address_and_a_reload_keeps_them(page: Page, films: Served):
    shown(page, films)
    page.get_by_role("combobox", name="Character").select_option("jo")
    jo = sum(shot % 3 == 0 for shot in range(TAKES // PER_SHOT)) * PER_SHOT
    count(page, f"{jo} takes")
    assert query(page) == {"character": "jo"}
    page.get_by_role("combobox", name="Verdict").select_option("drift")
    drifting = [n for n in range(TAKES) if (n // PER_SHOT) % 3 == 0 and VERDICTS[n % len(VERDICTS)] == "drift"]
    count(page, f"{len(drifting)} takes")
    page.reload()
    count(page, f"{len(drifting)} takes")
    expect(page.get_by_role("combobox", name="Character")).to_have_value("jo")
    expect(page.get_by_role("combobox", name="Verdict")).to_have_value("drift")
    page.go_back()
    count(page, f"{jo} takes")
    expect(page.get_by_role("combobox", name="Verdict")).to_have_value("")
    page.get_by_role("button", name="Clear all").click()
    count(page, f"{TAKES} takes")
    assert query(page) == {}
    expect(page.get_by_role("combobox", name="Character")).to_have_value("")


def test_every_filter_finds_what_it_says(page: Page, films: Served):
    shots = range(TAKES // PER_SHOT)
    for asked, found in (
        ("model=another/model", sum(shot % 5 == 0 for shot in shots) * PER_SHOT),
        ("kind=video", TAKES // CLIP_EVERY),
        ("picked=1", TAKES // PER_SHOT),
        ("tag=lead", TAKES),
        ("since=2025-06-01&until=2025-06-01", None),
    ):
        shown(page, films, f"?{asked}")
        if found is not None:
            page.keyboard.press("End")
            page.wait_for_timeout(100)
        for _ in range(40):
            said = page.locator("main.page > header p").inner_text()
            if not said.startswith("More"):
                break
            page.mouse.move(800, 500)
            page.mouse.wheel(0, 4000)
            page.wait_for_timeout(120)
        if found is not None:
            assert said == f"{found} takes", asked
        else:
            days = page.get_by_role("heading", level=2)
            assert {day.inner_text() for day in days.all()} == {"Sunday, 1 June 2025"}


def test_words_are_looked_for_while_they_are_typed(page: Page, films: Served):
    shown(page, films)
    box = page.get_by_role("searchbox", name="Search")
    box.press_sequentially("night mar")
    found = sum(PLACES[shot % len(PLACES)] == "the night market" for shot in range(TAKES // PER_SHOT)) * PER_SHOT
    page.wait_for_function("location.search === '?words=night+mar'")
    page.keyboard.press("Tab")
    page.mouse.move(800, 600)
    for _ in range(20):
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(100)
    count(page, f"{found} takes")
    box.fill("zebra")
    expect(page.get_by_role("heading", name="Nothing like that")).to_be_visible()
    expect(faces(page)).to_have_count(0)
    page.locator("main.page").get_by_role("button", name="Clear all").last.click()
    count(page, f"{TAKES} takes")
    expect(box).to_have_value("")


def test_an_address_that_means_nobody_says_so(page: Page, films: Served):
    shown(page, films, "?character=zed&verdict=lovely")
    expect(page.get_by_text("There is no @zed in the cast.")).to_be_visible()
    expect(page.get_by_role("combobox", name="Verdict")).to_have_value("")


def test_where_nothing_was_made_yet_it_says_how_to_begin(serving: Callable[..., Served], page: Page):
    shown(page, serving("--no-worker"))
    expect(page.get_by_role("heading", name="Nothing was made yet")).to_be_visible()
    page.locator("main.page").get_by_role("link", name="Create").click()
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()


def test_a_link_to_all_creations_clears_what_was_looked_for(page: Page, films: Served):
    shown(page, films, "?kind=video")
    count(page, f"{TAKES // CLIP_EVERY} takes")
    page.get_by_role("link", name="Creations", exact=True).click()
    count(page, f"{TAKES} takes")
    expect(page.get_by_role("combobox", name="Kind")).to_have_value("")


# --- selecting ------------------------------------------------------------------------------------------------------


def test_the_keyboard_goes_through_the_wall_and_selects(page: Page, films: Served):
    shown(page, films)
    page.get_by_label("Picks only").focus()
    page.keyboard.press("Tab")
    expect(tile(page, newest())).to_be_focused()  # the wall is one stop, whatever its length
    page.keyboard.press("ArrowRight")
    expect(tile(page, newest(1))).to_be_focused()
    page.keyboard.press(" ")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(chosen(page)).to_have_text("3 selected")
    page.keyboard.press("ArrowDown")
    below = page.evaluate("document.activeElement.dataset.take")
    assert below not in (newest(1), newest(2), newest(3))
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.take") != below
    page.keyboard.press("Escape")
    expect(page.locator(".takes-bar")).to_have_count(0)
    for _ in range(40):  # more of them are loaded on the way
        page.keyboard.press("End")
        page.wait_for_timeout(250)
        if page.evaluate("document.activeElement.dataset.take") == "shot0-1":
            break
    expect(tile(page, "shot0-1")).to_be_focused()
    page.keyboard.press("Home")
    expect(tile(page, newest())).to_be_focused()
    expect(tile(page, newest())).to_be_in_viewport()


def test_delete_and_undo(page: Page, films: Served):
    shown(page, films)
    tile(page, newest(1)).click(modifiers=["Control"])
    tile(page, newest(3)).click(modifiers=["Shift"])
    expect(chosen(page)).to_have_text("3 selected")
    page.get_by_role("button", name="Delete").click()
    count(page, f"{TAKES - 3} takes")
    expect(page.locator(".said")).to_contain_text("3 takes are in the trash. Its shot has no pick any more.")
    for number in (1, 2, 3):
        expect(tile(page, newest(number))).to_have_count(0)
    assert page.evaluate("document.activeElement.classList.contains('tile-face')")
    page.get_by_role("button", name="Undo").click()
    count(page, f"{TAKES} takes")
    order = [face.get_attribute("data-take") for face in faces(page).all()[:5]]
    assert order == [newest(number) for number in range(5)]
    shot = newest(3).partition("-")[0]
    films.run("shots", "pick", shot, "1")


def test_the_trash_shows_what_was_deleted_and_gives_it_back(page: Page, films: Served):
    shown(page, films)
    tile(page, newest(4)).click(modifiers=["Control"])
    page.keyboard.press("Delete")
    count(page, f"{TAKES - 1} takes")
    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_role("heading", name="Trash", level=1)).to_be_visible()
    count(page, "1 take")
    assert query(page) == {"trashed": "1"}
    expect(page.get_by_text("After 30 days it is deleted for good")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_be_hidden()
    tile(page, newest(4)).click()
    expect(page.get_by_role("dialog")).to_contain_text("In the trash since")
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    page.get_by_role("link", name="Back to creations").click()
    count(page, f"{TAKES} takes")
    expect(tile(page, newest(4))).to_be_visible()


def test_tags_are_given_to_many_and_found_by(page: Page, films: Served):
    shown(page, films)
    page.get_by_role("button", name="Select", exact=True).click()
    expect(page.locator(".takes-bar")).to_be_visible()
    for number in (5, 6):
        tile(page, newest(number)).click()
    page.get_by_role("button", name="Tags").click()
    dialog = page.get_by_role("dialog", name="Tags of 2 takes")
    dialog.get_by_label("Add").fill("Keeper, " + "x" * 70)
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog.get_by_role("alert").first).to_contain_text("Tags are at most")
    dialog.get_by_label("Add").fill("Keeper")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog).to_have_count(0)
    page.get_by_role("combobox", name="Tag").select_option("keeper")
    count(page, "2 takes")
    expect(page.get_by_role("button", name="Select", exact=True)).to_have_attribute("aria-pressed", "true")
    for number in (5, 6):
        tile(page, newest(number)).click()
    page.get_by_role("button", name="Tags").click()
    page.get_by_role("dialog").get_by_label("keeper (2)").check()
    page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator(".said")).to_contain_text("2 takes are changed.")


def test_the_selected_are_downloaded_one_by_one(page: Page, films: Served):
    shown(page, films)
    saved: list[str] = []
    page.on("download", lambda download: saved.append(download.suggested_filename))
    for number in (1, 2):
        tile(page, newest(number)).click(modifiers=["Control"])
    page.get_by_role("button", name="Download").click()
    page.wait_for_timeout(2500)
    assert len(saved) == 2
    assert all(re.fullmatch(r"[0-9a-f]{12}\.png", name) for name in saved)


def test_two_stills_are_compared_beside_and_over_each_other(page: Page, films: Served):
    shown(page, films)
    tile(page, newest()).click(modifiers=["Control"])
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    tile(page, newest(1)).click(modifiers=["Control"])
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="Compare")
    expect(dialog.get_by_role("img")).to_have_count(2)
    expect(dialog.get_by_role("row", name="Seed")).to_contain_text(str(TAKES - 1))
    dialog.get_by_role("button", name="One over the other").click()
    line = dialog.get_by_role("slider", name="Where A ends and B begins")
    line.focus()
    line.press("Home")
    clipped = "getComputedStyle(document.querySelector('.compare-side')).clipPath"
    assert page.evaluate(clipped) == "inset(0px 100% 0px 0px)"
    line.press("End")
    assert page.evaluate(clipped) in ("inset(0px)", "inset(0px 0% 0px 0px)")
    stage = dialog.locator(".compare-stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + stage["width"] * 0.25, stage["y"] + stage["height"] / 2)
    expect(line).to_have_value("25")
    without_barriers(page)


def test_two_clips_are_compared_in_step(page: Page, films: Served):
    shown(page, films, "?kind=video")
    for number in (0, 1):
        faces(page).nth(number).click(modifiers=["Control"])
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="Compare")
    moments = "[...document.querySelectorAll('.compare video')].map((video) => video.currentTime)"
    page.wait_for_function("[...document.querySelectorAll('.compare video')].every((video) => video.readyState > 1)")
    dialog.get_by_role("slider", name="Moment of both").fill("1.25")
    page.wait_for_function(f"{moments}.every((moment) => Math.abs(moment - 1.25) < 0.05)")
    dialog.get_by_role("button", name="Play both in step").click()
    page.wait_for_function(f"{moments}.every((moment) => moment > 1.5)")
    first, second = page.evaluate(moments)
    assert abs(first - second) < 0.25


# --- details --------------------------------------------------------------------------------------------------------


def test_details_by_keyboard(page: Page, films: Served):
    shown(page, films)
    tile(page, newest()).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Take")
    prompt = dialog.get_by_role("heading", level=3).first
    shot = int(newest(1).removeprefix("shot").partition("-")[0])
    expect(prompt).to_have_text(re.compile(rf" in {re.escape(PLACES[shot % len(PLACES)])}, frame {shot}$"))
    assert query(page) == {"take": newest(1)}
    for key, at in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        page.wait_for_function(f"location.search === '?take={newest(at)}'")
        expect(dialog.get_by_text(f"Take {newest(at).partition('-')[2]}", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(tile(page, newest(2))).to_be_focused()
    assert query(page) == {}


def test_details_say_what_was_measured_and_how_it_was_made(page: Page, films: Served):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    take = f"shot{(TAKES - CLIP_EVERY) // PER_SHOT}-1"
    shown(page, films, f"?take={take}")
    dialog = page.get_by_role("dialog", name="Take")
    expect(dialog.get_by_text("Same person, worst moment 0:01").first).to_be_visible()
    dialog.get_by_text("Figures").click()
    expect(dialog.get_by_text("0.96 at 0:01")).to_be_visible()
    expect(dialog.locator(".drift-line")).to_have_count(1)
    expect(dialog.get_by_role("listitem").filter(has_text="cyan piping on the left sleeve")).to_contain_text("Held")
    expect(dialog.get_by_role("img", name="cyan piping on the left sleeve, on the reference")).to_be_visible()
    expect(dialog.get_by_role("definition").filter(has_text="2 s at 8 frames a second")).to_be_visible()
    expect(dialog.get_by_text("$0.04")).to_be_visible()
    dialog.get_by_role("button", name="Copy recipe").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert json.loads(page.evaluate("navigator.clipboard.readText()"))["seed"] == TAKES - CLIP_EVERY
    expect(dialog.get_by_role("link", name="Use as keyframe")).to_have_attribute("href", f"/create?frame={take}")
    expect(dialog.locator(".beside").first.get_by_role("button")).to_have_count(PER_SHOT - 1)
    dialog.locator(".beside").first.get_by_role("button").first.click()
    page.wait_for_function(f"location.search === '?take={take[:-1]}2'")


def test_going_back_closes_details_and_leaves_the_wall_where_it_was(page: Page, films: Served):
    shown(page, films)
    page.mouse.move(800, 500)
    page.mouse.wheel(0, 900)
    page.wait_for_timeout(300)
    before = page.evaluate("scrollY")
    assert before > 400
    page.evaluate(
        "[...document.querySelectorAll('.tile-face')].find((face) => face.getBoundingClientRect().top > 100).click()"
    )
    expect(page.get_by_role("dialog", name="Take").get_by_role("heading", level=3).first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") == before


def test_another_take_is_picked(page: Page, films: Served):
    shot = "shot3"
    shown(page, films, f"?take={shot}-2")
    dialog = page.get_by_role("dialog", name="Take")
    dialog.get_by_role("button", name="Pick this").click()
    expect(dialog.get_by_text("Picked by hand").first).to_be_visible()
    assert json.loads(films.run("shots", "pick", shot, "1", "--json"))["picked"] == f"{shot}-1"


def test_a_take_becomes_a_reference(page: Page, films: Served):
    shown(page, films, "?take=shot6-2")
    dialog = page.get_by_role("dialog", name="Take")
    dialog.get_by_role("button", name="Use as reference").click()
    asking = page.get_by_role("dialog", name="Use as reference")
    expect(asking.get_by_role("combobox", name="Character")).to_have_value("jo")  # who is in it comes first
    asking.get_by_role("combobox", name="Character").select_option("mira")
    asking.get_by_role("button", name="Add it").click()
    expect(asking).to_have_count(0, timeout=60_000)
    expect(dialog.locator(".dialog-said")).to_contain_text("@mira has one more reference.")
    page.keyboard.press("Escape")
    kept = json.loads(films.run("cast", "show", "@mira", "--json"))
    assert "shot6" not in json.dumps(kept)


def test_what_more_of_it_would_take_is_said_before_it_is_shot(page: Page, films: Served):
    shown(page, films, "?take=shot7-2")
    page.get_by_role("dialog", name="Take").get_by_role("button", name="Again like this").click()
    asking = page.get_by_role("dialog", name="Again like this")
    expect(asking.get_by_label("Takes")).to_have_value("1")
    asking.get_by_label("Takes").fill("0")
    expect(asking.get_by_text("'0' is no number of takes.")).to_be_visible()
    expect(asking.get_by_role("button", name="Shoot")).to_be_disabled()


def test_a_take_that_is_not_here_says_so(page: Page, films: Served):
    shown(page, films, "?take=nowhere-1")
    expect(page.locator(".said")).to_contain_text("That take is not here.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    count(page, f"{TAKES} takes")


# --- sizes, touch, and everybody ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(360, 740), (390, 844)])
def test_on_a_phone(opening: Opening, films: Served, width: int, height: int):
    page = shown(opening(width, height, touch=True), films)
    assert as_wide_as(page) <= width
    expect(page.get_by_role("combobox", name="Character")).to_be_hidden()
    page.get_by_role("button", name="Filters").tap()
    page.get_by_role("combobox", name="Kind").select_option("image")
    count(page, f"{TAKES - TAKES // CLIP_EVERY} takes")
    expect(page.get_by_role("button", name="Filters, 1 set")).to_be_visible()
    assert as_wide_as(page) <= width
    faces(page).nth(1).tap()
    dialog = page.get_by_role("dialog", name="Take")
    expect(dialog.get_by_role("heading", level=3).first).to_be_visible()
    assert as_wide_as(page, "dialog .inside") <= width
    without_barriers(page)


def test_a_long_press_selects(opening: Opening, films: Served):
    page = shown(opening(390, 844, touch=True), films)
    spot = faces(page).nth(1).bounding_box()
    assert spot is not None
    touch = page.context.new_cdp_session(page)
    at = [{"x": spot["x"] + spot["width"] / 2, "y": spot["y"] + spot["height"] / 2}]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
    page.wait_for_timeout(900)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(chosen(page)).to_have_text("1 selected")
    faces(page).nth(2).tap()
    expect(chosen(page)).to_have_text("2 selected")
    expect(page.get_by_role("dialog")).to_have_count(0)
    without_barriers(page)


def test_nobody_is_kept_out(page: Page, films: Served):
    shown(page, films)
    without_barriers(page)
    tile(page, newest(1)).click(modifiers=["Control"])
    without_barriers(page)
    page.keyboard.press("Escape")
    faces(page).nth(3).click()
    expect(page.get_by_role("dialog", name="Take").get_by_role("heading", level=3).first).to_be_visible()
    page.wait_for_timeout(500)
    without_barriers(page)
    shown(page, films, "?trashed=1")
    without_barriers(page)
