"""Handles, names, regions and the digest of a version."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.cast import Anchor, Reference, Region, Version, check_handle, handle_from_name
from samecast.core.errors import InvalidInput


def version(**changes: Any) -> Version:
    content: dict[str, Any] = {
        "references": (Reference(sha256="ab", width=1, height=1),),
        "anchors": (Anchor(text="scar"),),
    } | changes
    return Version(number=1, created_at=datetime(2026, 1, 1, tzinfo=UTC), **content)


@pytest.mark.parametrize("handle", ["a", "mira", "old_tom", "r2-d2", "a" * 15])
def test_handles_of_the_allowed_form_pass(handle: str):
    assert check_handle(handle) == handle
    assert check_handle(f"@{handle}") == handle


@pytest.mark.parametrize("handle", ["", "@", "Mira", "2pac", "_x", "a" * 16, "mi ra", "mira!", "../x", "мира", "a\n"])
def test_other_handles_are_refused_with_advice(handle: str):
    with pytest.raises(InvalidInput) as refused:
        check_handle(handle)
    assert refused.value.hint


@pytest.mark.parametrize("handle", ["image1", "image2", "image10"])
def test_handles_that_models_count_images_with_are_reserved(handle: str):
    with pytest.raises(InvalidInput, match="reserved"):
        check_handle(handle)
    assert check_handle("image") == "image"


@pytest.mark.parametrize(
    ("name", "handle"), [("Mira Tanaka", "mira"), ("  Élodie ", "elodie"), ("007 Bond", "bond"), ("X" * 40, "x" * 15)]
)
def test_a_handle_is_made_from_a_name(name: str, handle: str):
    assert handle_from_name(name) == handle


@pytest.mark.parametrize("name", ["", "  ", "123", "未来", "image1"])
def test_a_name_no_handle_can_be_made_from_asks_for_one(name: str):
    with pytest.raises(InvalidInput) as refused:
        handle_from_name(name)
    assert "--handle" in refused.value.hint


@given(st.text(max_size=60))
def test_any_name_gives_a_valid_handle_or_a_clear_refusal(name: str):
    try:
        handle = handle_from_name(name)
    except InvalidInput:
        return
    assert check_handle(handle) == handle


def test_a_region_lies_inside_the_picture():
    Region(x=0.9, y=0.0, width=0.1, height=1.0)
    for box in ((-0.1, 0, 0.5, 0.5), (0.5, 0.5, 0.6, 0.1), (0, 0, 0, 1), (1, 0, 0.1, 0.1)):
        with pytest.raises(InvalidInput):
            Region(x=box[0], y=box[1], width=box[2], height=box[3])


def test_equal_looks_have_equal_digests_and_any_change_of_looks_changes_it():
    assert version().digest == version().digest
    others = [
        version(references=(Reference(sha256="cd", width=1, height=1),)),
        version(anchors=(Anchor(text="scar", side="left"),)),
        version(anchors=(Anchor(text="scar", region=Region(x=0, y=0, width=0.1, height=0.1)),)),
        version(description="older"),
    ]
    assert len({entry.digest for entry in others} | {version().digest}) == 5
