"""The shelf: models that ship, and the user's own, which are added and removed whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from samecast.core.errors import InvalidInput, MissingKey, MissingPart, NotFound, StorageFailed
from samecast.core.secrets import remembered
from samecast.models.keys import UserKeys
from samecast.models.shelf import Shelf
from samecast.ports import Face, Floats, Picture, Pixels
from samecast.ports.plugins import Parts
from samecast.production.redaction import redacted


class Blind:
    """Finds nothing and cuts nothing out."""

    def faces(self, rgb: Pixels) -> list[Face]:
        return []

    def matte(self, picture: Picture, faces: object) -> Floats:
        return np.zeros(picture.rgb.shape[:2], np.float32)


ENTRY = """
# the first of mine
[[model]]
id = "mine"
name = "Mine"
engine = "storyboard"
kinds = ["image"]
aspects = ["1:1"]
seconds = 0
characters = 1
deterministic = true
composites = true
price = "Free."
licence = "Mine."
source = "here"
date = 2026-11-30
notes = ""
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    parts = Parts(home=tmp_path, keys=UserKeys(), faces=Blind(), matting=Blind())
    return Shelf(parts=parts, file=tmp_path / "home" / "models.toml")


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_ones_own_models_come_after_those_that_ship(shelf: Shelf, tmp_path: Path):
    before = list(shelf)
    added = shelf.add(written(tmp_path / "a.toml", ENTRY))
    assert [profile.id for profile in added] == ["mine"]
    assert list(shelf) == [*before, "mine"]
    assert shelf["mine"][0].licence == "Mine."
    assert shelf["mine"][1].version == shelf["storyboard"][1].version
    assert len(shelf) == len(before) + 1
    assert shelf.bad == ()


def test_what_another_adds_meanwhile_is_seen(shelf: Shelf, tmp_path: Path):
    """A worker, or the studio, runs on while somebody adds a model on the command line."""
    before = list(shelf)
    storyboard = shelf["storyboard"][1]
    beside = Shelf(parts=shelf._parts, file=tmp_path / "home" / "models.toml")
    beside.add(written(tmp_path / "a.toml", ENTRY))
    assert shelf["mine"][0].name == "Mine"
    assert list(shelf) == [*before, "mine"]
    beside.remove("mine")
    assert "mine" not in shelf
    assert list(shelf) == before
    assert shelf["storyboard"][1].version == storyboard.version


def test_removing_one_leaves_the_others_and_their_comments(shelf: Shelf, tmp_path: Path):
    shelf.add(written(tmp_path / "a.toml", ENTRY + ENTRY.replace('"mine"', '"other"').replace("first", "second")))
    shelf.remove("mine")
    assert "mine" not in shelf
    assert "other" in shelf
    kept = (tmp_path / "home" / "models.toml").read_text()
    assert "the second of mine" in kept
    assert "the first of mine" not in kept
    with pytest.raises(NotFound, match="'storyboard' is not one of your own"):
        shelf.remove("storyboard")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY.replace('"mine"', '"storyboard"'), "There is a model 'storyboard' already"),
        (ENTRY.replace("seconds = 0", "seconds = 3"), "seconds must be 0 exactly"),
        (ENTRY + ENTRY, "there are two of that id"),
        ("", "There is no [[model]] in it"),
        ("[settings]\nx = 1", "something beside [[model]]"),
    ],
)
def test_what_is_wrong_is_not_added(shelf: Shelf, tmp_path: Path, text: str, said: str):
    with pytest.raises(InvalidInput) as error:
        shelf.add(written(tmp_path / "a.toml", text))
    assert said in str(error.value)
    assert not (tmp_path / "home" / "models.toml").exists()


def test_an_engine_there_is_not_is_named(shelf: Shelf, tmp_path: Path):
    for engine in ("warp", "catalogue", "hosted"):
        with pytest.raises(MissingPart, match=f"There is no engine '{engine}'"):
            shelf.add(written(tmp_path / "a.toml", ENTRY.replace('"storyboard"', f'"{engine}"')))
    with pytest.raises(NotFound, match="There is no"):
        shelf.add(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match="needs an id"):
        shelf.add(tmp_path)


def test_paths_are_told_from_where_the_file_lies(shelf: Shelf, tmp_path: Path):
    (tmp_path / "flow.json").write_text("{}")
    more = '[model.setup]\nworkflow = "flow.json"\nfolder = "not-there"\n'
    profile = shelf.add(written(tmp_path / "a.toml", ENTRY + more))[0]
    assert profile.setup == {"workflow": str(tmp_path / "flow.json"), "folder": "not-there"}


def test_a_broken_file_of_ones_own_harms_nobody(shelf: Shelf, tmp_path: Path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "models.toml").write_text("[[model]]\nid = 3")
    assert "storyboard" in shelf
    (bad,) = shelf.bad
    assert bad.where.endswith("models.toml")
    assert "models.toml" in bad.error.hint


def test_where_the_file_cannot_be_written_nothing_is_lost(shelf: Shelf, tmp_path: Path):
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be written"):
        shelf.add(written(tmp_path / "a.toml", ENTRY))


def test_a_key_from_the_keyring_is_struck_out_of_logs(monkeypatch: pytest.MonkeyPatch):
    import keyring
    from keyring.backend import KeyringBackend

    class Ring(KeyringBackend):
        priority = 1.0
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012 - one ring, as the system has one

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del self.kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        keys = UserKeys()
        monkeypatch.delenv("ACME_KEY", raising=False)
        with pytest.raises(MissingKey, match="samecast models key ACME_KEY"):
            keys.get("ACME_KEY")
        keys.keep("ACME_KEY", "ring-4711-secret")
        assert keys.get("ACME_KEY") == "ring-4711-secret"
        assert "ring-4711-secret" in remembered()
        assert redacted("sent ring-4711-secret along") == "sent [redacted] along"
        monkeypatch.setenv("ACME_KEY", "from-the-environment")
        assert keys.get("ACME_KEY") == "from-the-environment", "the environment wins"
        monkeypatch.setenv("ACME_KEY", "two words")
        with pytest.raises(MissingKey, match="is no key"):
            keys.get("ACME_KEY")
        monkeypatch.delenv("ACME_KEY")
        keys.keep("ACME_KEY", "")
        with pytest.raises(MissingKey):
            keys.get("ACME_KEY")
    finally:
        keyring.set_keyring(before)
