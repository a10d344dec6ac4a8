"""The LoRAs of characters: which are kept for which model, what is refused, and that they go with their character."""

from collections.abc import Callable

import pytest

from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.recipe import Lora
from samecast.core.story import Shot
from samecast.library import Library, open_library
from samecast.settings import Settings

MakeCharacter = Callable[..., Character]
FIRST = Lora(sha256="1" * 64, scale=1 / 3, word="ohwx · 美")
SECOND = Lora(sha256="2" * 64)


@pytest.fixture
def cast(library: Library, a_character: MakeCharacter) -> Library:
    for handle in ("mira", "tom"):
        library.cast.add(a_character(handle))
    return library


def test_each_model_has_its_own_in_one_order(cast: Library, settings: Settings) -> None:
    cast.loras.set("mira", "wan", SECOND)
    cast.loras.set("@mira", "wan", FIRST)
    cast.loras.set("mira", "flux/2 ü", SECOND)
    cast.loras.set("tom", "wan", FIRST)
    cast.close()
    again = open_library(settings)
    assert again.loras.of("@mira", "wan") == [FIRST, SECOND]
    assert again.loras.of("mira", "flux/2 ü") == [SECOND]
    assert again.loras.of("mira", "kling") == []
    assert again.loras.all_of("mira") == [("flux/2 ü", SECOND), ("wan", FIRST), ("wan", SECOND)]
    assert again.loras.all_of("@tom") == [("wan", FIRST)]
    again.close()


def test_setting_it_again_changes_how_it_is_used(cast: Library) -> None:
    cast.loras.set("mira", "wan", FIRST)
    changed = Lora(sha256=FIRST.sha256, scale=0.0, word="")
    cast.loras.set("mira", "wan", changed)
    assert cast.loras.of("mira", "wan") == [changed]


def test_removing_one_or_all_of_a_model(cast: Library) -> None:
    for model in ("wan", "flux"):
        for lora in (FIRST, SECOND):
            cast.loras.set("mira", model, lora)
    cast.loras.set("tom", "wan", FIRST)
    assert cast.loras.remove("@mira", "wan", "3" * 64) == 0
    assert cast.loras.remove("mira", "wan", FIRST.sha256) == 1
    assert cast.loras.of("mira", "wan") == [SECOND]
    assert cast.loras.remove("mira", "flux") == 2
    assert cast.loras.remove("mira", "flux") == 0
    assert cast.loras.all_of("mira") == [("wan", SECOND)]
    assert cast.loras.of("tom", "wan") == [FIRST]


def test_nobody_has_none_and_gets_none(cast: Library) -> None:
    assert cast.loras.of("nobody", "wan") == []
    assert cast.loras.all_of("nobody") == []
    with pytest.raises(NotFound, match="There is no @nobody"):
        cast.loras.set("nobody", "wan", FIRST)
    with pytest.raises(NotFound):
        cast.loras.remove("nobody", "wan")


@pytest.mark.parametrize(
    "lora",
    [
        Lora(sha256=""),
        Lora(sha256="A" * 64),
        Lora(sha256="../" + "a" * 61),
        Lora(sha256="a" * 64, scale=-0.1),
        Lora(sha256="a" * 64, scale=10.1),
        Lora(sha256="a" * 64, scale=float("nan")),
        Lora(sha256="a" * 64, scale=float("inf")),
        Lora(sha256="a" * 64, word="a\0b"),
        Lora(sha256="a" * 64, word="\ud800"),
    ],
)
def test_what_no_recipe_can_hold_is_refused(cast: Library, lora: Lora) -> None:
    with pytest.raises(InvalidInput) as caught:
        cast.loras.set("mira", "wan", lora)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert cast.loras.all_of("mira") == []


def test_they_go_with_their_character(cast: Library, a_character: MakeCharacter, a_shot: Callable[..., Shot]) -> None:
    for handle in ("mira", "tom"):
        cast.loras.set(handle, "wan", FIRST)
    assert cast.cast.remove("tom") is True
    cast.cast.add(a_character("tom"))
    assert cast.loras.all_of("tom") == []
    cast.shots.add(a_shot())
    assert cast.cast.remove("mira") is False
    assert cast.loras.all_of("mira") == []
    assert cast.upkeep().holders(FIRST.sha256) == []
    with pytest.raises(NotFound, match="was removed"):
        cast.loras.set("mira", "wan", FIRST)
