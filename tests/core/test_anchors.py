"""Which details are specific, which are vague, what contradicts what; sides and regions as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.lexicon_at_hand import LEXICON

from samecast.core.anchors import judge_anchors, judge_text, parse_anchor
from samecast.core.cast import Region
from samecast.core.errors import InvalidInput, SamecastError

SPECIFIC = """
faint diagonal scar across the left cheekbone | left-side undercut | cyan piping along all armor seams
koi tattoo on the forearm | round wire-rimmed glasses | heterochromia: left eye blue, right eye green
platinum-white bob with a black streak | long jet-black hair in a tight low ponytail | a hook for a hand
brass monocle | one antler snapped off | chipped front tooth | notch shaved through the right eyebrow
freckles across the nose bridge | paperclip chain around the neck | three moles below the left eye
a notch in the right ear | white patch on the chest | NASA patch on the left shoulder | braided red beard
sunflower painted on her prosthetic leg | an oxygen tube taped under the nose | orange tabby stripes on the forehead
red leather jacket with a torn left sleeve | barcode tattooed behind the ear | copper wires woven through her braids
"""
VAGUE = """
she's pretty | dark hair | has dark hair | tough-looking | he's tough-looking | blue eyes | a woman | long hair
mysterious vibe | strong presence | nice smile | kind eyes | cool clothes | beautiful green eyes | athletic build
a very interesting person | looks like a movie star | curly brown hair | unusual jewelry | Japanese, mid-30s
"""
WEAK = "a scar | tattoo | glasses | red jacket | silver hair | beard | yellow raincoat"


def _split(table: str) -> list[str]:
    return [item.strip() for line in table.strip().splitlines() for item in line.split("|")]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        *((text, "specific") for text in _split(SPECIFIC)),
        *((text, "vague") for text in _split(VAGUE)),
        *((text, "weak") for text in _split(WEAK)),
    ],
)
def test_how_specific(text: str, level: str) -> None:
    assert judge_text(text, LEXICON).level == level


@pytest.mark.parametrize(
    ("anchors", "verdict"),
    [
        ((), "fail"),
        (("dark hair", "she's pretty"), "fail"),
        (("a scar", "dark hair"), "warn"),
        (("dark hair", "left-side undercut"), "pass"),
        (("scar on the left cheek", "scar on the right cheek"), "warn"),
    ],
)
def test_verdict(anchors: tuple[str, ...], verdict: str) -> None:
    rule = judge_anchors([parse_anchor(text) for text in anchors], "", LEXICON)
    assert (rule.rule, rule.verdict) == ("anchors", verdict)
    assert rule.advice


def test_vague_ones_are_named_with_a_better_kind_each() -> None:
    rule = judge_anchors([parse_anchor(t) for t in ("dark hair", "tough-looking", "cyan piping")], "", LEXICON)
    assert rule.measured["vague"] == ["dark hair", "tough-looking"]
    assert rule.measured["specific"] == 1
    assert "'dark hair' is vague" in rule.advice
    assert "undercut" in rule.advice
    assert "scar across" in rule.advice


CLASHES = [
    (("scar on the left cheekbone",), "faint diagonal scar across right cheekbone", True),
    (("scar on the left cheekbone", "scar on the right cheek"), "", True),
    (("scar on left cheek", "scar on right hand"), "", False),
    (("scar on the left cheek",), "a second scar on the right cheek", False),
    (("scar on the left",), "a scar over her right eye", True),
    (("left eye blue, right eye green",), "left eye blue and right eye green", False),
    (("left eye blue", "right eye green"), "", False),
    (("left eye blue",), "left eye green", True),
    (("left earring", "right earring"), "", False),
    (("silver hoop in the left ear",), "silver hoops in both ears", False),
    (("silver hoop in the left ear",), "a silver hoop in the right ear", True),
    (("cyan piping along the seams",), "matte black armor with red piping", True),
    (("cyan piping", "red piping"), "", True),
    (("white streak in black hair",), "long jet-black hair", False),
    (("long black hair",), "short black hair", True),
    (("blonde hair",), "dark hair", True),
    (("red jacket",), "a crimson jacket", False),
    (("red jacket",), "blue jeans", False),
    (("left-side undercut",), "an undercut on the right side", True),
    (("dragon tattoo on the left forearm",), "no tattoos", True),
    (("scars on the left and right cheeks",), "a scar on the left cheek", False),
    (("jade toggle on the left cuff",), "wears a scarlet jade toggle on the right cuff", False),
]


@pytest.mark.parametrize(("anchors", "description", "clash"), CLASHES)
def test_contradictions(anchors: tuple[str, ...], description: str, clash: bool) -> None:
    rule = judge_anchors([parse_anchor(text) for text in anchors], description, LEXICON)
    assert bool(rule.measured["contradictions"]) is clash
    if clash:
        assert rule.verdict != "pass"
        assert "Decide which is right" in rule.advice


def test_the_guides_three_anchors_agree_with_its_description() -> None:
    anchors = (
        "left-side undercut",
        "faint diagonal scar across right cheekbone",
        "glowing cyan piping along all seams",
    )
    told = (
        "cyber samurai woman, Japanese, mid-30s, long jet-black hair pulled into a tight low ponytail with a subtle "
        "left-side undercut, faint diagonal scar across right cheekbone, wearing sleek matte black tactical armor with "
        "glowing cyan piping along all seams, katana hilt visible at her hip"
    )
    rule = judge_anchors([parse_anchor(text) for text in anchors], told, LEXICON)
    assert (rule.verdict, rule.measured["specific"], rule.measured["contradictions"]) == ("pass", 3, [])


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("left-side undercut", "left"),
        ("scar across the RIGHT cheekbone", "right"),
        ("undercut on the left", "left"),
        ("scar right above the brow", None),
        ("scar on the right above the brow", "right"),
        ("jacket left unbuttoned", None),
        ("scar from left to right", None),
        ("left eye blue, right eye green", None),
        ("scar on the viewer's left", "right"),
        ("earring camera-right", "left"),
        ("cyan piping", None),
        ("upright collar", None),
    ],
)
def test_side(text: str, side: str | None) -> None:
    assert parse_anchor(text).side == side


def test_region() -> None:
    anchor = parse_anchor("  scar on the left   cheek [0.6, .4,0.1,0.05] ")
    assert anchor.text == "scar on the left cheek"
    assert anchor.region == Region(x=0.6, y=0.4, width=0.1, height=0.05)
    assert parse_anchor("scar").region is None


@pytest.mark.parametrize(
    "text", ["", "  ", "?!", "[0.1,0.1,0.1,0.1]", "scar [0.1,0.2]", "scar [1,2,3,4]", "scar [a1,b,c,d]", "x" * 201]
)
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_anchor(text)
    assert caught.value.hint


@given(st.lists(st.text(max_size=60), max_size=4), st.text(max_size=200))
def test_any_text_is_judged_without_crashing(texts: list[str], description: str) -> None:
    anchors = []
    for text in texts:
        try:
            anchors.append(parse_anchor(text))
        except SamecastError:
            continue
    rule = judge_anchors(anchors, description, LEXICON)
    assert rule.verdict in ("pass", "warn", "fail")


WORDS = st.lists(
    st.sampled_from(
        [
            "scar",
            "left",
            "right",
            "eye",
            "and",
            ",",
            "with",
            "no",
            "red",
            "blue",
            "on",
            "the",
            "hair",
            "cheek",
            "earring",
            "undercut",
            "long",
            "short",
            "both",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(WORDS)
def test_a_text_never_contradicts_itself(text: str) -> None:
    if any(c.isalpha() for c in text) and len(text) <= 200:
        rule = judge_anchors([parse_anchor(text)], "", LEXICON)
        assert rule.measured["contradictions"] == []
