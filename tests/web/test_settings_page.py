"""Settings in a real browser: where things are, whether they are whole, making room, health, the meter, and leaving."""

import sqlite3
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Watched
from tests.web.looking import as_wide_as, without_barriers
from tests.web.serving import Served, run, serve

from samecast.wiring import sample_picture

PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)  # nothing here is about how quick a busy machine is
PASSWORD = "a-password-for-settings"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio whose library has a picture that nothing refers to any more, and has had for long."""
    home = tmp_path_factory.mktemp("settings") / "home"
    run(home, "cast", "add", str(sample_picture("astronaut.png")), "--name", "Eileen")
    run(home, "cast", "add", str(sample_picture("chelsea.png")), "--name", "Chelsea")
    run(home, "cast", "remove", "@chelsea")
    with sqlite3.connect(home / "library.sqlite3") as library:
        library.execute("UPDATE asset_claims SET claimed_at = '2020-01-01 00:00:00.000000'")
    library.close()
    running = serve(home, "--no-worker", SAMECAST_COUNTRY="DE", SAMECAST_STUDIO_PASSWORD="")
    yield running
    running.stop()


def opened(page: Page, studio: Served) -> None:
    page.goto(studio.url + "/settings")
    expect(page.locator(".settings-rows")).to_contain_text("Characters")


def test_it_says_where_things_are_how_well_and_what_is_declared(page: Page, studio: Served):
    opened(page, studio)
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    expect(page.locator(".settings-rows")).to_contain_text(str(studio.home))
    expect(page.get_by_text("All is well.")).to_be_visible()
    expect(page.locator(".settings-checks li")).to_have_count(7)
    expect(page.locator(".settings-encoder").filter(has_text="dlib-resnet")).to_contain_text("In use")
    sface = page.locator(".settings-encoder").filter(has_text="sface")
    sface.locator("summary").click()
    expect(sface.locator("code")).to_have_text("samecast encoders pull sface")
    expect(page.get_by_text("DE", exact=True)).to_be_visible()
    expect(page.get_by_text("samecast library export library.zip")).to_be_visible()
    expect(page.get_by_role("button", name="Leave the studio")).to_have_count(0)
    without_barriers(page)


def test_the_files_are_counted_and_read(page: Page, studio: Served):
    opened(page, studio)
    page.get_by_role("button", name="Count the files").click()
    expect(page.get_by_text("all there.")).to_be_visible()
    page.get_by_role("button", name="Check every file").click()
    expect(page.get_by_text("all there and whole.")).to_be_visible()


def test_nothing_goes_before_it_was_said_and_confirmed(page: Page, studio: Served, opening: Callable[..., Page]):
    files = lambda: {file for file in (studio.home / "assets").rglob("*") if file.is_file()}  # noqa: E731
    before = files()
    opened(page, studio)
    page.get_by_role("button", name="Make room").click()
    would = page.get_by_text("1 file would be removed")
    expect(would).to_be_visible()
    assert files() == before
    other = opening()
    opened(other, studio)
    expect(other.get_by_text("1 file would be removed")).to_be_visible()
    page.get_by_role("button", name="Remove them").click()
    dialog = page.get_by_role("dialog", name="Remove what is not in use?")
    without_barriers(page)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert files() == before
    page.get_by_role("button", name="Remove them").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove them").click()
    expect(page.get_by_text("1 file removed")).to_be_visible()
    expect(other.get_by_text("1 file removed")).to_be_visible()
    assert len(before - files()) == 1
    page.get_by_role("button", name="Make room").click()
    expect(page.get_by_text("Nothing to remove")).to_be_visible()


def test_a_lost_file_is_said_with_who_is_hit(serving: Callable[..., Served], page: Page):
    running = serving("--no-worker")
    running.run("cast", "add", str(sample_picture("astronaut.png")), "--name", "Eileen")
    for file in (running.home / "assets").rglob("*"):
        if file.is_file():
            file.unlink()
    opened(page, running)
    page.get_by_role("button", name="Count the files").click()
    expect(page.get_by_text("1 file of 0 is missing or damaged.")).to_be_visible()
    expect(page.get_by_text("a reference of @eileen")).to_be_visible()


def test_who_came_in_with_a_password_can_leave(serving: Callable[..., Served], page: Page, watched: Watched):
    watched.allowed.append("Password forms should have")  # a hint of Chromium's; there are no user names here
    running = serving("--no-worker", SAMECAST_STUDIO_PASSWORD=PASSWORD)
    page.goto(running.url + "/settings")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".settings-rows")).to_contain_text("Characters")
    assert PASSWORD not in page.content()
    page.get_by_role("button", name="Leave the studio").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(running.url + "/settings")
    expect(page.get_by_label("Password")).to_be_visible()


def test_on_a_phone_nothing_sticks_out(opening: Callable[..., Page], studio: Served):
    page = opening(360, 740, touch=True)
    page.goto(studio.url + "/")
    page.get_by_role("button", name="More").tap()
    page.locator("#rooms-more").get_by_role("link", name="Settings").tap()
    expect(page.locator(".settings-rows")).to_contain_text("Characters")
    assert as_wide_as(page) <= 360
    without_barriers(page)
