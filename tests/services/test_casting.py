"""Casting on a real library: references are kept as pictures, looks make versions, nothing half-done is stored."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samecast.core.errors import BadMedia, HandleTaken, InvalidInput, NotFound
from samecast.core.grading import grade_from_json
from samecast.services.auditioning import audition
from samecast.services.casting import Change
from samecast.services.ordering import Order
from samecast.services.studio import Studio


def test_a_cast_character_comes_back_with_its_graded_reference(studio: Studio, astronaut: Path):
    added = studio.casting.add(
        [astronaut], name="Eileen Collins", anchors=["scar across the left cheekbone"], tags=["A"]
    )
    back = studio.casting.get("@eileen")
    assert back == added.character
    assert back.handle == "eileen"
    assert back.tags == ("a",)
    assert back.current.anchors[0].side == "left"
    assert (back.current.references[0].width, back.current.references[0].height) == (512, 512)
    assert added.grade is not None
    assert {rule.rule: rule.verdict for rule in added.grade.rules}["pose"] == "pass"


def test_new_looks_make_a_version_and_a_new_name_does_not(studio: Studio, astronaut: Path, cat: Path):
    studio.casting.add([astronaut], name="Eileen")
    renamed = studio.casting.edit("eileen", Change(name="Commander Collins"))
    assert (renamed.character.name, renamed.character.current.number) == ("Commander Collins", 1)
    described = studio.casting.edit("eileen", Change(description="older, grey hair", images=(cat,)))
    assert described.character.current.number == 2
    assert len(described.character.current.references) == 2
    assert described.character.versions[0].description == ""
    replaced = studio.casting.edit("eileen", Change(images=(astronaut,), replace_images=True))
    assert len(replaced.character.current.references) == 1
    same = studio.casting.edit("eileen", Change(description="older, grey hair"))
    assert same.character.current.number == 3


def test_other_anchors_are_judged_on_the_references_that_stay(studio: Studio, astronaut: Path):
    added = studio.casting.add([astronaut], name="Eileen")
    assert added.grade is not None
    assert added.grade.verdict == "usable", "it has no anchor"
    after = studio.casting.edit("eileen", Change(anchors=("faint diagonal scar across the left cheekbone",)))
    first, second = (grade_from_json(version.references[0].grade) for version in after.character.versions)
    assert (first.verdict, second.verdict) == ("usable", "strong")
    assert first.rules[:-1] == second.rules[:-1], "the picture is the same"
    assert [rule.verdict for rule in (first.rules[-1], second.rules[-1])] == ["fail", "pass"]


def test_a_handle_is_given_once(studio: Studio, astronaut: Path):
    studio.casting.add([astronaut], name="Eileen")
    with pytest.raises(HandleTaken):
        studio.casting.add([astronaut], name="Eileen")
    assert studio.casting.add([astronaut], name="Eileen", handle="eileen2").character.handle == "eileen2"


def test_a_bad_picture_among_good_ones_leaves_nothing_behind(studio: Studio, astronaut: Path, tmp_path: Path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(astronaut.read_bytes()[:5000])
    with pytest.raises(BadMedia):
        studio.casting.add([astronaut, broken], name="Eileen")
    assert studio.casting.all() == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_character_needs_a_readable_name(studio: Studio, astronaut: Path, name: str):
    with pytest.raises(InvalidInput):
        studio.casting.add([astronaut], name=name, handle="mira")


def test_transparency_is_kept_in_the_stored_reference(studio: Studio, astronaut: Path, tmp_path: Path):
    cut = np.dstack([np.asarray(Image.open(astronaut)), np.full((512, 512), 255, np.uint8)])
    cut[:, :100, 3] = 0
    Image.fromarray(cut).save(tmp_path / "cut.png")
    added = studio.casting.add([tmp_path / "cut.png"], name="Cut")
    kept = studio.casting._media.read_picture(studio.casting._assets.get(added.character.current.references[0].sha256))
    assert kept.alpha is not None
    assert kept.alpha[10, 50] == 0
    assert kept.alpha[10, 300] == 255


def test_who_is_removed_without_shots_is_gone(studio: Studio, astronaut: Path):
    studio.casting.add([astronaut], name="Eileen")
    assert studio.casting.remove("@eileen") is True
    with pytest.raises(NotFound):
        studio.casting.get("eileen")
    with pytest.raises(NotFound):
        studio.casting.remove("eileen")


def test_an_audition_ranks_the_sharp_one_first_and_the_unreadable_last(studio: Studio, astronaut: Path, tmp_path: Path):
    picture = Image.open(astronaut)
    small = tmp_path / "small.png"
    picture.resize((110, 110)).resize((512, 512)).save(small)
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    ranked = audition(studio.casting, [broken, small, astronaut])
    assert [entry.path.name for entry in ranked] == ["astronaut.png", "small.png", "broken.png"]
    assert ranked[2].grade is None
    assert all(entry.why for entry in ranked)


def test_an_audition_of_nothing_readable_is_an_error(studio: Studio, tmp_path: Path):
    with pytest.raises(InvalidInput):
        audition(studio.casting, [])
    with pytest.raises(BadMedia):
        audition(studio.casting, [tmp_path / "absent.png"])


def test_the_same_picture_twice_is_one_reference_and_no_new_version(studio: Studio, astronaut: Path):
    added = studio.casting.add([astronaut, astronaut], name="Twin")
    assert len(added.character.current.references) == 1
    edited = studio.casting.edit("@TWIN", Change(images=(astronaut,)))
    assert edited.character == added.character


@pytest.mark.parametrize(
    "too_much",
    [
        {"description": "x" * 2001},
        {"tags": ["x" * 61]},
        {"tags": [str(number) for number in range(33)]},
        {"anchors": [f"scar number {number}" for number in range(33)]},
        {"handle": ""},
    ],
)
def test_more_than_a_character_needs_is_refused(studio: Studio, astronaut: Path, too_much: dict[str, Any]):
    with pytest.raises(InvalidInput) as refused:
        studio.casting.add([astronaut], **{"name": "Mira", **too_much})
    assert refused.value.hint
    assert studio.casting.all() == []


def test_a_duplicate_begins_where_the_first_is_now(studio: Studio, astronaut: Path, cat: Path):
    studio.casting.add([astronaut], name="Eileen", description="An astronaut", tags=["lead"], anchors=["orange suit"])
    studio.casting.edit("eileen", Change(images=(cat,)))
    second = studio.casting.duplicate("@Eileen", name="Eileen, older", as_handle="@Eileen_2")
    first = studio.casting.get("eileen")
    assert studio.casting.get("eileen_2") == second
    assert (second.name, second.tags, len(second.versions)) == ("Eileen, older", ("lead",), 1)
    assert (second.current.number, second.current.digest) == (1, first.current.digest)
    assert second.current.references == first.current.references
    studio.casting.edit("eileen_2", Change(description="An older astronaut"))
    assert studio.casting.get("eileen") == first, "each goes its own way"
    with pytest.raises(HandleTaken):
        studio.casting.duplicate("eileen", name="Eileen")
    with pytest.raises(NotFound):
        studio.casting.duplicate("nobody", name="Somebody")
    with pytest.raises(InvalidInput):
        studio.casting.duplicate("eileen", name="  ")


def test_who_is_archived_is_in_no_list_and_in_no_new_shot(studio: Studio, astronaut: Path):
    studio.casting.add([astronaut], name="Eileen Collins")
    order = Order(prompt="@eileen in a cafe", model="paste", kind="image")
    assert studio.casting.archive("@Eileen")
    assert not studio.casting.archive("eileen")
    assert studio.casting.all() == []
    assert [character.handle for character in studio.casting.all(archived=True)] == ["eileen"]
    for prompt in ("@eileen in a cafe", "[Eileen Collins] in a cafe"):
        with pytest.raises(NotFound) as caught:
            studio.shooting.plan(replace(order, prompt=prompt))
        assert "samecast cast unarchive @eileen" in caught.value.hint
    assert studio.casting.unarchive("eileen")
    assert not studio.casting.unarchive("eileen")
    assert studio.shooting.plan(order).shot.takes[0].recipe.members[0].handle == "eileen"


def test_what_refers_to_a_character_and_what_changed(studio: Studio, astronaut: Path):
    studio.casting.add([astronaut], name="Eileen")
    assert studio.casting.pins("@EILEEN").told == "No take shows it, so nothing of it would be left."
    studio.shooting.start(studio.shooting.plan(Order(prompt="@eileen", model="paste", kind="image", takes=2)))
    assert studio.casting.pins("eileen").told.startswith("2 takes of 1 shot show it (2 on paste), by version 1;")
    studio.casting.edit("eileen", Change(description="older", anchors=("a scar",)))
    assert [change.kind for change in studio.casting.changed("eileen", 1, 2)] == ["anchor_added", "description"]
    assert studio.casting.changed("eileen", 2, 2) == ()
    with pytest.raises(NotFound, match="no version 3"):
        studio.casting.changed("eileen", 1, 3)
