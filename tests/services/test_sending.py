"""Files that are made for a browser to save."""

import os
import time
from pathlib import Path

import pytest

from samecast.core.errors import NotFound
from samecast.services.sending import KEPT_SECONDS, Sending


@pytest.fixture
def sending(tmp_path: Path) -> Sending:
    return Sending(folder=tmp_path / "outgoing")


def made(sending: Sending, name: str = "mira.samecast") -> Path:
    path = sending.place(name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a character")
    return path


def test_what_was_made_is_found_by_chance_and_name(sending: Sending) -> None:
    path = made(sending)
    assert sending.at(path.parent.name, "mira.samecast") == path
    assert made(sending) != path


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("0" * 32, "mira.samecast"),
        ("..", "mira.samecast"),
        ("{}", "../{}/mira.samecast"),
        ("{}", "other.samecast"),
        ("{}/../{}", "mira.samecast"),
        ("{}", "."),
        ("{}\n", "mira.samecast"),
    ],
)
def test_whatever_else_is_asked_for_is_not_there(sending: Sending, token: str, name: str) -> None:
    here = made(sending).parent.name
    with pytest.raises(NotFound, match="no longer here"):
        sending.at(token.replace("{}", here), name.replace("{}", here))


def test_what_nobody_fetched_within_an_hour_goes(sending: Sending) -> None:
    old, young = made(sending), made(sending)
    before = time.time() - KEPT_SECONDS - 10
    os.utime(old.parent, (before, before))
    made(sending)
    assert not old.exists()
    assert young.exists()
