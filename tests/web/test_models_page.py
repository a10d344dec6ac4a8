"""Models in a real browser: what is missing and what mends it, keys that are never seen again, weights that come."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="fetching is for local models, an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="fetching is for local models, an extra: samecast[diffusers]")
pytest.importorskip("keyring", reason="keys are kept by an extra: samecast[keyring]")

from playwright.sync_api import FilePayload, Locator, Page, WebSocket, expect
from tests.models.diffusers.fake_hub import Hub, served
from tests.services.test_modelling import TINY
from tests.web.conftest import Watched
from tests.web.looking import as_wide_as, without_barriers
from tests.web.serving import Served, serve

from samecast.wiring import sample_picture

ROOT = Path(__file__).parents[2]
KEY = "sk-this-is-never-shown-again-4711"
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)  # nothing here is about how quick a busy machine is
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
INDEX = {"_class_name": "Flux2KleinPipeline", "transformer": ["diffusers", "T"]}


@dataclass
class Slow:
    """A hub that sends its weights once it is let."""

    hub: Hub
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        at_once = self.hub.answer

        def answer(path: str) -> tuple[int, dict[str, str], bytes]:
            if path.endswith(WEIGHTS):
                assert self.gate.wait(PATIENCE / 1000)
            return at_once(path)

        self.hub.answer = answer  # type: ignore[method-assign]
        files = {"model_index.json": json.dumps(INDEX).encode(), "transformer/config.json": b"{}"}
        self.hub.repos["maker/tiny"] = {**files, WEIGHTS: b"weights" * 100_000}


@pytest.fixture(scope="module")
def hub() -> Iterator[Slow]:
    with served() as running:
        yield Slow(running)


@pytest.fixture(scope="module")
def studio(hub: Slow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio with a keyring of its own, a hub of its own, one character and a take of her."""
    folder = tmp_path_factory.mktemp("models")
    home = folder / "home"
    environment = {
        "PYTHON_KEYRING_BACKEND": "tests.web.plain_ring.Ring",
        "PLAIN_RING": str(folder / "ring.json"),
        "PYTHONPATH": str(ROOT),
        "HF_ENDPOINT": hub.hub.url,
        "HF_HOME": str(folder / "hub"),
        "FAL_KEY": "fal-key-of-the-environment",
        "SAMECAST_PURPOSE": "commercial",
        "NO_PROXY": "127.0.0.1",
    }
    nothing = ("MAGE_API_KEY", "OPENAI_API_KEY", "BFL_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
    running = serve(home, "--no-worker", **environment, **dict.fromkeys((*nothing, "REPLICATE_API_TOKEN"), ""))
    running.run("cast", "add", str(sample_picture("astronaut.png")), "--name", "Eileen", "--anchor", "orange suit")
    running.run("shoot", "portrait of @eileen at dusk", "--image", "-n", "1", "--out", str(folder / "out"))
    yield running
    running.stop()


def opened(page: Page, studio: Served, path: str = "/models") -> None:
    page.goto(studio.url + path)
    expect(page.locator(".model").first).to_be_visible()
    expect(page.locator(".models-key, .models-row").first).to_be_visible()


def group(page: Page, title: str) -> Locator:
    heading = page.get_by_role("heading", name=title, exact=True)
    return page.locator("section").filter(has=heading)


def line(page: Page, model: str) -> Locator:
    return page.locator(".model").filter(has=page.locator("code", has_text=re.compile(f"^{re.escape(model)}$")))


def frames_of(page: Page) -> list[str]:
    """All that goes over the page's sockets from now on, in both directions."""
    frames: list[str] = []

    def heard(frame: str | bytes) -> None:
        frames.append(frame if isinstance(frame, str) else frame.decode("utf-8", "replace"))

    def opens(socket: WebSocket) -> None:
        socket.on("framesent", heard)
        socket.on("framereceived", heard)

    page.on("websocket", opens)
    return frames


def test_the_ready_come_first_and_each_says_what_it_waits_for(page: Page, studio: Served):
    opened(page, studio)
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    titles = page.locator("section > .row > h2").all_inner_texts()
    assert titles[0] == "Ready"
    assert "Needs OPENAI_API_KEY" in titles
    expect(group(page, "Ready")).to_contain_text("Storyboard")
    expect(line(page, "fal-veo-3.1").get_by_text("Ready")).to_be_visible()
    expect(group(page, "Needs OPENAI_API_KEY").locator("code.command-line")).to_have_text(
        "samecast models key OPENAI_API_KEY"
    )
    expect(group(page, "Excluded by what is declared")).to_contain_text("kontext-dev")
    without_barriers(page)


def test_a_line_opens_with_all_there_is_to_say(page: Page, studio: Served):
    opened(page, studio)
    face = line(page, "kontext-dev").locator(".model-face")
    face.focus()
    page.keyboard.press("Enter")
    expect(face).to_have_attribute("aria-expanded", "true")
    facts = line(page, "kontext-dev").locator(".model-facts")
    expect(facts).to_contain_text("does not allow commercial use")
    expect(facts).to_contain_text("checked 20")
    page.keyboard.press("Enter")
    expect(facts).to_be_hidden()
    opened(page, studio, "/models?model=fal-veo-3.1")
    expect(line(page, "fal-veo-3.1").locator(".model-facts")).to_be_in_viewport()


def test_a_command_is_copied(page: Page, studio: Served):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, studio)
    group(page, "Needs BFL_API_KEY").get_by_role("button", name="Copy the command").first.click()
    expect(page.get_by_text("Copied")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == "samecast models key BFL_API_KEY"


def test_filters_leave_what_fits(page: Page, studio: Served):
    opened(page, studio)
    page.get_by_label("Search").fill("klein 4b")
    expect(page.locator(".model")).to_have_count(2)
    page.get_by_role("checkbox", name="are free").check()
    expect(page.locator(".model")).to_have_count(1)
    page.get_by_role("radio", name="Clips").check()
    expect(page.get_by_text("No model has all of that")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^0 of \d+ models$"))).to_be_visible()


def test_a_key_is_kept_and_never_seen_again(page: Page, studio: Served):
    frames = frames_of(page)
    opened(page, studio)
    group(page, "Needs OPENAI_API_KEY").get_by_role("button", name="Enter the key").click()
    dialog = page.get_by_role("dialog", name="Enter OPENAI_API_KEY")
    field = dialog.get_by_label("OPENAI_API_KEY")
    expect(field).to_have_attribute("type", "password")
    without_barriers(page)
    field.press_sequentially(KEY)
    assert not [frame for frame in frames if KEY[:12] in frame], "nothing is sent while it is typed"
    field.press("Enter")
    expect(page.get_by_text("OPENAI_API_KEY is kept in the keyring.")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(line(page, "gpt-image-2").get_by_text("Ready")).to_be_visible()
    kept = page.locator(".models-key").filter(has_text="OPENAI_API_KEY")
    expect(kept).to_contain_text("Kept in the keyring")
    expect(page.locator(".models-key").filter(has_text="FAL_KEY")).to_contain_text("Set in the environment")
    assert len([frame for frame in frames if KEY in frame]) == 1, "it is sent once, and never back"
    opened(page, studio)
    assert KEY not in page.content()
    assert "fal-key-of-the-environment" not in page.content()
    assert len([frame for frame in frames if KEY in frame]) == 1
    assert not [frame for frame in frames if "fal-key-of-the-environment" in frame]
    assert not [file for file in studio.home.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]
    kept.get_by_role("button", name="Remove OPENAI_API_KEY").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(group(page, "Needs OPENAI_API_KEY")).to_be_visible()
    expect(page.locator(".models-key").filter(has_text="OPENAI_API_KEY")).to_have_count(0)


def test_what_is_no_key_is_refused_where_it_was_asked_for(page: Page, studio: Served):
    opened(page, studio)
    group(page, "Needs BFL_API_KEY").get_by_role("button", name="Enter the key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("BFL_API_KEY").fill("not a key")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("That is no key.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(group(page, "Needs BFL_API_KEY")).to_be_visible()


def test_a_licence_is_read_before_it_is_accepted(page: Page, studio: Served):
    opened(page, studio)
    line(page, "ltx2").get_by_role("button", name="Read the licence").click()
    dialog = page.get_by_role("dialog", name="The licence of")
    expect(dialog).to_contain_text("LTX-2 Community License")
    expect(dialog).to_contain_text("below $10,000,000 of revenue")
    accept = dialog.get_by_role("button", name="Accept")
    expect(accept).to_be_disabled()
    dialog.get_by_role("checkbox", name="I have read the licence").check()
    expect(accept).to_be_enabled()
    without_barriers(page)
    accept.click()
    expect(group(page, "To be fetched").locator("code", has_text="ltx2")).to_be_visible()
    assert "ltx2" in (studio.home / "accepted-licences.txt").read_text()


def add(page: Page, text: str) -> Locator:
    page.get_by_role("button", name="Add a model").click()
    dialog = page.get_by_role("dialog", name="Add models of your own")
    file = FilePayload(name="mine.toml", mimeType="application/toml", buffer=text.encode())
    dialog.locator("input[type=file]").set_input_files(file)
    return dialog


def test_a_file_that_names_a_folder_is_left_to_the_command_line(page: Page, studio: Served):
    opened(page, studio)
    dialog = add(page, TINY.replace('repo = "maker/tiny"', 'folder = "/etc"'))
    expect(dialog.get_by_role("alert")).to_contain_text("not taken from a browser")
    expect(dialog).to_contain_text("samecast models add FOLDER --id my-model")
    without_barriers(page)
    page.keyboard.press("Escape")
    expect(line(page, "tiny")).to_have_count(0)


def test_a_model_is_added_fetched_left_stopped_and_fetched(
    opening: Callable[..., Page], studio: Served, hub: Slow, watched: Watched
):
    page = opening()
    opened(page, studio)
    add(page, TINY)
    expect(line(page, "tiny").locator(".model-facts")).to_be_visible()
    line(page, "tiny").get_by_role("button", name="Fetch").click()
    page.get_by_role("dialog", name="Fetch Tiny").get_by_role("button", name="Fetch").click()
    bar = line(page, "tiny").get_by_role("progressbar", name="Fetching Tiny")
    expect(bar).to_be_visible()
    page.close()
    other = opening()
    opened(other, studio)
    expect(line(other, "tiny").get_by_role("progressbar")).to_be_visible()
    line(other, "tiny").get_by_role("button", name="Stop").click()
    expect(line(other, "tiny")).to_contain_text("Stopping")
    hub.gate.set()
    expect(other.get_by_text("Fetching Tiny was stopped.")).to_be_visible()
    expect(line(other, "tiny").get_by_role("progressbar")).to_be_hidden()
    line(other, "tiny").get_by_role("button", name="Fetch").click()
    other.get_by_role("dialog").get_by_role("button", name="Fetch").click()
    expect(other.get_by_text("Tiny is here.")).to_be_visible()
    expect(group(other, "Ready").locator("code", has_text="tiny")).to_be_visible()
    line(other, "tiny").locator(".model-face").click()
    line(other, "tiny").get_by_role("button", name="Take away").click()
    other.get_by_role("dialog").get_by_role("button", name="Take away").click()
    expect(other.get_by_text("Tiny is no longer among your models.")).to_be_visible()
    expect(line(other, "tiny")).to_have_count(0)


def test_only_who_has_a_list_is_asked_for_it(page: Page, studio: Served):
    opened(page, studio)
    page.get_by_role("button", name="Refresh a list").click()
    dialog = page.get_by_role("dialog", name="Read a provider")
    expect(dialog.get_by_label("Provider").locator("option")).to_have_text(["mage"])
    dialog.get_by_role("button", name="Read it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is no MAGE_API_KEY.")


def test_who_fares_best_with_whom_is_a_table(page: Page, studio: Served):
    opened(page, studio)
    expect(page.get_by_label("Character", exact=True)).to_have_value("eileen")
    row = page.get_by_role("row").filter(has_text="Storyboard")
    expect(row).to_contain_text("By design")
    expect(row).to_contain_text("$0.00")


def test_a_broken_catalogue_is_told(serving: Callable[..., Served], page: Page, tmp_path: Path):
    home = tmp_path / "broken"
    home.mkdir()
    (home / "models.toml").write_text("[[model]]\nid = 3\n")
    running = serving("--no-worker", home=home)
    page.goto(running.url + "/models")
    expect(page.locator("main .note").first).to_contain_text("models.toml is left out")
    expect(page.get_by_text("Nobody is cast yet.")).to_be_visible()


def test_on_a_phone_the_rail_leads_there_and_nothing_sticks_out(opening: Callable[..., Page], studio: Served):
    page = opening(360, 740, touch=True)
    page.goto(studio.url + "/")
    page.get_by_role("button", name="More").tap()
    page.locator("#rooms-more").get_by_role("link", name="Models").tap()
    expect(page.locator(".model").first).to_be_visible()
    expect(page.locator("#rooms-more")).to_be_hidden()
    line(page, "storyboard").locator(".model-face").tap()
    expect(line(page, "storyboard").locator(".model-facts")).to_be_visible()
    assert as_wide_as(page) <= 360
    without_barriers(page)
