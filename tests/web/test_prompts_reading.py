"""A prompt is said for whoever it is for, goes to Create as it stands, and the form comes to the slots it holds."""

from urllib.parse import parse_qs, urlsplit

import pytest

from samecast import open_studio
from samecast.core.portrait import DEFAULT_LENS, PortraitSlots
from samecast.services.prompting import Prompting
from samecast.settings import Settings
from samecast.web.locks.addresses import is_page
from samecast.web.pages.prompts_reading import Form, Looked, create_link, makes, text_for


@pytest.fixture(scope="module")
def prompting(tmp_path_factory: pytest.TempPathFactory) -> Prompting:
    return open_studio(Settings(home=tmp_path_factory.mktemp("prompts"))).prompting


def test_every_prompt_of_the_pack_can_be_handed_to_create(prompting: Prompting):
    for ready in prompting.find():
        for handle in ("", "a-long-handle12"):
            text = text_for(ready, handle)
            assert "{" not in text
            width, height = ready.aspect
            link = create_link(
                text,
                kind=ready.kind,
                aspect=f"{width}:{height}",
                model="storyboard",
                seconds=ready.seconds,
                negative=ready.negative,
            )
            assert is_page(link), ready.id
            asked = parse_qs(urlsplit(link).query)
            assert asked["prompt"] == [text]
            assert asked["negative"] == [ready.negative]
            assert asked["kind"] == ["video" if ready.kind == "video" else "image"]


def test_what_is_too_long_for_an_address_is_not_handed_over():
    assert create_link("long " * 600, kind="image") == ""
    assert create_link("@mira & co? #1 100%", kind="image") == "/create?prompt=%40mira+%26+co%3F+%231+100%25&kind=image"


def test_a_portrait_without_anybody_is_the_formula(prompting: Prompting):
    portrait = prompting.get("noir-investigator")
    assert text_for(portrait, "") == portrait.formula
    assert text_for(portrait, "mira").count("@mira") == 1
    assert makes(portrait) == "Portrait 1:1"
    assert makes(prompting.get("noir-cobbled-tail")) == "Clip 21:9, 5 s"


def test_what_is_no_kind_is_no_filter():
    assert Looked(kind="video").ready_kind == "video"
    assert Looked(kind="").ready_kind is None
    assert Looked(kind="<script>").ready_kind is None


def test_a_form_comes_to_the_slots_that_it_was_filled_with(prompting: Prompting):
    form = Form()
    assert form.slots == PortraitSlots()
    slots = prompting.get("noir-investigator").slots
    assert slots is not None
    form.fill(slots)
    assert form.slots == slots
    assert (Form().empty, form.empty) == (True, False)
    form.texts["anchors"] = " a scar \n\n a streak"
    form.texts["lens"] = " "
    assert form.slots.anchors == ("a scar", "a streak")
    assert form.slots.lens == DEFAULT_LENS
