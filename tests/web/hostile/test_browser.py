"""In a real Chromium: texts that would run are shown as text, and pages elsewhere get nothing done nor see anything."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page
from tests.web.conftest import Watched
from tests.web.hostile.asking import Target, Trap, ask, trap
from tests.web.hostile.texts import ANCHOR, DESCRIPTION, FETCHES, MODEL, NAME, NEGATIVE, PROMPT, RUNS, TAG, WORKER
from tests.web.serving import COMMAND, environment

PAGES = (
    "/",
    "/characters/new",
    "/characters/mira",
    "/create",
    "/create?" + urlencode({"model": "odd", "kind": "image", "negative": NEGATIVE, "prompt": PROMPT}),
    "/creations",
    "/prompts",
    "/models",
    "/models?model=odd",
    "/queue",
    "/settings",
)
FIELDS = "input:not([type]), input[type=text], input[type=search], input[type=url], input[type=number], textarea"
ODD = """[null, true, -1, 1e308, "", "x".repeat(9000), [], {}, [[[]]], {a: {b: null}}, ["../.."], "<b>",
[1, 2, 3, 4, 5], {x: NaN, y: 1e999, w: -1, h: 0},
{name: "../../x", handle: "__proto__", id: 99999, value: ["a"], files: [{}]}]"""


@pytest.fixture(scope="module", autouse=True)
def _with_eyes(attacked: Target) -> None:
    """What is handed in on these pages is graded, and what looks at it stays in memory from then on."""
    attacked.most_grown = 1500


@pytest.fixture(scope="module", autouse=True)
def _with_a_worker(attacked: Target) -> Iterator[None]:
    """Whoever may write into the library may call a worker as they like."""
    worker = subprocess.Popen(
        [*COMMAND, "worker", "--name", WORKER],
        env=environment(attacked.served.home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    worker.terminate()
    worker.wait(30)


def calm(page: Page) -> None:
    """Wait until a page has been filled."""
    page.wait_for_selector("#page main", timeout=30_000)
    page.wait_for_function("() => window.did_handshake === true")
    page.wait_for_timeout(700)


def ran(page: Page) -> object:
    return page.evaluate("() => window.pwned ?? null")


@pytest.fixture
def tab(attacked: Target, opening: Callable[..., Page], watched: Watched) -> Page:
    """A tab in which nothing may ask anything of anybody."""
    page = opening()

    def asked(dialog: Dialog) -> None:
        watched.lines.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", asked)
    page.on("popup", lambda popup: watched.lines.append(f"popup: {popup.url}"))
    return page


def go(target: Target, page: Page, path: str) -> None:
    for _ in range(30):
        answer = page.goto(target.served.url + path)
        if answer is not None and answer.status != 429:
            break
        page.wait_for_timeout(1000)
    calm(page)


# --- what is kept -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_what_is_kept_is_shown_as_text(attacked: Target, tab: Page, watched: Watched, path: str):
    watched.allowed.append(r"status of 404") if path.startswith(("/prompts", "/models", "/settings")) else None
    go(attacked, tab, path)
    assert ran(tab) is None
    for smuggled in (
        "img[src='x']",
        "#page script",
        "iframe",
        "[onerror]",
        "[onload]",
        "[onfocus]",
        "a[href^='javascript']",
    ):
        assert tab.locator(smuggled).count() == 0, smuggled


def test_all_of_it_can_be_read(attacked: Target, tab: Page):
    go(attacked, tab, "/characters/mira")
    shown = tab.locator("#page").inner_text()
    assert NAME in shown
    for text in (DESCRIPTION, TAG, ANCHOR):
        fields = tab.locator("#page input, #page textarea").evaluate_all("all => all.map(one => one.value)")
        assert text in shown or text in fields, text


@pytest.mark.parametrize(("path", "text"), [("/models?model=odd", MODEL), ("/queue", WORKER)])
def test_what_others_are_called_can_be_read(attacked: Target, tab: Page, watched: Watched, path: str, text: str):
    watched.allowed.append(r"status of 404")
    go(attacked, tab, path)
    tab.get_by_text(text, exact=True).first.wait_for()
    assert ran(tab) is None


# --- what is typed ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trapped() -> Iterator[Trap]:
    with trap() as set_up:
        yield set_up


@pytest.mark.parametrize("path", PAGES)
def test_what_is_typed_neither_runs_nor_is_fetched(
    attacked: Target, tab: Page, trapped: Trap, watched: Watched, path: str
):
    watched.allowed.append(r"status of 404") if path.startswith(("/prompts", "/models", "/settings")) else None
    go(attacked, tab, path)
    texts = [*RUNS, *(text.format(trap=trapped.url, bare=trapped.url.removeprefix("http://")) for text in FETCHES)]
    count = tab.locator(FIELDS).count()
    for number, text in enumerate(texts):
        for place in range(number % 3, count, 3) if count > 6 else range(count):
            field = tab.locator(FIELDS).nth(place)
            if field.count() and field.is_visible() and field.is_enabled():
                typed = "-1e9" if field.get_attribute("type") == "number" else text
                field.fill(typed)
                tab.wait_for_timeout(60)
    tab.wait_for_timeout(700)
    assert ran(tab) is None
    assert trapped.caught() == 0
    for smuggled in ("img[src='x']", "#page script", "iframe", "[onerror]", "a[href^='javascript']"):
        assert tab.locator(smuggled).count() == 0, smuggled


# --- what is sent -------------------------------------------------------------------------------------------------


SEND = """async (odd) => {
    const ways = new Set(["sub_pages_open", "sub_pages_navigate"]);
    for (const [id, element] of Object.entries(mounted_app.elements))
        for (const event of element.events ?? []) {
            if (ways.has(event.type)) continue;
            window.socket.emit("event", {id: Number(id), client_id: window.clientId,
                listener_id: event.listener_id, args: [JSON.stringify(odd) ?? null]});
            await new Promise(done => setTimeout(done, 8));
        }
}"""


@pytest.mark.parametrize("path", PAGES)
def test_no_handler_breaks_whatever_it_is_sent(
    attacked: Target, opening: Callable[..., Page], watched: Watched, path: str
):
    """Every event that an element of the page listens to, with arguments of every wrong kind."""
    watched.allowed += [r".*"]  # what the page says of it is its own; what the server says counts here
    page = opening()
    before = len(attacked.broke())
    odd = page.evaluate(f"() => ({ODD}).map(one => JSON.stringify(one))")
    for number, one in enumerate(odd):
        if number % 5 == 0 or not page.url.endswith(path):
            go(attacked, page, path)
        page.evaluate(f"(odd) => ({SEND})(JSON.parse(odd))", one)
        page.wait_for_timeout(200)
    time.sleep(0.5)
    assert attacked.broke()[before:] == [], "\n".join(attacked.served.said[-60:])
    assert ask(attacked, "/healthz").status == 200


# --- pages elsewhere ----------------------------------------------------------------------------------------------


def with_session(target: Target, browser: Browser) -> BrowserContext:
    """A browser that has come in."""
    context = browser.new_context()
    name, _, value = target.session.partition("=")
    context.add_cookies(
        [{"name": name, "value": value, "url": target.served.url, "sameSite": "Strict", "httpOnly": True}]
    )
    return context


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another site, on the same machine: an empty page of its own."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


TRIES = {
    "reads a page": "fetch(url + '/').then(answer => answer.text())",
    "reads a page with the session": "fetch(url + '/', {credentials: 'include'}).then(answer => answer.text())",
    "shows a picture": "new Promise((yes, no) => { const i = new Image(); i.onload = () => yes(1); i.onerror = no;"
    " i.src = url + '/studio/picture/' + sha256 + '/96.jpg'; })",
    "plays a clip": "new Promise((yes, no) => { const v = document.createElement('video'); v.onerror = no;"
    " v.onloadeddata = () => yes(1); v.src = url + '/studio/clip/' + sha256 + '.mp4'; document.body.append(v); })",
    "runs a script": "new Promise((yes, no) => { const s = document.createElement('script'); s.onload = () => yes(1);"
    " s.onerror = no; s.src = url + '/_nicegui/x/static/nicegui.js'; document.head.append(s); })",
    "hands a picture in": "fetch(url + '/studio/upload', {method: 'POST', mode: 'no-cors', body: new Blob(['x'])})"
    ".then(() => fetch(url + '/healthz')).then(answer => answer.text())",
    "opens a socket": "new Promise((yes, no) => { const w = new WebSocket(url.replace('http', 'ws') +"
    " '/_nicegui_ws/socket.io/?EIO=4&transport=websocket'); w.onopen = () => yes(1); w.onerror = no; })",
}


@pytest.mark.parametrize("what", TRIES)
def test_a_page_elsewhere_gets_nothing(attacked: Target, browser: Browser, elsewhere: str, what: str):
    context = browser.new_context()
    page = context.new_page()
    page.goto(elsewhere)
    got = page.evaluate(
        f"([url, sha256]) => ({TRIES[what]}).then(got => 'got ' + got, () => 'nothing')",
        [attacked.served.url, attacked.sha256],
    )
    context.close()
    assert got == "nothing"


def test_a_page_elsewhere_cannot_frame_it(attacked: Target, browser: Browser, elsewhere: str):
    context = browser.new_context()
    page = context.new_page()
    page.goto(elsewhere)
    page.evaluate(
        "url => { const f = document.createElement('iframe'); f.src = url; document.body.append(f) }",
        attacked.served.url,
    )
    page.wait_for_timeout(1500)
    assert len(page.frames) == 2
    assert page.frames[1].locator("#page").count() == 0
    context.close()


def test_a_page_elsewhere_ends_no_session(locked: Target, browser: Browser, elsewhere: str):
    context = with_session(locked, browser)
    page = context.new_page()
    page.goto(elsewhere)
    page.evaluate(
        "url => { const f = document.createElement('form'); f.method = 'post'; f.action = url + '/leave';"
        " document.body.append(f); f.submit() }",
        locked.served.url,
    )
    page.wait_for_load_state()
    page.wait_for_timeout(500)
    context.close()
    assert ask(locked, f"/studio/original/{locked.sha256}").status == 200


def test_a_link_elsewhere_leads_in_with_the_session(locked: Target, browser: Browser, elsewhere: str):
    context = with_session(locked, browser)
    page = context.new_page()
    page.goto(elsewhere)
    page.evaluate(
        "url => { const a = document.createElement('a'); a.href = url; a.text = 'x'; document.body.append(a) }",
        locked.served.url + "/characters/mira",
    )
    page.click("a")
    page.wait_for_selector("#page main")
    assert page.url.endswith("/characters/mira")
    assert page.evaluate("() => document.cookie") == "", "no script sees the session"
    context.close()
