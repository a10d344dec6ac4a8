"""The lint finds descriptions the reference already carries, offers the shorter prompt, and leaves the rest alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.lexicon_at_hand import LEXICON

from samecast.core.anchors import parse_anchor
from samecast.core.lint import Described, Finding, lint

MIRA = Described(
    handle="mira",
    name="Mira Tanaka",
    description="A cyber samurai woman, Japanese, mid-30s, long jet-black hair, katana hilt visible at her hip",
    anchors=tuple(
        map(
            parse_anchor,
            ("left-side undercut", "faint diagonal scar across the right cheekbone", "cyan piping along all seams"),
        )
    ),
)
TOM = Described(handle="tom", name="Tom", anchors=(parse_anchor("braided red beard"),))


def _found(prompt: str) -> dict[str, Finding]:
    return {finding.code: finding for finding in lint(prompt, (MIRA, TOM), LEXICON)}


@pytest.mark.parametrize(
    ("prompt", "shorter"),
    [
        (
            "Slow tracking shot following [MIRA], a Japanese woman in her mid-30s with long jet-black hair and a scar "
            "across her right cheekbone, wearing sleek black armor with cyan piping, walking through an alley, 9:16",
            "Slow tracking shot following @mira, walking through an alley, 9:16",
        ),
        ("A tall Japanese woman named @mira walks down the street", "@mira walks down the street"),
        ("Portrait of a young woman named @mira", "Portrait of @mira"),
        ("@mira (Japanese, mid-30s) runs through a forest", "@mira runs through a forest"),
        ("@mira in a red coat sits in a bar", "@mira sits in a bar"),
        ("@mira wearing a black trench coat walking through rain", "@mira walking through rain"),
        ("@mira dressed in a red silk dress dances on stage", "@mira dances on stage"),
        ("close-up of @mira, katana hilt visible at her hip, night", "close-up of @mira, night"),
        ("@mira's long black hair blowing in the wind", "@mira's hair blowing in the wind"),
        ("Young @mira smiling, blue eyes, freckles across her nose", "@mira smiling"),
        ("@mira walking, then @tom with a braided red beard waves", "@mira walking, then @tom waves"),
    ],
)
def test_a_description_is_found_and_left_out(prompt: str, shorter: str) -> None:
    finding = _found(prompt)["describes_again"]
    assert finding.shorter == shorter
    assert finding.words
    assert "describes_again" not in _found(shorter)


@pytest.mark.parametrize(
    "prompt",
    [
        "Slow tracking shot following @mira walking through a neon-lit Tokyo alley at night in heavy rain, 9:16",
        "@mira rubbing her eyes, hair blowing in the wind",
        "@mira adjusting her jacket, wide shot",
        "@mira, black and white, close-up",
        "@mira with tears in her eyes in a forest",
        "@mira with a wide smile, holding a lantern",
        "black boots splashing through puddles, @mira runs",
        "@mira sits at a bar in Tokyo, deep red and cyan neon, steam",
        "@mira and @tom argue in the kitchen, two-shot",
    ],
)
def test_scene_action_and_camera_are_left_alone(prompt: str) -> None:
    assert _found(prompt) == {}


def test_a_prompt_that_contradicts_the_cast_is_its_own_finding() -> None:
    found = _found("@mira, scar across her left cheekbone, walking in the rain")
    assert "left or right" in found["contradicts_cast"].message
    assert found["contradicts_cast"].shorter == "@mira, walking in the rain"
    assert "contradicts_cast" in _found("@mira, undercut on the right side, walks")
    assert "contradicts_cast" not in _found("@mira, scar across her right cheekbone, walks")
    assert "contradicts_cast" not in _found("@tom, scar across his left cheekbone, walks")


def test_nobody_named() -> None:
    assert "@mira" in _found("a woman walking in the rain")["no_mention"].message
    assert lint("a woman walking", (), LEXICON) == []


def test_aspects() -> None:
    assert _found("@mira walks, 9:16, 16:9")["several_aspects"].words == ("9:16", "16:9")
    assert "7:5" in _found("@mira walks, 7:5")["unknown_aspect"].message
    assert "9999:1" in _found("@mira walks, 9999:1")["unknown_aspect"].message
    assert _found("@mira walks, 9:16, vertical video") == {}


def test_two_places() -> None:
    assert _found("@mira in a forest, then on the beach")["conflicting_places"].words == ("a forest", "the beach")
    assert "conflicting_places" not in _found("@mira in a bar in Tokyo")
    assert "conflicting_places" not in _found("@mira in a forest, mountains behind her")


PIECES = st.lists(
    st.sampled_from(
        [
            "@mira",
            "[MIRA]",
            "@tom",
            "'s",
            "with",
            "long black hair",
            "a scar",
            "wearing",
            "a red coat",
            ",",
            "(",
            ")",
            "in",
            "walks",
            "walking",
            "a young woman",
            "mid-30s",
            "the left cheek",
            "and",
            ".",
            "9:16",
            "in a bar",
            "has",
            "of",
            "@",
            "[",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(PIECES | st.text(max_size=120))
def test_any_text_is_linted_and_a_shorter_prompt_keeps_who_is_named(prompt: str) -> None:
    for finding in lint(prompt, (MIRA, TOM), LEXICON):
        assert finding.message
        if finding.shorter is not None:
            assert len(finding.shorter) < len(prompt) + 20
            for handle in ("@mira", "@tom"):
                assert (handle in finding.shorter) >= (handle in prompt)
