"""The catalogue: what ships reads well, prices stay exact, and a wrong entry is refused by name and key."""

import pytest

from samecast.core.errors import InvalidInput
from samecast.core.prompt import Brief
from samecast.core.recipe import Recipe
from samecast.models.catalogue import parse_catalogue, read_catalogue
from samecast.ports import Cost, ModelProfile

ENTRY = """
[[model]]
id = "far"
name = "Far"
engine = "far"
kinds = ["image", "video"]
aspects = ["16:9", "1:1"]
seconds = 8
characters = 2
deterministic = false
composites = false
price = "By the provider."
licence = "The provider's."
source = "its price list"
date = 2026-11-22
notes = ""
"""


def read(more: str = "", entry: str = ENTRY) -> ModelProfile:
    (profile,) = parse_catalogue(entry + more).values()
    return profile


def refused(more: str = "", *, entry: str = ENTRY) -> str:
    with pytest.raises(InvalidInput) as error:
        parse_catalogue(entry + more)
    assert "\n" not in str(error.value)
    assert "catalogue.toml" in error.value.hint
    return error.value.message


def clip(seconds: float) -> Recipe:
    return Recipe(
        model="far", engine_version="1", kind="video", prompt="", brief=Brief(), members=(),
        width=8, height=8, seed=1, seconds=seconds, fps=24,
    )  # fmt: skip


def test_what_ships_reads_and_the_storyboard_costs_nothing():
    storyboard = read_catalogue()["storyboard"]
    assert storyboard.cost == Cost()
    assert (storyboard.resource, storyboard.hosted, storyboard.closer) == ("cpu", False, ())


def test_without_the_optional_keys_a_model_runs_here_at_an_unknown_price():
    profile = read()
    assert profile.cost is None
    assert (profile.resource, profile.at_once, profile.per_minute, profile.knows_keys) == ("cpu", None, None, False)
    assert (profile.kinds, profile.aspects, profile.max_seconds) == (("image", "video"), ((16, 9), (1, 1)), 8.0)


def test_the_optional_keys_become_the_profile():
    profile = read("""
resource = "some-provider"
cost_per_image = "0.039"
cost_per_second = "0.000001"
at_once = 4
per_minute = 30
knows_keys = true
closer = [{ strength = "0.7", guidance = "4" }, { strength = "0.85" }]
""")
    assert profile.hosted
    assert profile.cost == Cost(per_image=39_000, per_second=1)
    assert profile.cost.of(clip(4.5)) == 5, "rounded up"
    assert (profile.at_once, profile.per_minute, profile.knows_keys) == (4, 30, True)
    assert profile.closer == ((("guidance", "4"), ("strength", "0.7")), (("strength", "0.85"),))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('cost_per_image = 0.04\ncost_per_second = "0"', "cost_per_image must be dollars in quotes"),
        ('cost_per_image = "0.0000001"\ncost_per_second = "0"', "more than 6 decimals"),
        ('cost_per_image = "-1"\ncost_per_second = "0"', "'-1' is not an amount"),
        ('cost_per_image = "$0.04"\ncost_per_second = "0"', "'$0.04' is not an amount"),
        ('cost_per_image = "0.04"', "cost_per_image and cost_per_second, all or none"),
        ("at_once = 0", "at_once must be a whole number from 1"),
        ("per_minute = 1.5", "per_minute must be a whole number from 1"),
        ("per_minute = true", "per_minute must be a whole number from 1"),
        ('knows_keys = "yes"', "knows_keys must be true or false"),
        ('resource = "Some Provider"', "resource must be lower case"),
        ('resource = ""', "resource must be text"),
        ('closer = { strength = "0.7" }', "closer must be a list of tables"),
        ("closer = [{}]", "closer must be a list of tables"),
        ("closer = [{ strength = 0.7 }]", "options in closer must be texts in quotes"),
        ('cost_per_imaeg = "0.04"', "there is no key cost_per_imaeg"),
    ],
)
def test_a_wrong_optional_key_is_named(more: str, said: str):
    message = refused(more)
    assert said in message
    assert "'far'" in message


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('id = "far"', 'id = "Far Away"', "id must be lower case"),
        ('id = "far"', "", "id is missing"),
        ('licence = "The provider\'s."', "", "licence is missing"),
        ('price = "By the provider."', 'price = ""', "price must be text"),
        ('kinds = ["image", "video"]', 'kinds = ["image", "hologram"]', "kinds must be"),
        ('kinds = ["image", "video"]', "kinds = []", "kinds must be"),
        ('kinds = ["image", "video"]', 'kinds = "image"', "kinds must be a list"),
        ('kinds = ["image", "video"]', 'kinds = ["image"]', "seconds must be 0 exactly where it makes no clips"),
        ("seconds = 8", "seconds = nan", "seconds must be a number"),
        ("seconds = 8", 'seconds = "8"', "seconds must be a number"),
        ("characters = 2", "characters = 0", "characters must be a whole number from 1"),
        ('aspects = ["16:9", "1:1"]', 'aspects = ["16:9", "0:1"]', "aspects must be"),
        ('aspects = ["16:9", "1:1"]', "aspects = []", "aspects must be"),
        ("composites = false", 'composites = "false"', "composites must be true or false"),
        ("date = 2026-11-22", 'date = "today"', "date must be a day"),
    ],
)
def test_a_wrong_required_key_is_named(line: str, instead: str, said: str):
    assert line in ENTRY
    assert said in refused(entry=ENTRY.replace(line, instead))


def test_a_price_for_what_it_does_not_make_is_refused():
    stills = ENTRY.replace('["image", "video"]', '["image"]').replace("seconds = 8", "seconds = 0")
    assert "cost_per_image, all or none" in refused('cost_per_second = "0.04"', entry=stills)
    assert read('cost_per_image = "0.04"', stills).cost == Cost(per_image=40_000)


def test_ids_are_given_once_and_models_of_a_provider_agree_on_its_limits():
    assert "two of that id" in refused(ENTRY)
    near = ENTRY.replace('"far"', '"near"')
    far = ENTRY + 'resource = "p"\nat_once = 4\n'
    assert "'far' and 'near' share the resource 'p'" in refused(f'{near}resource = "p"\nat_once = 5\n', entry=far)
    assert len(parse_catalogue(f'{far}{near}resource = "p"\nat_once = 4\n')) == 2
    assert len(parse_catalogue(f'{far}{near}resource = "q"\nat_once = 5\n')) == 2


@pytest.mark.parametrize("text", ["[[model", "model = 3", "model = [3]"])
def test_what_is_no_catalogue_at_all_is_refused(text: str):
    assert "catalogue of models" in refused(entry=text)
