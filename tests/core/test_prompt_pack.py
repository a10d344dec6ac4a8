"""The pack of prompts: what the file has to be, and that samecast itself reads every one of them as it was meant."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from tests.core.lexicon_at_hand import LEXICON

import samecast.core
from samecast.core.brief import Brief
from samecast.core.cast import Anchor
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.lint import Described, lint
from samecast.core.mentions import CastName
from samecast.core.portrait import portrait_prompt
from samecast.core.prompt import read_brief, said_aspects
from samecast.core.prompt_pack import PLACEHOLDER, PromptPack, ReadyPrompt

TEXT = (Path(samecast.core.__path__[0]) / "prompts.toml").read_text(encoding="utf-8")
PACK = PromptPack.parse(TEXT, LEXICON)
SCENES = [ready for ready in PACK.prompts if ready.kind != "portrait"]
PORTRAITS = [ready for ready in PACK.prompts if ready.kind == "portrait"]
MIRA = CastName(handle="mira", name="Mira Tanaka")
CAST = Described(
    handle="mira",
    name="Mira Tanaka",
    description="A cyber samurai woman, Japanese, mid-30s, long jet-black hair in a low ponytail, black armour.",
    anchors=(
        Anchor(text="faint diagonal scar across the right cheekbone", side="right"),
        Anchor(text="glowing cyan piping along the seams of the armour"),
        Anchor(text="left-side undercut", side="left"),
    ),
)

# What a film-maker means by each: shot size (ecu, cu, mcu: extreme, plain and medium close-up), action, camera, place,
# time, weather, light, lens, style.
MEANT = """
noir-last-call: cu|listening|-|bar|night|fog|lamp, low_key|85 shallow|black_and_white
noir-cobbled-tail: cowboy|walking|slow tracking|day_street|night|rain|rim, lamp|40|noir
noir-corridor-wait: medium|waiting|slow push in|corridor|night|-|lamp, flicker, cold|50|high_contrast
sci-fi-bridge-watch: mcu|reading a star chart|slow arc|spacecraft|-|-|screen, cyan, amber, warm|40 shallow|-
sci-fi-neon-crossing: mcu|hurrying|handheld|neon_street|night|heavy rain, steam|neon, magenta, cyan|28|-
sci-fi-red-plain: wide|walking|-|desert|dusk|dust|cold, rim|35|desert_epic
fantasy-first-light: medium|standing|-|forest|dawn|-|volumetric, rim|50|-
fantasy-oath: medium|kneeling|slow tilt up|mountains|golden hour|-|warm, sunlight|35|golden_warm, fantasy_epic
fantasy-snow-lantern: mcu|walking|slow tracking|snowfield|dusk|snow|candle, cold|50|-
romance-rain-on-glass: mcu|sitting|-|cafe|day|rain|soft|85 shallow|-
romance-low-tide: medium|turning to the camera|static|beach|dusk|-|warm|65|dreamy
romance-string-lights: mcu|laughing|slow arc|rooftop|dusk|-|cold, lamp, amber, warm|50 shallow|-
slice-kettle: medium|pouring tea|-|room|day|steam|soft, sunlight|35|-
slice-park-bench: mcu|laughing|static|park|day|-|sunlight|85 shallow|-
slice-market-errand: medium|strolling|pan right|day_street|day|-|sunlight|35|documentary
action-rooftop-run: mcu|running|fast tracking|rooftop|dusk|heavy rain|flicker|28|teal_orange
action-red-corridor: cu|running|handheld|corridor|night|steam|red|24|-
action-noon-standoff: ecu|staring|-|desert|day|dust|hard|135|western
documentary-interview: mcu|speaking|static|room|day|-|soft|50 shallow|documentary
documentary-ice-walk: full|walking|handheld|snowfield|day|snow|-|35|documentary
documentary-street-portrait: mcu|waiting|-|day_street|golden hour|-|sunlight|50|documentary, vintage_film
horror-ward-corridor: mcu|standing still|slow push in|corridor|night|-|cold, flicker|35|horror
horror-flashlight: cu|whispering|handheld|forest|night|-|hard, lamp|24|documentary
horror-one-candle: cu|holding a candle|-|room|night|-|candle, low_key|50|horror
historical-letter: medium|writing a letter at a desk|-|room|night|-|candle, warm|50|painterly
historical-pass: cowboy|walking|slow pull out|mountains|dawn|fog|cold|40|-
historical-footlights: mcu|singing|static|stage|-|fog|spotlight|75|sepia
brand-amber-bottle: mcu|holding an amber bottle beside the chin|-|studio|-|-|high_key, soft|100|-
brand-two-gels: cu|turning|slow arc|studio|-|-|magenta, cyan|85|-
brand-keynote: medium|speaking|slow push in|stage|-|fog|spotlight, blue, cold|85|-
"""
SIZES = {"extreme close-up": "ecu", "close-up": "cu", "medium close-up": "mcu"}
READ_AS = dict(line.split(": ", 1) for line in MEANT.strip().splitlines())

GOOD = """
[[genre]]
id = "noir"
title = "Noir"

[[prompt]]
id = "one"
title = "One"
genre = "noir"
kind = "video"
prompt = "Slow push in on {character} in a bar at night"
aspect = "16:9"
seconds = 5
models = ["some-model"]
because = "it can"
negative = "text"
note = "It works."
seed = 1
"""
SLOTS = TEXT[: TEXT.index("\n[[genre]]")]


def in_one_line(brief: Brief) -> str:
    speed = brief.camera_speed if brief.camera_speed != "normal" else ""
    camera = " ".join(word for word in (speed, brief.camera or "", brief.direction or "") if word)
    lens = f"{brief.lens_mm}{' shallow' if brief.shallow_focus else ''}"
    several = [", ".join(words) for words in (brief.weather, brief.light)]
    size = SIZES.get(brief.shot_size or "", brief.shot_size)
    told = (
        size,
        brief.action,
        camera,
        brief.place,
        brief.time_of_day,
        *several,
        lens,
        ", ".join(brief.style),
    )
    return "|".join(word or "-" for word in told)


def named(ready: ReadyPrompt) -> str:
    return ready.id


# --- the pack that ships -----------------------------------------------------------------------------------------


def test_there_are_enough_of_every_genre_and_kind():
    assert len(PACK.prompts) >= 36
    assert 8 <= len(PACK.genres) <= 10
    for genre in PACK.genres:
        kinds = Counter(ready.kind for ready in PACK.find(genre=genre.id))
        assert sum(kinds.values()) >= 3
        assert set(kinds) == {"portrait", "image", "video"}, genre.id


def test_no_two_say_the_same():
    for told in ("id", "title", "prompt", "note", "negative"):
        assert len({getattr(ready, told) for ready in PACK.prompts}) == len(PACK.prompts), told


def test_shots_are_varied():
    briefs = [read_brief(ready.of("mira"), [MIRA], LEXICON) for ready in SCENES]
    assert len({brief.camera for brief in briefs if brief.camera}) == 8  # every move there is
    assert len({brief.shot_size for brief in briefs}) == 7
    assert len({brief.place for brief in briefs}) >= 12
    assert {brief.time_of_day for brief in briefs} >= {"dawn", "day", "golden hour", "dusk", "night"}
    assert {kind for brief in briefs for kind in brief.weather} == {
        "rain",
        "heavy rain",
        "snow",
        "fog",
        "steam",
        "dust",
    }
    assert len({ready.aspect for ready in PACK.prompts}) == 7


@pytest.mark.parametrize("ready", SCENES, ids=named)
def test_a_scene_is_read_as_it_was_meant(ready: ReadyPrompt):
    brief = read_brief(ready.of("mira"), [MIRA], LEXICON)
    assert in_one_line(brief) == READ_AS[ready.id]
    assert brief.who == ("mira",)
    assert brief.aspect == ready.aspect
    assert (brief.camera is not None) == (ready.kind == "video")


@pytest.mark.parametrize("ready", PACK.prompts, ids=named)
def test_the_lint_finds_nothing(ready: ReadyPrompt):
    assert lint(ready.of("mira"), [CAST], LEXICON) == []
    assert said_aspects(ready.prompt, LEXICON) == (ready.aspect,)


def test_the_lint_would_find_looks():
    described = SCENES[0].of("mira").replace("@mira", "@mira, a Japanese woman with a scar on the right cheekbone,")
    assert [finding.code for finding in lint(described, [CAST], LEXICON)] == ["describes_again"]


@pytest.mark.parametrize("ready", SCENES, ids=named)
def test_a_scene_is_for_anybody(ready: ReadyPrompt):
    words = set(re.findall(r"[a-z]+", ready.prompt.lower()))
    assert not words & {"he", "she", "him", "her", "his", "hers", "man", "woman", "girl", "boy"}


@pytest.mark.parametrize("ready", PORTRAITS, ids=named)
def test_a_portrait_fills_the_formula_without_a_concern(ready: ReadyPrompt):
    assert ready.slots is not None
    built = portrait_prompt(ready.slots, LEXICON)
    assert (built.missing, built.vague, built.contradictions, built.advice) == ((), (), (), ())
    assert ready.formula == built.text
    assert ready.aspect == (1, 1)
    for anchor in ready.slots.anchors:
        assert anchor in ready.formula
        assert not set(anchor) & set(",;"), "the command line takes several anchors between commas"


@pytest.mark.parametrize("ready", PORTRAITS, ids=named)
def test_a_portrait_of_somebody_cast_says_no_looks(ready: ReadyPrompt):
    assert ready.slots is not None
    told = ready.of("mira")
    for said in (*ready.slots.anchors, ready.slots.hair, ready.slots.clothing, ready.slots.character):
        assert said not in told
    brief = read_brief(told, [MIRA], LEXICON)
    assert (brief.shot_size, brief.action, brief.lens_mm, brief.shallow_focus) == ("medium", None, 85, True)
    assert brief.place is not None
    assert brief.light


# --- finding -----------------------------------------------------------------------------------------------------


def test_finding_by_genre_kind_and_words():
    noir = PACK.find(genre="Noir")
    assert noir == PACK.find(genre="noir")
    assert {ready.genre for ready in noir} == {"noir"}
    assert [ready.id for ready in PACK.find(genre="noir", kind="image")] == ["noir-last-call"]
    assert [ready.id for ready in PACK.find(words="RAIN tokyo")] == []
    assert [ready.id for ready in PACK.find(words="Osaka heavy RAIN")] == ["sci-fi-neon-crossing"]
    assert PACK.find() == PACK.prompts


def test_what_there_is_not_names_what_there_is():
    with pytest.raises(NotFound, match="Did you mean noir-last-call"):
        PACK.get("noir-lastcall")
    with pytest.raises(NotFound, match="slice-of-life"):
        PACK.find(genre="musical")


# --- reading a file ----------------------------------------------------------------------------------------------


def test_a_small_pack_is_read():
    pack = PromptPack.parse(SLOTS + GOOD, LEXICON)
    assert [(ready.id, ready.seconds, ready.aspect) for ready in pack.prompts] == [("one", 5.0, (16, 9))]
    assert pack.prompts[0].of("jo") == "Slow push in on @jo in a bar at night"


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('id = "one"', 'id = "One Two"', "kebab-case"),
        ('genre = "noir"', 'genre = "musical"', "its genre 'musical' is none of noir"),
        ('kind = "video"', 'kind = "film"', "kind must be one of portrait, image, video"),
        ("{character}", "@mira", "name its character once"),
        ("on {character} in", "on {character} and {character} in", "name its character once"),
        ("on {character} in", "on {character} with {friend} in", "name its character once"),
        ('aspect = "16:9"', 'aspect = "wide"', "aspect 'wide' is none"),
        ("seconds = 5", "seconds = 0", "seconds must be how long the clip is"),
        ("seconds = 5", "", "seconds must be how long the clip is"),
        ('kind = "video"', 'kind = "image"', "only a clip has seconds"),
        ('models = ["some-model"]', "models = []", "models must be a list of texts"),
        ('models = ["some-model"]', 'models = ["a", "a"]', "'a' is there twice"),
        ('note = "It works."', 'note = ""', "note must be text on one line"),
        ("seed = 1", "seed = -1", "seed must be a whole number"),
        ("seed = 1", 'seed = 1\nmood = "blue"', "it has mood, which no prompt has"),
        ("seed = 1", 'seed = 1\nslots = { hair = "red" }', "only a portrait has slots"),
        ('title = "Noir"', "", "title must be text"),
        ("[[genre]]", "[[genres]]", r"need \[\[genre\]\] tables"),
        ("seed = 1", "seed = ", "not valid TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(was: str, becomes: str, told: str):
    assert was in GOOD
    with pytest.raises(InvalidInput, match=told):
        PromptPack.parse(SLOTS + GOOD.replace(was, becomes), LEXICON)


@pytest.mark.parametrize(
    ("slots", "told"),
    [
        ("", "needs a table of slots"),
        ('slots = { character = "a cook" }', "in slots, anchors must be a list of texts"),
        ('slots = { character = "", anchors = ["a scar"] }', "in slots, character must be text"),
        ('slots = { beard = "red", anchors = ["a scar"] }', "slots has beard"),
        ('prompt = "{character}"\nslots = { character = "a cook", anchors = ["a scar"] }', "leave prompt out"),
    ],
)
def test_what_is_wrong_with_a_portrait_is_named(slots: str, told: str):
    kept = [line for line in GOOD.splitlines() if not line.startswith(("prompt", "seconds", "kind"))]
    with pytest.raises(InvalidInput, match=told):
        PromptPack.parse(SLOTS + "\n".join([*kept, 'kind = "portrait"', slots]), LEXICON)


def test_the_form_is_the_formula_s():
    with pytest.raises(InvalidInput, match="slots of the portrait are character, anchors"):
        PromptPack.parse(SLOTS.replace('name = "hair"', 'name = "beard"') + GOOD, LEXICON)
    example = tomllib.loads(SLOTS)["slot"][1]["example"]
    assert example.endswith("left eye")
    twice = GOOD + GOOD[GOOD.index("[[prompt]]") :]
    with pytest.raises(InvalidInput, match="prompt 'one' is there twice"):
        PromptPack.parse(SLOTS + twice, LEXICON)


def test_every_prompt_names_its_character_once():
    for ready in PACK.prompts:
        assert ready.prompt.count(PLACEHOLDER) == 1
        assert "@jo" in ready.of("jo")
