"""The report page in a real browser, where one is installed: what its script does, and that nothing is blocked.

Chromium is driven by its command line alone. What has to be clicked or pressed is done by a second script, which the
test writes into a copy of the page and signs in that copy's policy.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.media import made_reports as made

from samecast.core.report import Report
from samecast.media.report import Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine: the page is tested without a browser"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What the browser printed, and the lines of its console (blocked styles and scripts among them)."""

    out: str
    console: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    folder: Path

    def run(self, html: str, *options: str) -> Ran:
        page = self.folder / "page.html"
        page.write_text(html, encoding="utf-8", newline="")
        command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [
            "--enable-logging=stderr",
            f"--user-data-dir={self.folder / 'profile'}",
            "--virtual-time-budget=4000",
        ]
        done = subprocess.run(
            [*command, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
        )
        return Ran(out=done.stdout, console=[line for line in done.stderr.splitlines() if ":CONSOLE" in line])

    def ask(self, html: str, script: str, *options: str) -> dict[str, object]:
        """Runs `script` in the page; what it puts on `found` comes back."""
        driven = (
            f"const found={{}};try{{{script}}}catch(e){{found.error=String(e)}}document.title=JSON.stringify(found);"
        )
        digest = base64.b64encode(hashlib.sha256(driven.encode()).digest()).decode()
        copy = html.replace("script-src ", f"script-src &#39;sha256-{digest}&#39; ").replace(
            "</body>", f"<script>{driven}</script></body>"
        )
        ran = self.run(copy, "--dump-dom", *options)
        assert ran.console == []
        title = re.search(r"<title>(.*?)</title>", ran.out, flags=re.S)
        assert title
        read: dict[str, object] = json.loads(
            title.group(1).replace("&amp;", "&").replace("&gt;", ">").replace("&lt;", "<")
        )
        assert "error" not in read, read
        return read

    def shot(self, html: str, *options: str) -> Image.Image:
        picture = self.folder / "shot.png"
        assert self.run(html, f"--screenshot={picture}", *options).console == []
        with Image.open(picture) as opened:
            return opened.convert("RGB")


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(folder=tmp_path)


@pytest.fixture(scope="module")
def several() -> str:
    return Page().html(made.several())


KEYS = """
const track=document.querySelector('#file-1 .track');
const say=()=>track.getAttribute('aria-valuenow')+' '+track.getAttribute('aria-valuetext').split(',')[0];
const press=key=>{track.dispatchEvent(new KeyboardEvent('keydown',{key,bubbles:true,cancelable:true}));return say()};
found.role=track.getAttribute('role');found.start=say();
for(const key of ['Home','ArrowLeft','ArrowRight','PageDown','End','w','W'])found[key]=press(key);
found.spoken=track.getAttribute('aria-valuetext');
found.now=[...document.querySelectorAll('#file-1 .strip .now')].map(li=>li.dataset.frame);
found.head=document.querySelector('#file-1 .playhead').getAttribute('x1');
found.frame=document.querySelector('#file-1 .stage-frame use').getAttribute('href');
found.strip=document.querySelector('#file-1 .strip .now use').getAttribute('href');
press('PageDown');
found.blank=document.querySelectorAll('#file-1 .stage-blank:not([hidden])').length;
"""


def test_the_timeline_is_moved_along_with_keys(browser: Browser, several: str) -> None:
    found = browser.ask(several, KEYS)
    assert found["role"] == "slider"
    assert found["start"] == "16 0:03"  # the weakest character's worst moment
    assert [found[key] for key in ("Home", "ArrowLeft", "ArrowRight", "PageDown", "End")] == [
        "1 0:00", "1 0:00", "2 0:00", "11 0:02", "32 0:07",
    ]  # fmt: skip
    assert (found["w"], found["W"]) == ("16 0:03", "13 0:03")
    assert "Kai: unlikely the same person, 0.20" in str(found["spoken"])
    assert found["now"] == ["12"]
    assert found["head"] == "39.06%"
    assert found["frame"] == found["strip"]
    assert found["blank"] == 2


MOUSE = """
const over=document.querySelector('#file-2 .over').getBoundingClientRect();
const track=document.querySelector('#file-2 .track');
const at={clientX:over.left+over.width*0.99,clientY:over.top+9,bubbles:true};
track.dispatchEvent(new PointerEvent('pointermove',at));
found.end=track.getAttribute('aria-valuenow');
document.querySelectorAll('#file-2 .strip li')[4].dispatchEvent(new PointerEvent('pointerover',{bubbles:true}));
found.strip=track.getAttribute('aria-valuenow');
document.querySelector('[data-show=missing]').click();
found.shown=[...document.querySelectorAll('#entries li')].filter(li=>li.offsetParent).map(li=>li.dataset.number);
found.files=[...document.querySelectorAll('.file')].filter(each=>each.offsetParent).map(each=>each.id);
found.said=document.querySelector('#shown').textContent;
document.querySelector('[data-show=""]').click();document.querySelector('#weakest').click();
found.ranked=[...document.querySelectorAll('#entries li')].map(li=>li.dataset.number);
document.querySelector('#look').click();document.querySelector('#look').click();
found.look=document.querySelector('#look').textContent;found.ground=getComputedStyle(document.documentElement).backgroundColor;
window.dispatchEvent(new Event('beforeprint'));found.open=document.querySelectorAll('details:not([open])').length;
window.dispatchEvent(new Event('afterprint'));found.shut=document.querySelectorAll('details[open]').length;
"""


def test_pointer_filters_and_looks(browser: Browser, several: str) -> None:
    assert browser.ask(several, MOUSE, "--window-size=1440,900") == {
        "end": "16", "strip": "5", "shown": ["5"], "files": ["file-5"], "said": "1 of 7 files shown",
        "ranked": ["5", "1", "4", "2", "3", "6", "7"], "look": "Colours: dark", "ground": "rgb(17, 18, 21)",
        "open": 0, "shut": 0,
    }  # fmt: skip


def test_a_denied_storage_is_no_error(browser: Browser) -> None:
    """A sandboxed frame has no storage at all; its own policy comes on top of the page's."""
    inner = Page().html(made.report(made.still())).replace("&", "&amp;").replace("'", "&#39;")
    out = browser.run(f"<!doctype html><iframe sandbox='allow-scripts' srcdoc='{inner}'></iframe>", "--dump-dom")
    assert out.console == []


FITS = """
found.over=document.documentElement.scrollWidth-document.documentElement.clientWidth;found.width=innerWidth;
parent.postMessage(JSON.stringify(found),'*');
"""


WIDTHS = {
    "phone": (made.several(), 360),
    "phone, animal": (made.animal(), 360),
    "phone, long name": (made.report(made.refused("x" * 300)), 360),
    "tablet": (made.several(), 768),
    "wide": (made.several(), 2560),
}


@pytest.mark.parametrize(("report", "width"), WIDTHS.values(), ids=WIDTHS.keys())
def test_nothing_reaches_out_of_the_window(browser: Browser, report: Report, width: int) -> None:
    """In a frame of that width: a window of the browser itself cannot be as narrow as a phone."""
    html = Page().html(report)
    digest = base64.b64encode(hashlib.sha256(f"const found={{}};{FITS}".encode()).digest()).decode()
    inner = html.replace("script-src ", f"script-src &#39;sha256-{digest}&#39; ")
    inner = inner.replace("</body>", f"<script>const found={{}};{FITS}</script></body>")
    (browser.folder / "inner.html").write_text(inner, encoding="utf-8", newline="")
    outer = (
        "<!doctype html><title></title><script>addEventListener('message',e=>document.title=e.data)</script>"
        f"<iframe src='inner.html' width='{width}' height='800'></iframe>"
    )
    out = browser.run(outer, "--dump-dom", "--window-size=2700,900").out
    title = re.search(r"<title>(.*?)</title>", out)
    assert title
    assert json.loads(title.group(1)) == {"over": 0, "width": width}


@pytest.mark.parametrize(
    ("options", "dark"), [((), False), (("--force-dark-mode", "--blink-settings=preferredColorScheme=0"), True)]
)
def test_the_page_shows_its_pictures(browser: Browser, options: tuple[str, ...], dark: bool) -> None:
    """The astronaut's suit is the only orange there is on the page."""
    shot = np.asarray(browser.shot(Page().html(made.report(made.still())), "--window-size=1200,700", *options)).astype(
        int
    )
    suit = (shot[..., 0] > 190) & (shot[..., 1] < 110) & (shot[..., 2] < 80)
    assert suit.sum() > 500
    assert (shot[5, 5].mean() < 60) == dark


def test_the_page_prints(browser: Browser, several: str) -> None:
    paper = browser.folder / "paper.pdf"
    assert browser.run(several, f"--print-to-pdf={paper}").console == []
    pages = max(int(count) for count in re.findall(rb"/Count (\d+)", paper.read_bytes()))
    assert pages >= 7  # a file begins on a page of its own


def test_without_its_script_the_page_says_the_same(browser: Browser, several: str) -> None:
    bare = re.sub(r"<script>.*?</script>", "", several, flags=re.S)
    assert bare != several
    out = browser.run(bare, "--dump-dom").out
    assert out.count('class="evidence"') == several.count('class="evidence"')
    assert 'id="look" hidden' in out
