"""Who a prompt names, however it is written; what is no mention; and what is said about an unknown one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput, NotFound, SamecastError
from samecast.core.mentions import CastName, find_mentions, resolve

CAST = (
    CastName(handle="mira", name="Mira Tanaka"),
    CastName(handle="old_tom", name="Tom"),
    CastName(handle="eileen", name="Eileen"),
)


@pytest.mark.parametrize(
    ("prompt", "canonical", "who"),
    [
        ("@mira walks", "@mira walks", ("mira",)),
        ("@MIRA, walking", "@mira, walking", ("mira",)),
        ("@mira's face", "@mira's face", ("mira",)),
        ("close on @mira.", "close on @mira.", ("mira",)),
        ("[MIRA] walks", "@mira walks", ("mira",)),
        ("[mira tanaka]'s face", "@mira's face", ("mira",)),
        ("[MIRA TANAKA] and [Tom]", "@mira and @old_tom", ("mira", "old_tom")),
        ("[tanaka] waits", "@mira waits", ("mira",)),
        ("[@old_tom] waits", "@old_tom waits", ("old_tom",)),
        ("@tom and @mira and @tom", "@old_tom and @mira and @old_tom", ("old_tom", "mira")),
        ("a @mira-like figure", "a @mira-like figure", ("mira",)),
        ("[MIRA]walks", "@mira walks", ("mira",)),
        ("the[MIRA]", "the @mira", ("mira",)),
        ("(@mira)", "(@mira)", ("mira",)),
        ("Mira walks", "Mira walks", ()),
    ],
)
def test_mentions_become_handles(prompt: str, canonical: str, who: tuple[str, ...]) -> None:
    resolved = resolve(prompt, CAST)
    assert (resolved.prompt, resolved.who) == (canonical, who)


@pytest.mark.parametrize(
    "prompt", ["mail mira@mira.com now", "meet @ noon", "a [16] b", "x.com/@mira", "@5pm", "[ ] x"]
)
def test_what_is_no_mention_stays(prompt: str) -> None:
    assert resolve(prompt, CAST).who == ()
    assert resolve(prompt, CAST).prompt == prompt


@pytest.mark.parametrize("slot", ["[CHARACTER NAME]", "[CHARACTER]", "[character name]", "[NAME]", "[The Character]"])
def test_placeholder_is_the_only_or_the_default_character(slot: str) -> None:
    assert resolve(f"following {slot} home", CAST[:1]).prompt == "following @mira home"
    assert resolve(f"following {slot} home", CAST, default="@eileen").who == ("eileen",)
    with pytest.raises(InvalidInput, match="any of 3") as caught:
        resolve(f"following {slot} home", CAST)
    assert "@mira" in caught.value.hint
    with pytest.raises(InvalidInput, match="cast is empty"):
        resolve(f"following {slot} home", ())


def test_unknown_mention_suggests_the_nearest_and_how_to_look() -> None:
    for prompt in ("@mria walks", "[MIRRA] walks"):
        with pytest.raises(NotFound) as caught:
            resolve(prompt, CAST)
        assert "@mira?" in caught.value.hint
        assert "samecast cast list" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        resolve("@zzzqqq walks", CAST)
    assert "Did you mean" not in caught.value.hint
    with pytest.raises(NotFound, match="cast is empty"):
        resolve("@mira", ())
    with pytest.raises(NotFound):
        resolve("[CHARACTER]", CAST, default="nobody")


def test_a_name_two_share_is_asked_about() -> None:
    twins = (CastName(handle="tom", name="Tom Reed"), CastName(handle="tom2", name="Thomas Reed"))
    with pytest.raises(InvalidInput, match="2 characters") as caught:
        resolve("[Reed] walks", twins)
    assert "@tom or @tom2" in caught.value.hint
    assert resolve("@tom walks", twins).who == ("tom",)


@pytest.mark.parametrize("prompt", ["", "  \n ", "\x00", "...", "x" * 20_001, "é" * 100_000])
def test_blank_and_overlong_are_refused(prompt: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve(prompt, CAST)
    assert caught.value.hint


PIECES = st.lists(
    st.sampled_from(
        ["@mira", "[MIRA]", "[Tom]", "@tom", "[CHARACTER]", "@", "[", "]", "-", "_", "'s", " ", ".", "a", "é", "/"]
    )
    | st.text(max_size=3),
    max_size=12,
).map("".join)


@given(PIECES)
def test_resolving_twice_changes_nothing_and_nothing_crashes(prompt: str) -> None:
    find_mentions(prompt, CAST)
    try:
        once = resolve(prompt, CAST, default="eileen")
    except SamecastError as error:
        if not error.hint:
            raise
        return
    again = resolve(once.prompt, CAST, default="eileen")
    assert again == once
