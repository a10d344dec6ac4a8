"""What prompts are understood to ask for, written the way film-makers write; and that no text breaks the reading."""

from collections.abc import Mapping
from dataclasses import fields
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.lexicon_at_hand import LEXICON

from samecast.core.errors import InvalidInput, NotFound, SamecastError
from samecast.core.prompt import (
    STORYBOARD_ASPECTS,
    Brief,
    CameraMove,
    CastName,
    Direction,
    ShotSize,
    Speed,
    TimeOfDay,
    Weather,
    brief_from_json,
    brief_to_json,
    explain,
    parse_aspect,
    read_brief,
)

CAST = (CastName(handle="mira", name="Mira Tanaka"), CastName(handle="tom", name="Tom"))

GUIDE = (
    "Slow tracking shot following [MIRA] walking through a neon-lit Tokyo alley at night in heavy rain, steam rising "
    "from a ramen vendor, shallow depth of field, shot on 35mm, Blade Runner 2049 atmosphere, 9:16"
)


def _read(prompt: str) -> Brief:
    return read_brief(prompt, CAST, LEXICON)


def test_the_guides_prompt_is_understood_whole() -> None:
    assert _read(GUIDE) == Brief(
        who=("mira",),
        action="walking",
        performance="walking",
        camera="tracking",
        camera_speed="slow",
        place="neon_street",
        place_words="a neon-lit Tokyo alley",
        time_of_day="night",
        weather=("heavy rain", "steam"),
        light=("neon",),
        lens_mm=35,
        shallow_focus=True,
        aspect=(9, 16),
        style=("cyberpunk",),
    )


# Each row: a prompt, and the fields it must give. "" for a field means: not said.
PROMPTS: list[tuple[str, Mapping[str, object]]] = [
    (
        "Close-up of [MIRA], tears in her eyes, lit by candlelight in a cathedral, 85mm, f/1.4",
        {"shot_size": "close-up", "place": "", "place_words": "a cathedral", "lens_mm": 85, "light": ("candle",)}
        | {"shallow_focus": True, "action": ""},
    ),
    (
        "Wide shot of @mira and @tom walking across sand dunes at golden hour, handheld, 16:9",
        {"who": ("mira", "tom"), "shot_size": "wide", "place": "desert", "time_of_day": "golden hour"}
        | {"camera": "handheld", "aspect": (16, 9), "action": "walking"},
    ),
    (
        "INT. BAR - NIGHT. @tom sits at the counter, nursing a whiskey. Slow push in. Film noir, black and white.",
        {"place": "bar", "time_of_day": "night", "camera": "push in", "camera_speed": "slow", "performance": "sitting"}
        | {"style": ("noir", "black_and_white")},
    ),
    (
        "EXT. ROOFTOP - DAWN, @mira looks out over the city, camera slowly orbits around her, anamorphic, 2.39:1",
        {"place": "rooftop", "time_of_day": "dawn", "camera": "arc", "camera_speed": "slow", "aspect": (21, 9)}
        | {"performance": "looking"},
    ),
    (
        "@mira running through a pine forest at dusk, fog between the trees, handheld camera, desaturated",
        {"place": "forest", "time_of_day": "dusk", "weather": ("fog",), "camera": "handheld", "action": "running"}
        | {"style": ("bleach_bypass",)},
    ),
    (
        "Medium shot: @mira laughing in a sunlit Parisian café, soft window light, 50mm, Wes Anderson palette, 4:5",
        {
            "shot_size": "medium",
            "place": "cafe",
            "place_words": "a sunlit Parisian café",
            "lens_mm": 50,
            "aspect": (4, 5),
        }
        | {"style": ("pastel",), "action": "laughing"},
    ),
    (
        "@mira stands on the edge of an erupting volcano, ash falling",
        {"place": "", "place_words": "an erupting volcano", "weather": ("dust",), "performance": "standing"},
    ),
    (
        "Static shot of @tom sitting on a park bench reading a newspaper, autumn afternoon, no people, no rain",
        {"camera": "static", "place": "park", "time_of_day": "day", "weather": (), "performance": "sitting"},
    ),
    (
        "@mira on stage under a single spotlight, singing into a microphone, pull back to reveal the crowd",
        {"place": "stage", "light": ("spotlight",), "camera": "pull out", "performance": "singing"},
    ),
    (
        "Whip pan to @mira's face, extreme close-up, red and blue neon flicker, rain-slicked street",
        {"camera": "pan", "camera_speed": "fast", "shot_size": "extreme close-up", "place": "neon_street"}
        | {"light": ("red", "blue", "neon", "flicker")},
    ),
    (
        "Tilt up from boots to face of @mira in a spaceship corridor, flickering fluorescent lights",
        {"camera": "tilt", "direction": "up", "place": "spacecraft", "light": ("flicker", "cold"), "shot_size": ""},
    ),
    (
        "@mira in a forest-green coat, walking down a snowy mountain path, blizzard",
        {"place": "mountains", "weather": ("snow",), "action": "walking"},
    ),
    (
        "@mira dancing alone in an empty swimming pool, vertical video, VHS look",
        {"place": "", "place_words": "an empty swimming pool", "aspect": (9, 16), "style": ("vintage_film",)},
    ),
    (
        "Documentary-style interview, @tom talking to camera in his workshop, 35mm film, natural light",
        {"style": ("documentary", "vintage_film"), "place": "", "place_words": "his workshop", "lens_mm": ""}
        | {"action": "talking to camera"},
    ),
    (
        "@mira walks along the beach at sunset holding a beach ball, drone shot, 21:9",
        {"place": "beach", "place_words": "the beach", "time_of_day": "golden hour", "shot_size": "wide"}
        | {"aspect": (21, 9), "action": "walking"},
    ),
    (
        "pan left to right across the market, @mira haggling with a fish seller, morning light",
        {"camera": "pan", "direction": "right", "place": "market", "time_of_day": "day", "action": "haggling"},
    ),
    (
        "@mira and @tom argue in the kitchen, two-shot, warm tungsten practicals",
        {"place": "room", "shot_size": "medium", "light": ("warm", "lamp"), "performance": "talking"},
    ),
    (
        "@mira leaning against a plain grey backdrop, softbox, 1:1",
        {"place": "studio", "light": ("soft",), "aspect": (1, 1)},
    ),
    ("alley at noon, @mira waiting", {"place": "day_street", "time_of_day": "day", "performance": "standing"}),
    ("alley at midnight, @mira waiting", {"place": "neon_street", "time_of_day": "night"}),
    ("@mira on the streets of Tokyo at noon", {"place": "day_street", "time_of_day": "day"}),
    ("@mira waits for a bus on a quiet suburban street at night", {"place": "day_street", "time_of_day": "night"}),
    (
        "@mira sleeping in bed, moonlight through the blinds, close on her face, no camera movement",
        {"place": "room", "shot_size": "close-up", "camera": "static", "time_of_day": "night", "action": "sleeping"},
    ),
    (
        "A slow dolly zoom on @tom in a long hotel corridor, horror, The Shining",
        {"camera": "push in", "camera_speed": "slow", "place": "corridor", "style": ("horror",)},
    ),
    ("@mira underwater, hair floating, god rays", {"place": "", "place_words": "underwater", "light": ("volumetric",)}),
    (
        "Anime style, @mira riding a motorcycle through neo-Tokyo, fast tracking shot, 24mm",
        {"style": ("anime",), "place": "neon_street", "camera": "tracking", "camera_speed": "fast", "lens_mm": 24}
        | {"action": "riding a motorcycle"},
    ),
    ("@mira in Narnia, snow falling", {"place": "", "place_words": "Narnia", "weather": ("snow",)}),
    ("@mira smiling at the camera, square", {"aspect": (1, 1), "place": "", "place_words": ""}),
    ("@mira crossing a town square, wide", {"aspect": "", "place": "day_street", "shot_size": "wide"}),
    (
        "Crane up over the market at night, @mira buying noodles, lanterns, steam",
        {"camera": "tilt", "direction": "up", "place": "market", "weather": ("steam",), "light": ("lamp",)},
    ),
    ("@mira looking into the lens, without rain or fog, in the desert", {"weather": (), "place": "desert"}),
    ("After the rain, @mira walks the streets of Lisbon", {"weather": (), "place": "day_street"}),
    ("it's not raining anymore, @mira folds her umbrella in the park", {"weather": (), "place": "park"}),
    ("@mira in a rain-free desert; the storm has stopped", {"weather": (), "place": "desert"}),
    (
        "Over-the-shoulder shot of @mira facing @tom across a diner table, late night, neon sign outside the window",
        {"shot_size": "medium close-up", "place": "cafe", "time_of_day": "night", "light": ("neon",)},
    ),
    (
        "@mira strides down a hospital corridor, fluorescent lights flickering, 2.35:1",
        {"place": "corridor", "action": "striding", "performance": "walking", "aspect": (21, 9)},
    ),
    (
        "Extreme wide shot, @mira alone in the Sahara, Lawrence of Arabia",
        {"shot_size": "wide", "place": "desert", "style": ("desert_epic",)},
    ),
    (
        "A storm rages at sea, @mira on the deck of a ship, 3am",
        {"place_words": "the deck of a ship", "time_of_day": "night"},
    ),
    (
        "Camera tracks left alongside @mira as she runs across the beach at dawn",
        {"camera": "tracking", "direction": "left", "action": "running", "place": "beach", "time_of_day": "dawn"},
    ),
    (
        "@mira and @tom sit by a campfire in the woods, embers rising, two shot",
        {"place": "forest", "light": ("fire",), "shot_size": "medium", "performance": "sitting"},
    ),
    (
        "Aerial drone shot pulling back from @mira standing on a mountain peak above the clouds, sunrise",
        {"shot_size": "wide", "camera": "pull out", "place": "mountains", "time_of_day": "dawn", "action": "standing"},
    ),
    (
        "Portrait of @mira, 85mm, f/1.8, Rembrandt lighting, black background",
        {"shot_size": "medium close-up", "lens_mm": 85, "shallow_focus": True, "place": "studio", "light": ("hard",)},
    ),
    (
        "Slow motion: @mira turns toward camera, hair whipping in the wind, golden hour, wheat field",
        {"performance": "turning", "place": "park", "camera": "", "camera_speed": "normal"},
    ),
    (
        "@mira floats weightless in the airlock of a space station, Earth through the window, Interstellar",
        {"place": "spacecraft", "style": ("space_cold",)},
    ),
    (
        "@mira sings karaoke in a smoky Seoul nightclub, pink and blue neon, 9x16",
        {"place": "bar", "aspect": (9, 16), "light": ("magenta", "blue", "neon"), "action": "singing karaoke"},
    ),
    (
        "locked-off wide, @mira crosses the frame left to right, snowfield, overcast",
        {"camera": "static", "shot_size": "wide", "place": "snowfield", "direction": ""},
    ),
    ("@tom in a suit stands in an elevator", {"place": "", "place_words": "an elevator", "performance": "standing"}),
    (
        "@mira works at a desk lit by monitors, 1080x1920",
        {"aspect": (9, 16), "performance": "working", "place_words": ""},
    ),
    (
        "a foggy pier at dawn. @mira stands at the railing.",
        {"place": "", "place_words": "a foggy pier", "weather": ("fog",)},
    ),
    ("we follow @mira through the souk, midday sun, hand-held", {"place": "market", "camera": "handheld"}),
    ("Following @mira through a library, slowly", {"place": "library_hall", "camera": "tracking"}),
    ("@mira stares at a photograph at 9:16 pm", {"aspect": "", "time_of_day": "night", "place_words": ""}),
    ('@mira says "I love the rain in the desert"', {"weather": (), "place": "", "performance": "talking"}),
    ("@mira in the park. Negative prompt: rain, blurry, night", {"weather": (), "place": "park", "time_of_day": ""}),
    ("@mira in a raincoat and snow goggles, steam train behind her", {"weather": (), "place": ""}),
    ("@mira in a forest-inspired dress on a park-bench", {"place": "park"}),
    ("rain at first, then heavy rain on @mira, framed at 9:16", {"weather": ("heavy rain",), "aspect": (9, 16)}),
    ("MIRA walking in the rain", {"who": (), "weather": ("rain",), "action": "walking"}),
    ("@mira in a cafe at dusk, light rain", {"action": "", "weather": ("rain",), "time_of_day": "dusk"}),
    ("@mira lights a candle in light rain", {"action": "lighting a candle", "weather": ("rain",)}),
]


@pytest.mark.parametrize(("prompt", "expected"), PROMPTS, ids=[prompt[:50] for prompt, _ in PROMPTS])
def test_what_a_prompt_asks_for(prompt: str, expected: Mapping[str, object]) -> None:
    brief = _read(prompt)
    got = {
        name: getattr(brief, name) or ("" if not isinstance(getattr(brief, name), tuple) else ()) for name in expected
    }
    assert got == expected


@pytest.mark.parametrize(
    "written",
    ["in a neon lit TOKYO alley", "in the Neon‑Lit Tokyo Alleys", "in Tokyo's neon-lit alley", "through neon\nalleys"],
)
def test_spelling_does_not_matter(written: str) -> None:
    assert _read(f"@mira {written}, night").place == "neon_street"


@pytest.mark.parametrize(
    "text", ["in a volcano", "in a swimming pool", "at the cathedral", "inside a giant clock tower"]
)
def test_an_unknown_place_keeps_its_words(text: str) -> None:
    brief = _read(f"@mira walking {text}, night")
    assert (brief.place, brief.place_words) == (None, text.split(" ", 1)[1])
    assert ("place", f'"{brief.place_words}" (not a place samecast knows)') in explain(brief)


@pytest.mark.parametrize(
    "text",
    [
        "in slow motion",
        "in a red coat",
        "in tears",
        "at night",
        "in silence",
        "in love",
        "in profile",
        "at the camera",
        "on 35mm",
    ],
)
def test_what_is_no_place(text: str) -> None:
    brief = _read(f"@mira walking {text}")
    assert (brief.place, brief.place_words) == (None, None)


def test_the_flag_wins_over_the_text() -> None:
    assert read_brief("@mira walks, 9:16", CAST, LEXICON, aspect="16:9").aspect == (16, 9)
    with pytest.raises(InvalidInput):
        read_brief("@mira walks, 9:16", CAST, LEXICON, aspect="0:5")


@pytest.mark.parametrize(
    ("text", "aspect"),
    [
        *((f"{w}:{h}", (w, h)) for w, h in STORYBOARD_ASPECTS),
        ("9x16", (9, 16)),
        (" 16 : 9 ", (16, 9)),
        ("1080x1920", (9, 16)),
        ("2.39:1", (21, 9)),
        ("1.85:1", (16, 9)),
        ("32:18", (16, 9)),
        ("4:3", (4, 3)),
        ("7:4", (16, 9)),
        ("14:9", (3, 2)),
        ("8:3", (8, 3)),
    ],
)
def test_parse_aspect(text: str, aspect: tuple[int, int]) -> None:
    assert parse_aspect(text) == aspect


@pytest.mark.parametrize(
    "text", ["0:5", "5:0", "9999:1", "1:99999", "abc", "", "16", "16:9:3", "-1:2", "1e3:5", "9" * 5000]
)
def test_what_is_no_aspect_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_aspect(text)
    assert "16:9" in caught.value.hint
    assert len(caught.value.message) < 120


def test_errors() -> None:
    for prompt in ("", " \n", "x" * 20_001, "rain " * 20_000):
        with pytest.raises(InvalidInput):
            _read(prompt)
    with pytest.raises(NotFound):
        _read("@nobody walks")


def test_explain_says_what_was_not_said() -> None:
    told = dict(explain(_read("@mira walking through a neon-lit alley, slow push in, 50mm")))
    assert told["who"] == "@mira"
    assert told["camera"] == "slow push in"
    assert told["place"] == 'neon street ("a neon-lit alley")'
    assert told["lens"] == "50 mm"
    assert {label for label, value in told.items() if value == "not said"} == {
        *("shot size", "time of day", "weather", "focus", "aspect", "style")
    }


TEXT = st.text(max_size=20)
BRIEFS = st.builds(
    Brief,
    who=st.lists(TEXT, max_size=3).map(tuple),
    action=st.none() | TEXT,
    performance=st.none() | TEXT,
    shot_size=st.none() | st.sampled_from(get_args(ShotSize)),
    camera=st.none() | st.sampled_from(get_args(CameraMove)),
    camera_speed=st.sampled_from(get_args(Speed)),
    direction=st.none() | st.sampled_from(get_args(Direction)),
    place=st.none() | TEXT,
    place_words=st.none() | TEXT,
    time_of_day=st.none() | st.sampled_from(get_args(TimeOfDay)),
    weather=st.lists(st.sampled_from(get_args(Weather)), max_size=3).map(tuple),
    light=st.lists(TEXT, max_size=3).map(tuple),
    lens_mm=st.none() | st.integers(1, 1200),
    shallow_focus=st.booleans(),
    aspect=st.none() | st.tuples(st.integers(1, 99), st.integers(1, 99)),
    style=st.lists(TEXT, max_size=3).map(tuple),
)


@given(BRIEFS)
def test_a_brief_survives_its_json(brief: Brief) -> None:
    assert brief_from_json(brief_to_json(brief)) == brief
    assert [value for _, value in explain(brief) if not value] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "{",
        '{"who": "mira"}',
        '{"camera": "teleport"}',
        '{"aspect": [9]}',
        '{"aspect": [0, 1]}',
        '{"more": 1}',
        '{"lens_mm": true}',
        '{"weather": ["hail"]}',
        '{"aspect": ["9", "16"]}',
        '{"shot_size": []}',
        "[" * 100000,
    ],
)
def test_json_that_is_no_brief_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        brief_from_json(text)


PIECES = st.lists(
    st.sampled_from(
        [
            "@mira",
            "[TOM]",
            "walks",
            "walking",
            "in",
            "at",
            "through",
            "a",
            "the",
            "of",
            "rain",
            "no",
            "neon",
            "alley",
            "cathedral",
            ",",
            "night",
            "-",
            '"',
            "9:16",
            "35mm",
            "f/2",
            "slow",
            "push in",
            "left",
            "to",
            "wide",
            ".",
            "3am",
            "red",
            "light",
            "free",
            "has",
            "stopped",
        ]
    ),
    max_size=16,
).map(" ".join)


@given(PIECES | st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(prompt: str) -> None:
    try:
        brief = _read(prompt)
    except SamecastError as error:
        if not error.hint:
            raise
        return
    assert brief_from_json(brief_to_json(brief)) == brief
    assert brief.place is None or brief.place in LEXICON.place_words
    assert brief.place is None or brief.place_words


@given(st.sampled_from([prompt for prompt, _ in PROMPTS]), st.sampled_from(["spaces", "breaks"]))
def test_layout_does_not_change_what_is_asked(prompt: str, change: str) -> None:
    plain = _read(prompt)
    changed = {"spaces": prompt.replace(" ", "  "), "breaks": prompt.replace(", ", ",\n")}[change]
    again = _read(changed)
    for field in fields(Brief):
        assert getattr(again, field.name) == getattr(plain, field.name), field.name
