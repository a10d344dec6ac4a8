"""The report page: what it says, that it stands alone, that nothing in it can be taken for markup or a formula."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from tests.media import made_reports as made

from samecast.core import consistency
from samecast.core.consistency import HOLDS, AnchorScore, CopyScore, Moment, Outcome, TakeScore
from samecast.core.errors import BadMedia, InvalidInput
from samecast.core.report import Report
from samecast.media.report import Page, words
from samecast.media.report.page import palette

VOID = {"meta", "br", "input", "link", "img"}


class Read(HTMLParser):
    """A page's elements in order, their attributes, and the text inside them by tag."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="module")
def html() -> str:
    return Page().html(made.several())


@pytest.fixture(scope="module")
def page(html: str) -> Read:
    return Read(html)


def told(html: str) -> str:
    """The words of a page, without markup, style and script."""
    bare = re.sub(r"<(style|script)[^>]*>.*?</\1>|<title>.*?</title>", " ", html, flags=re.S)
    text = re.sub(r"<[^>]+>", " ", bare).replace("\xa0", " ")
    return re.sub(r"\s+", " ", text).replace("&gt;", ">").replace("&lt;", "<").replace("&#39;", "'")


def section(html: str, number: int) -> str:
    return html[html.index(f'id="file-{number}"') :].partition("</section>")[0]


# --- it stands alone ----------------------------------------------------------------------------------------------


def test_nothing_is_asked_of_the_network(page: Read) -> None:
    assert not {"link", "iframe", "object", "embed", "base", "form", "img"} & {tag for tag, _ in page.elements}
    for reference in [*page.values("href"), *page.values("src")]:
        assert reference.startswith(("#", "data:image/jpeg;base64,")), reference[:60]


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(html: str, page: Read) -> None:
    def signed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    (style,) = page.texts["style"]
    script = page.texts["script"][-1]
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == (
        f"default-src 'none'; img-src data:; style-src {signed(style)}; script-src {signed(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "\r" not in html
    for _, attributes in page.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_every_picture_is_in_the_page_once(page: Read) -> None:
    uris = [uri for uri in page.values("href") if uri.startswith("data:")]
    assert len(uris) == len(set(uris)) > 40


@pytest.mark.parametrize(
    "report", [made.several(), made.many(), made.animal(), made.report()], ids=["several", "many", "animal", "none"]
)
def test_what_is_named_is_there(report: Report) -> None:
    page = Read(Page().html(report))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    named = [value[1:] for value in page.values("href") if value.startswith("#")]
    named += [value for name in ("aria-labelledby", "aria-describedby", "aria-controls") for value in page.values(name)]
    named += [value[5:-1] for value in page.values("fill") if value.startswith("url(#")]
    assert set(named) <= set(ids)


# --- what comes from outside is text ------------------------------------------------------------------------------


def hostile(text: str) -> Report:
    """A report in which every word that comes from outside is `text`."""
    clip = made.two_characters()
    scores = tuple(
        replace(
            score,
            reason=text,
            encoder=text,
            calibration=text,
            anchors=(AnchorScore(text=text, kind="mark", verdict="lost", reason=text, frames=3),),
            copy=CopyScore(verdict="not_measurable", copied=None, reason=text),
        )
        for score in clip.score.characters
    )
    outcome = Outcome(kind="blended", handles=("mira",), start=1.0, end=2.0, frames=2, reason=text)
    clip = replace(clip, path=text, score=TakeScore(characters=scores, outcomes=(outcome,)), anchors=())
    files = (clip, replace(made.still(), path=text), made.refused(text), replace(made.refused(), refused=text))
    report = made.report(*files, title=text, rate=text)
    cast = tuple(replace(who, name=text, description=text) for who in report.characters)
    return replace(report, characters=cast, made_at=text, version=text, encoders=(text,))


def test_no_text_becomes_markup() -> None:
    wicked, tame = Page().html(hostile(made.HOSTILE)), Page().html(hostile("takes/tame.mp4"))
    wicked.encode("utf-8")  # a file name may hold bytes that are no UTF-8
    assert [tag for tag, _ in Read(wicked).elements] == [tag for tag, _ in Read(tame).elements]
    assert [set(a) for _, a in Read(wicked).elements] == [set(a) for _, a in Read(tame).elements]
    assert "<script>alert" not in wicked
    assert "&lt;script&gt;alert" in wicked
    assert "\x07" not in wicked
    for script in Read(wicked).texts["script"][:-1]:
        json.loads(script)


def test_a_name_that_turns_its_neighbours_round_is_fenced_in() -> None:
    html = Page().html(made.report(replace(made.still(), path="\u202egnp.exe")))
    for before in re.findall(r"([^\n]{5})\u202e", html.partition("<script")[0]):
        assert before.endswith("<bdi>"), before


# --- what it says -------------------------------------------------------------------------------------------------


def test_the_head_says_the_whole_in_one_sentence(html: str) -> None:
    words_of_it = told(html)
    assert (
        "Of 7 files, 2 hold, 1 drifts, 1 mixes characters up, 1 misses a character, 1 cannot be measured and "
        "1 cannot be read." in words_of_it
    )
    assert "2/7 = 29% (95% CI 8-64)" in words_of_it
    assert "About 1 in 100 strangers would pass (false accept rate 1 %)" in words_of_it
    assert "22 November 2026, 17:45 UTC · samecast 0.1.0" in words_of_it


def test_one_file_needs_no_index_and_no_rate() -> None:
    text = told(Page().html(made.report(made.holding())))
    assert "Mira holds." in text
    assert "Match rate" not in text
    assert "all files" not in text


def test_a_file_holds_on_the_page_exactly_where_it_counts_as_a_match() -> None:
    """A swap in which both faces are like enough is no match, as in the match rate."""
    clip = made.holding()
    swapped = Outcome(
        kind="swapped", handles=("mira", "kai"), start=0.0, end=2.0, frames=9, reason="On each other's body."
    )
    mixed = replace(clip, score=replace(clip.score, outcomes=(swapped,)))
    for file, word in ((clip, "Match"), (mixed, "Mixed up")):
        badge = re.search(
            r'class="file-side"><span class="badge[^>]*>.*?</svg>([^<]+)<', Page().html(made.report(file))
        )
        assert badge
        assert (badge.group(1) == "Match") == file.score.holds
        assert badge.group(1) == word


def test_the_verdict_is_told_in_words_with_its_worst_moment(html: str) -> None:
    assert "Mira drifts: at the worst moment unlikely the same person (0.05 at 0:03)." in told(section(html, 1))
    assert "Mira holds through the whole clip: even at the worst moment" in told(section(html, 2))
    assert "Very likely the same person as Mira (>0.99)." in told(section(html, 3))
    assert "Mira should be there and is missing." in told(section(html, 5))
    assert "Mira cannot be measured here: neither good nor bad." in told(section(html, 6))
    assert "The file is damaged: <b>no frame</b> could be decoded." in told(section(html, 7))


def test_an_animal_has_an_appearance_match_and_no_person() -> None:
    html = section(Page().html(made.animal()), 1)
    assert "Beside Chelsea's reference: likely alike in looks (0.81)." in told(html)
    assert "Appearance match, by lab_histogram 1." in told(html)
    assert "same person" not in told(html)
    assert "How many strangers would pass is not known" in told(html)


def test_no_figure_is_a_certainty_and_nothing_unmeasured_is_zero() -> None:
    certain = replace(
        made.still(), score=TakeScore(characters=(replace(made.still().score.characters[0], p_same=1.0),))
    )
    for report in (made.report(certain), made.report(made.not_measurable()), made.report(made.missing())):
        text = told(section(Page().html(report), 1))
        assert not re.search(r"\b1\.00\b|\b0\.00\b|\bNone\b|\bnan\b", text)
    assert "not measurable" in told(section(Page().html(made.report(made.not_measurable())), 1))


def test_a_figure_that_a_clip_lacks_is_told_as_not_measurable() -> None:
    clip = made.holding()
    (score,) = clip.score.characters
    bare = replace(score, p5=None, slope=None, unusual=None)
    facts = Page().html(made.report(replace(clip, score=TakeScore(characters=(bare,))))).split("<h3>In figures")[1]
    lines = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", facts.partition("</dl>")[0])
    lacking = [what for what, value in lines if told(value).startswith("not measurable")]
    assert lacking == ["19 of 20 frames reach", "Over time", "Farther off than real footage at such a head angle"]


def test_the_worst_stretch_is_shown_large_beside_the_reference(html: str) -> None:
    evidence = section(html, 1).split('<div class="evidence">')[1]
    assert "Worst stretch, 0:03–0:04" in told(evidence)
    pictures = re.findall(r'aria-label="([^"]*)"', evidence)
    assert pictures[0] == "The reference of Mira"
    assert pictures[1:4] == [
        "Mira at 0:03: unlikely the same person",
        "Mira at 0:03: unlikely the same person",
        "Mira at 0:04: very unlikely the same person",
    ]
    assert pictures[4] == "The whole frame at 0:03"


def test_what_is_missing_is_shown_by_the_frames_that_lack_it(html: str) -> None:
    evidence = section(html, 5).split('<div class="evidence">')[1].partition('<div class="timeline"')[0]
    assert re.findall(r'aria-label="([^"]*)"', evidence)[1:] == [
        f"The frame at {time}: missing: nobody in view" for time in ("0:00", "0:01", "0:02")
    ]


def test_mixups_are_listed_with_their_sentence(html: str) -> None:
    text = told(section(html, 1))
    assert "Swapped · Mira, Kai · 0:02–0:03 · Mira's face is on Kai's body." in text
    assert "Extra person · 0:03–0:07 · Somebody else is in the frame <b>too</b>." in text


def test_anchors_come_with_their_verdict_and_crops(html: str) -> None:
    table = section(html, 1).split('class="stack"')[1].partition("</table>")[0]
    first, second, third = table.split("<tr>")[2:]
    assert "Moved to the mirrored side" in told(first)
    assert "3 of 24 frames strength 0.71" in told(first)
    assert len(re.findall(r'class="picture patch"', first)) == 3
    assert "29 of 30 frames" in told(second)
    assert told(third).count("not shown") == 3
    assert "Not assessable" in told(third)


def test_the_copy_alarm_speaks_up_and_by_design_it_does_not(html: str) -> None:
    assert section(html, 1).count('class="alarm"') == 1
    assert "copy alarm" in told(html.partition('id="file-1"')[0])
    assert "Shown anew: not the reference's own pixels (chance of a copy 0.02)." in told(section(html, 1))
    clip = made.two_characters()
    design = tuple(
        replace(score, composited=True, copy=CopyScore(verdict="copy", copied=0.97, reason="", by_design=True))
        for score in clip.score.characters
    )
    other = Page().html(made.report(replace(clip, score=TakeScore(characters=design))))
    assert 'class="alarm"' not in other
    assert "by design: this likeness proves nothing about a model" in told(other)


def test_quality_is_told_in_words_by_the_limits_that_picking_uses() -> None:
    assert words.quality("flicker", consistency.FLICKERS)[0] == "flickers visibly"
    assert words.quality("flicker", consistency.FLICKERS - 0.01)[0] == "steady"
    assert words.quality("frozen", consistency.MOSTLY_FROZEN)[0] == "still for most of the clip"
    assert words.quality("sharpness", None) == ("not measurable", "")


def test_more_likely_than_not_begins_where_a_character_holds() -> None:
    assert words.likely(HOLDS, person=True) == "more likely the same person than not"
    assert words.likely(HOLDS - 1e-9, person=True) == "less likely the same person than not"
    assert words.likely(0.0, person=False) == "very unlikely alike in looks"
    assert words.likely(1.0, person=True) == "very likely the same person"


def test_head_angles_and_real_footage_in_words() -> None:
    assert words.head(12.4) == "head turned 12° to the right of the picture"
    assert words.head(-30.0) == "head turned 30° to the left of the picture"
    assert words.head(None) == "head angle not measured"
    assert words.usual(Moment(seconds=0, likeness=0.2, usual=False)).startswith("farther off")
    assert words.usual(Moment(seconds=0, likeness=0.2)).startswith("no real footage")
    assert words.usual(Moment(seconds=0, likeness=None)) == ""
    assert words.false_accepts(0.001) == "about 1 in 1000 strangers would pass (false accept rate 0.1 %)"


def test_an_encoder_that_knows_no_head_angles_says_nothing_of_real_footage() -> None:
    clip = made.holding()
    (score,) = clip.score.characters
    bare = replace(score, moments=tuple(replace(moment, usual=None) for moment in score.moments))
    html = section(Page().html(made.report(replace(clip, score=TakeScore(characters=(bare,))))), 1)
    assert "real footage at this head angle" not in html
    assert "real footage of one person at this head angle" in section(Page().html(made.report(clip)), 1)


# --- who reads it -------------------------------------------------------------------------------------------------


def test_every_picture_and_figure_can_be_read_aloud(page: Read) -> None:
    for attributes in page.all("svg"):
        if attributes.get("class") not in ("picture whole", "dot"):  # named by the script; inside a hidden chart
            labelled = attributes.get("role") == "img" and attributes.get("aria-label")
            assert labelled or attributes.get("aria-hidden") == "true" or "stage-crop" in attributes["class"], (
                attributes
            )
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == len(page.all("main")) == 1


def test_a_verdict_has_a_shape_and_a_word_besides_its_colour(html: str) -> None:
    badges = re.findall(r'<span class="badge is-(\w+)">(.*?)</span>', html, flags=re.S)
    shapes = {verdict: re.findall(r'href="#(i-\w+)"', inner) for verdict, inner in badges}
    assert {verdict: re.sub(r"<[^>]+>", "", inner) for verdict, inner in badges} == words.VERDICTS
    assert shapes == {verdict: [f"i-{verdict}"] for verdict in words.VERDICTS}


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of '#rrggbb'."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", ["light", "dark", "paper"])
@pytest.mark.parametrize("on", ["ground", "card", "well"])
def test_every_colour_can_be_read_on_every_ground(look: str, on: str) -> None:
    colours = palette()["dark" if look == "dark" else "light"]
    if look == "paper":
        colours = {**colours, "ground": "#ffffff"}
    for role in ("ink", "quiet", "accent", "match", "drift", "missing", "unmeasured"):
        assert contrast(colours[role], colours[on]) >= 4.5, role
    assert contrast(colours["edge"], colours[on]) >= 3


# --- many files ---------------------------------------------------------------------------------------------------


def test_sixty_files_have_an_index_that_can_be_narrowed_and_ranked() -> None:
    page = Read(Page().html(made.many(60)))
    rows = [attributes for attributes in page.all("li") if "data-rank" in attributes]
    assert [row["data-number"] for row in rows] == [str(number) for number in range(1, 61)]
    assert sorted(int(row["data-rank"]) for row in rows) == list(range(60))
    weakest = min(rows, key=lambda row: int(row["data-rank"]))
    assert weakest["data-verdict"] == "missing"
    assert max(rows, key=lambda row: int(row["data-rank"]))["data-verdict"] == "refused"
    assert [button["data-show"] for button in page.all("button") if "data-show" in button] == [
        "", "match", "drift", "mixed", "missing", "refused",
    ]  # fmt: skip
    assert len(page.all("section")) == 60


# --- what cannot be drawn -----------------------------------------------------------------------------------------


def test_a_picture_that_is_none_is_refused() -> None:
    report = made.report(made.still())
    with pytest.raises(BadMedia, match="neither a JPEG nor a PNG"):
        Page().html(replace(report, characters=(replace(report.characters[0], reference=b"GIF89a, or so"),)))


def test_a_score_of_somebody_who_is_not_shown_is_refused() -> None:
    report = made.report(made.still())
    with pytest.raises(InvalidInput, match="@mira"):
        Page().html(replace(report, characters=report.characters[1:]))
