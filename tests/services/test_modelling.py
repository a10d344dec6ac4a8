"""Keys are kept and found without being told, files from elsewhere name nothing here, and own models are known."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from samecast import open_studio
from samecast.core.errors import InvalidInput, MissingKey
from samecast.core.secrets import remember
from samecast.services.modelling import Modelling, own_models
from samecast.services.studio import Studio
from samecast.settings import Settings

TINY = """
[[model]]
id = "tiny"
name = "Tiny"
engine = "diffusers"
kinds = ["image"]
aspects = ["1:1"]
seconds = 0
characters = 1
deterministic = true
composites = false
price = "Free."
licence = "None."
source = "a test"
date = 2026-01-01
notes = ""
resource = "gpu"
still_sizes = { "1:1" = "256x256" }

[model.setup]
repo = "maker/tiny"
pipeline = "Flux2KleinPipeline"
"""


@dataclass
class Ring:
    """A keyring in memory."""

    held: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        if name not in self.held:
            raise MissingKey(f"There is no {name}.")
        return remember(self.held[name])

    def keep(self, name: str, key: str) -> None:
        if key:
            self.held[name] = key
        else:
            self.held.pop(name, None)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return open_studio(Settings(home=tmp_path / "home"))


@pytest.fixture
def modelling(studio: Studio) -> Modelling:
    of = studio.modelling
    return Modelling(models=of.models, shelf=of.shelf, licensing=of.licensing, keys=Ring())


def test_kept_keys_are_known_by_name_and_place(modelling: Modelling, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("BFL_API_KEY", raising=False)
    monkeypatch.delenv("FAL_KEY", raising=False)
    assert (modelling.kept("BFL_API_KEY"), modelling.key_names()) == (None, [])
    modelling.keep_key("FAL_KEY", "first-secret")
    modelling.keep_key("BFL_API_KEY", "second-secret")
    assert modelling.key_names() == ["BFL_API_KEY", "FAL_KEY"]
    assert modelling.kept("BFL_API_KEY") == "keyring"
    monkeypatch.setenv("BFL_API_KEY", "another")
    assert modelling.kept("BFL_API_KEY") == "environment"
    modelling.keep_key("FAL_KEY", "")
    assert modelling.kept("FAL_KEY") is None
    assert modelling.key_names() == ["BFL_API_KEY"]


def test_a_key_that_was_read_from_the_environment_is_known(modelling: Modelling, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOME_KEY", "of-the-environment")
    assert "SOME_KEY" not in modelling.key_names()
    remember("of-the-environment")
    assert "SOME_KEY" in modelling.key_names()


def test_what_is_no_name_of_a_key_is_refused(modelling: Modelling):
    with pytest.raises(InvalidInput, match="not the name of a key"):
        modelling.keep_key("path/../else", "secret")


def test_models_come_from_text_and_are_known_as_own(modelling: Modelling, studio: Studio):
    file = studio.home / "models.toml"
    assert own_models(file) == frozenset()
    added = modelling.add_text(TINY)
    assert [entry.profile.id for entry in added] == ["tiny"]
    assert own_models(file) == {"tiny"}
    modelling.remove("tiny")
    assert own_models(file) == frozenset()


@pytest.mark.parametrize(
    "setup",
    [
        'folder = "weights"',
        'workflow = "graph.json"',
        'url = "http://127.0.0.1:8188"',
        'repo = "/etc"',
        'repo = "../../secrets"',
        'repo = "~/weights"',
        'repo = "http://elsewhere.example/x"',
        'repo = "C:\\\\weights"',
        'adapter = { repo = "maker/tiny", subfolder = "models/../..", weight = "x.safetensors" }',
        'deep = [[{ x = "//elsewhere.example" }]]',
        '"../key" = 1',
    ],
)
def test_text_that_names_a_file_or_an_address_is_refused(modelling: Modelling, studio: Studio, setup: str):
    text = TINY.replace('repo = "maker/tiny"', setup)
    with pytest.raises(InvalidInput, match="not taken from a browser") as caught:
        modelling.add_text(text)
    assert "samecast models add" in caught.value.hint
    assert own_models(studio.home / "models.toml") == frozenset()


@pytest.mark.parametrize("text", ["", "not toml [", "[[model]]\nid = 3", "a = " + "[" * 900, "#" * 70_000])
def test_text_that_is_no_file_of_models_is_refused(modelling: Modelling, text: str):
    with pytest.raises(InvalidInput):
        modelling.add_text(text)


def test_a_broken_own_catalogue_has_no_models(tmp_path: Path):
    (tmp_path / "models.toml").write_bytes(b"\xff")
    assert own_models(tmp_path / "models.toml") == frozenset()
    (tmp_path / "models.toml").write_text("[[model]")
    assert own_models(tmp_path / "models.toml") == frozenset()
