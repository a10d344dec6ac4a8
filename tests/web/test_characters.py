"""The cast in a real browser: casting from a photograph, auditions, a character's page, and letting characters go."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.web.conftest import Watched
from tests.web.looking import as_wide_as, without_barriers
from tests.web.serving import Served

from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels
from samecast.wiring import sample_picture

ASTRONAUT = sample_picture("astronaut.png")
REFUSED = r"console error: Failed to load resource: .* 400"
"""How Chromium itself remarks on an upload that was refused."""


def field(page: Page, label: str) -> Locator:
    return page.locator("dialog[open] label.field", has=page.locator(f".label:text-is('{label}')")).locator(".input")


def open_new(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/characters/new")
    page.get_by_role("dialog", name="New character").wait_for()
    page.wait_for_function("() => window.did_handshake === true")


def add_picture(page: Page, *paths: Path) -> None:
    page.locator("dialog[open] input[type=file]").set_input_files(list(paths))
    page.locator("dialog[open] .rules").wait_for()


def cast(served: Served, name: str, *options: str) -> None:
    served.run("cast", "add", str(ASTRONAUT), "--name", name, *options)


def written(path: Path, rgb: Pixels) -> Path:
    path.write_bytes(LocalMedia().png(Picture(rgb=np.ascontiguousarray(rgb))))
    return path


@pytest.fixture
def photograph() -> Pixels:
    return LocalMedia().read_picture(ASTRONAUT).rgb


# --- the wall -------------------------------------------------------------------------------------------------------


def test_an_empty_cast_teaches_what_a_good_reference_is(serving: Callable[..., Served], page: Page) -> None:
    page.goto(serving("--no-worker").url)
    expect(page.get_by_role("heading", name="Nobody is cast yet")).to_be_visible()
    for rule in ("three-quarter", "Even light", "One strong anchor"):
        expect(page.locator("main.page")).to_contain_text(rule)
    without_barriers(page)
    page.get_by_role("button", name="Create the first").click()
    expect(page.get_by_role("dialog", name="New character")).to_be_visible()
    without_barriers(page)


def test_the_wall_finds_by_words_and_tags(served: Served, page: Page) -> None:
    cast(served, "Wanda Wall", "--tag", "lead", "--anchor", "crescent scar on the left cheek")
    cast(served, "Otto Wall", "--tag", "extra")
    page.goto(served.url)
    cards = page.locator(".wall .portrait")
    expect(cards.filter(has_text="@wanda")).to_contain_text("Strong")
    page.get_by_role("searchbox", name="Search").fill("crescent wall")
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("Wanda Wall")
    page.get_by_role("searchbox", name="Search").fill("wall")
    expect(cards).to_have_count(2)
    page.locator("label.choice", has_text="extra").click()
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("Otto Wall")
    page.get_by_role("searchbox", name="Search").fill("nobody like this")
    expect(page.locator("main.page")).to_contain_text("Nobody is found so.")
    without_barriers(page)


# --- casting --------------------------------------------------------------------------------------------------------


def test_casting_from_a_photograph_with_anchors_marked_by_mouse_and_by_keyboard(served: Served, page: Page) -> None:
    open_new(page, served)
    add_picture(page, ASTRONAUT)
    grade = page.locator("dialog .grade")
    expect(grade).to_contain_text("Usable reference")
    expect(grade).to_contain_text("No anchor is given")  # advice in words
    expect(page.locator("dialog .overlay img")).to_be_visible()

    box = page.locator(".marker").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.67 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.42 * box["width"], box["y"] + 0.85 * box["height"], steps=4)
    page.mouse.up()
    first = page.get_by_label("Anchor 1", exact=True)
    expect(first).to_be_focused()
    page.keyboard.type("round purple mission patch on the chest")
    page.get_by_label("Side of anchor 1").select_option("right")

    page.get_by_role("button", name="Add an anchor").click()
    expect(page.get_by_label("Anchor 2", exact=True)).to_be_focused()
    page.keyboard.type("pretty eyes")
    expect(page.locator(".anchor-wrong").nth(1)).to_contain_text("vague")
    page.get_by_label("Anchor 2", exact=True).fill("black neck ring of the suit")
    expect(page.locator(".anchor-wrong").nth(1)).to_be_hidden()
    page.get_by_role("button", name="Mark on the picture").nth(1).press("Enter")
    second = page.locator(".mark").nth(1)
    expect(second).to_be_focused()
    for key in ["ArrowUp"] * 3 + ["ArrowLeft"] * 4 + ["Shift+ArrowRight"] * 6:
        page.keyboard.press(key)
    expect(second).to_have_attribute("aria-label", re.compile("49 % from the left, 47 % from the top, 22 % by 16 %"))

    field(page, "Name").fill("Eileen Collins")
    expect(field(page, "Handle")).to_have_value("eileen")
    field(page, "Handle").fill("eileen_c")
    field(page, "Tags").fill("lead, Astronaut")
    expect(grade).to_contain_text("strong anchor")
    without_barriers(page)
    page.get_by_role("button", name="Create now").click()

    page.wait_for_url("**/characters/eileen_c")
    expect(page.get_by_role("heading", level=1)).to_have_text("Eileen Collins")
    kept = json.loads(served.run("cast", "show", "@eileen_c", "--json"))
    patch, ring = kept["anchors"]
    assert (patch["side"], ring["side"]) == ("right", None)
    assert patch["region"] == pytest.approx([0.25, 0.67, 0.17, 0.18], abs=0.012)
    assert ring["region"] == pytest.approx([0.38, 0.39, 0.22, 0.16], abs=0.012)
    assert kept["tags"] == ["lead", "astronaut"]
    expect(page.locator(".marker.still .mark")).to_have_count(2)
    expect(page.locator(".said-anchors")).to_contain_text("own right")
    without_barriers(page)


def test_a_mark_is_taken_away_by_delete_and_its_words_stay(served: Served, page: Page) -> None:
    open_new(page, served)
    add_picture(page, ASTRONAUT)
    page.locator(".marker").click(position={"x": 200, "y": 200})
    page.get_by_label("Anchor 1", exact=True).fill("black neck ring")
    page.locator(".mark").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".mark")).to_have_count(0)
    expect(page.get_by_label("Anchor 1", exact=True)).to_have_value("black neck ring")


def test_sides_that_contradict_are_told_at_the_anchor_and_nobody_is_cast(served: Served, page: Page) -> None:
    open_new(page, served)
    add_picture(page, ASTRONAUT)
    field(page, "Name").fill("Twosided")
    page.get_by_role("button", name="Add an anchor").click()
    page.get_by_label("Anchor 1", exact=True).fill("thin scar on the left cheek")
    expect(page.get_by_label("Side of anchor 1")).to_have_value("left")
    page.get_by_label("Side of anchor 1").select_option("right")
    expect(page.locator(".anchor-wrong")).to_contain_text("The words say left, and right is chosen beside them.")
    page.get_by_role("button", name="Create now").click()
    expect(page.locator("dialog footer [role=alert]")).to_contain_text("The words say left")
    assert "twosided" not in served.run("cast", "list", "--json")


def test_what_is_missing_is_said_where_it_is(served: Served, page: Page) -> None:
    cast(served, "Taken")
    open_new(page, served)
    page.get_by_role("button", name="Create now").click()
    expect(page.locator("dialog .wrong", has_text="Give a name.")).to_be_visible()
    field(page, "Name").fill("Taken")
    expect(field(page, "Handle")).to_have_value("taken_2")
    field(page, "Handle").fill("taken")
    expect(page.locator("dialog .wrong", has_text="@taken is somebody else's.")).to_be_visible()
    field(page, "Handle").fill("taken_too")
    page.get_by_role("button", name="Create now").click()
    expect(page.locator("dialog footer [role=alert]")).to_contain_text("There is no picture yet.")


def test_a_file_that_is_no_picture_is_refused_in_one_line(
    served: Served, page: Page, watched: Watched, tmp_path: Path
) -> None:
    watched.allowed.append(REFUSED)
    wrong = tmp_path / "<b>notes.png"
    wrong.write_text("no picture at all")
    open_new(page, served)
    page.locator("dialog input[type=file]").set_input_files(wrong)
    told = page.locator(".drop-wrong li")
    expect(told).to_have_count(1)
    expect(told).to_contain_text("<b>notes.png")
    expect(told).to_contain_text("not a picture")
    expect(page.locator(".stage")).to_be_hidden()


def test_several_pictures_are_auditioned_the_strongest_first(
    served: Served, page: Page, photograph: Pixels, tmp_path: Path
) -> None:
    dark = written(tmp_path / "dark.png", (photograph * 0.12).astype(np.uint8))
    open_new(page, served)
    add_picture(page, dark, ASTRONAUT, sample_picture("chelsea.png"))
    ranked = page.locator(".audition .candidate")
    expect(ranked).to_have_count(3)
    expect(ranked.first).to_contain_text("Strongest of 3")
    expect(ranked.first).to_have_attribute("aria-pressed", "true")
    expect(page.locator("dialog .grade")).to_contain_text("Usable reference")
    ranked.filter(has_text="Brighten").click()
    expect(ranked.filter(has_text="Brighten")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("dialog .grade")).to_contain_text("Brighten the face")
    without_barriers(page)


def test_of_two_people_one_is_chosen_and_the_choice_taken_back(
    served: Served, page: Page, photograph: Pixels, tmp_path: Path
) -> None:
    both = written(tmp_path / "both.png", np.concatenate([photograph, photograph[:, ::-1]], axis=1))
    open_new(page, served)
    add_picture(page, both)
    expect(page.locator("dialog .grade")).to_contain_text("2 people are in the picture")
    page.get_by_role("button", name="Choose face 2").click()
    expect(page.locator("dialog .grade")).to_contain_text("one face, whole and large enough")
    page.get_by_role("button", name="Undo the crop").click()
    expect(page.locator("dialog .grade")).to_contain_text("2 people are in the picture")


def test_a_picture_comes_in_by_paste_and_by_drop(served: Served, page: Page) -> None:
    open_new(page, served)
    given = """async ([name, event]) => {
        const size = 600, canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
        canvas.getContext("2d").fillRect(100, 100, 300, 300);
        const picture = await new Promise((done) => canvas.toBlob(done, "image/png"));
        const held = new DataTransfer();
        held.items.add(new File([picture], name, { type: "image/png" }));
        const place = document.querySelector("dialog[open] .casting-call");
        const made = event === "paste"
            ? new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true });
        place.dispatchEvent(made);
    }"""
    page.evaluate(given, ["pasted.png", "paste"])
    page.locator("dialog .rules").wait_for()
    first = page.locator(".marker img").get_attribute("src")
    page.evaluate(given, ["dropped.png", "drop"])
    expect(page.locator(".marker img")).not_to_have_attribute("src", first or "")


def test_a_creation_becomes_a_reference(served: Served, page: Page, tmp_path: Path) -> None:
    cast(served, "Mother", "--handle", "mother")
    served.run("shoot", "@mother in a red garden", "--image", "--takes", "1", "--out", str(tmp_path / "garden"))
    open_new(page, served)
    page.get_by_role("button", name="From your creations").click()
    picker = page.get_by_role("dialog", name="From your creations")
    picker.get_by_role("searchbox", name="Search").fill("nothing like this")
    expect(picker).to_contain_text("Nothing was found.")
    picker.get_by_role("searchbox", name="Search").fill("red garden")
    expect(picker.locator(".pick")).to_have_count(1)
    without_barriers(page)
    picker.locator(".pick").click()
    page.locator("dialog .rules").wait_for()
    expect(page.locator(".marker img")).to_be_visible()


# --- one character --------------------------------------------------------------------------------------------------


def test_editing_makes_a_version_and_says_what_changed(served: Served, page: Page) -> None:
    cast(served, "Edda", "--anchor", "round patch on the chest [0.2,0.6,0.2,0.2]")
    page.goto(f"{served.url}/characters/edda")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_label("Anchor 1", exact=True)).to_have_value("round patch on the chest")
    expect(page.locator("dialog .mark")).to_have_count(1)
    field(page, "Name").fill("Edda Lind")
    page.get_by_role("button", name="Add an anchor").click()
    page.get_by_label("Anchor 2", exact=True).fill("silver hoop in the left ear")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Edda Lind")
    newest = page.locator(".versions > li").first
    expect(newest).to_contain_text("Version 2")
    expect(newest).to_contain_text("The anchor 'silver hoop in the left ear' is new.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Edda")
    expect(newest).to_contain_text("The anchor 'silver hoop in the left ear' is gone.")


def test_references_are_added_put_first_and_removed(
    served: Served, page: Page, photograph: Pixels, tmp_path: Path
) -> None:
    cast(served, "Rhea", "--anchor", "round patch on the chest [0.2,0.6,0.2,0.2]")
    page.goto(f"{served.url}/characters/rhea")
    closer = written(tmp_path / "closer.png", photograph[20:280, 90:350])
    page.locator("main input[type=file]").set_input_files(closer)
    expect(page.locator(".strip .candidate")).to_have_count(2)
    page.locator(".strip .candidate").nth(1).click()
    page.get_by_role("button", name="Put first").click()
    expect(page.locator(".said")).to_contain_text("mark them anew")
    expect(page.locator(".said-anchors")).to_contain_text("not marked")
    page.get_by_role("button", name="What was measured").click()
    expect(page.get_by_role("dialog", name="What was measured").locator("img")).to_be_visible()
    page.get_by_role("dialog", name="What was measured").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Remove this reference").click()
    expect(page.locator(".strip")).to_have_count(0)
    expect(page.locator(".versions > li")).to_have_count(4)


def test_duplicating_archiving_and_bringing_back(served: Served, page: Page) -> None:
    cast(served, "Archie")
    page.goto(f"{served.url}/characters/archie")
    page.get_by_role("button", name="Duplicate").click()
    field(page, "Name").fill("Archie Twin")
    page.get_by_role("dialog").get_by_role("button", name="Duplicate").click()
    page.wait_for_url("**/characters/archie_2")
    expect(page.get_by_role("heading", level=1)).to_have_text("Archie Twin")
    page.get_by_role("button", name="Archive").click()
    page.locator(".said").get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("button", name="Bring back")).to_be_visible()
    page.goto(served.url)
    expect(page.locator(".portrait", has_text="Archie Twin")).to_have_count(0)
    page.locator("label.choice", has_text="Archived").click()
    page.locator(".portrait", has_text="Archie Twin").click()
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("link", name="Shoot", exact=True)).to_be_visible()
    assert "archie_2" in served.run("cast", "list", "--json")


def test_exporting_gives_a_file_with_its_papers(served: Served, page: Page, tmp_path: Path) -> None:
    cast(served, "Paula")
    page.goto(f"{served.url}/characters/paula")
    page.get_by_role("button", name="Export").click()
    field(page, "Consent").fill("Agreed in writing")
    with page.expect_download() as waiting:
        page.get_by_role("dialog").get_by_role("button", name="Export").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "paula.samecast"
    with zipfile.ZipFile(path) as archive:
        assert "Agreed in writing" in archive.read("manifest.json").decode()


def test_deleting_says_what_refers_to_it_and_what_is_kept(served: Served, page: Page, tmp_path: Path) -> None:
    cast(served, "Delia", "--handle", "delia")
    served.run("shoot", "@delia in a forest", "--image", "--takes", "2", "--out", str(tmp_path / "shot"))
    page.goto(f"{served.url}/characters/delia")
    takes = page.locator(".takes > li")
    expect(takes).to_have_count(2)
    rates = page.get_by_role("region", name="Match rate per model")
    expect(rates).to_contain_text("2 judged takes")
    expect(rates).to_contain_text("proves nothing")
    expect(rates).to_contain_text("95 % interval")
    without_barriers(page)
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete Delia")
    expect(dialog).to_contain_text("2 takes of 1 shot show it")
    expect(dialog).to_contain_text("On storyboard")
    without_barriers(page)
    dialog.get_by_role("button", name="Delete for good").click()
    page.wait_for_url(re.compile(r":\d+/$"))
    expect(page.locator(".said")).to_contain_text("Takes that were made keep what they were made with.")
    assert '"delia"' not in served.run("cast", "list", "--json")
    page.goto(f"{served.url}/characters/delia")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nobody here")


# --- on a phone -----------------------------------------------------------------------------------------------------


def test_casting_on_a_phone(served: Served, opening: Callable[..., Page]) -> None:
    page = opening(360, 740, touch=True)
    open_new(page, served)
    add_picture(page, ASTRONAUT)
    page.locator(".marker").tap(position={"x": 120, "y": 180})
    page.get_by_label("Anchor 1", exact=True).fill("black neck ring of the suit")
    field(page, "Name").fill("Phoebe Small")
    assert as_wide_as(page, "dialog .inside") <= 360
    without_barriers(page)
    page.get_by_role("button", name="Create now").click()
    page.wait_for_url("**/characters/phoebe")
    expect(page.get_by_role("heading", level=1)).to_have_text("Phoebe Small")
    assert as_wide_as(page) <= 360
    without_barriers(page)
