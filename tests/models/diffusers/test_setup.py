"""What a model's entry may say, what is refused, what keeps it from being used, and what makes its takes others."""

import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

from tests.models.diffusers.test_fetching import PROFILE

from samecast.core.errors import InvalidInput, MissingPart, NotFound
from samecast.models.catalogue import read_catalogue
from samecast.models.diffusers import build, families
from samecast.models.diffusers.engine import Diffusers
from samecast.models.diffusers.families import family_of, known_families
from samecast.models.diffusers.setup import read_setup
from samecast.models.diffusers.weights import Depot
from samecast.ports import ModelProfile
from samecast.ports.contract import check_error

LISTED = [profile for profile in read_catalogue().values() if profile.engine == "diffusers"]


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ({}, "either a folder or a repo"),
        ({"folder": "a", "repo": "b/c"}, "either a folder or a repo"),
        ({"folder": "a", "colour": "red"}, "no key colour"),
        ({"folder": 3}, "folder is wrong: it must be text"),
        ({"folder": "a", "batch": 0}, "batch of 0"),
        ({"folder": "a", "batch": True}, "batch is wrong: it must be a whole number"),
        ({"folder": "a", "memory": "lots"}, "memory is wrong: it is one of auto, none"),
        ({"folder": "a", "dtype": "int8"}, "dtype is wrong"),
        ({"folder": "a", "adapter": {"folder": "b"}}, "weight is missing"),
        ({"folder": "a", "adapter": {"weight": "b.safetensors"}}, "folder or a repo of its adapter"),
        ({"folder": "a", "adapter": {"folder": "b", "weight": "b.bin"}}, "no safetensors file"),
        (
            {"folder": "a", "quantization": {"backend": "x", "components": "all"}},
            "components is wrong: it must be a list",
        ),
        ({"folder": "a", "call": []}, "call is wrong: it must be a table"),
    ],
)
def test_a_wrong_setup_is_refused_by_name(setup: dict[str, object], said: str):
    with pytest.raises(InvalidInput, match=said) as caught:
        read_setup(replace(PROFILE, setup=setup))
    check_error(caught.value)


def test_a_wrong_family_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="references is wrong: it must be a table"):
        family_of("Flux2KleinPipeline", {"references": "image"})
    with pytest.raises(InvalidInput, match=r"options\.steps is wrong: there is no key arg;"):
        family_of("Flux2KleinPipeline", {"options": {"steps": {"arg": "n"}}})


@pytest.mark.parametrize("profile", LISTED, ids=lambda profile: profile.id)
def test_every_model_that_is_listed_is_set_up_rightly(profile: ModelProfile):
    setup = read_setup(profile)
    assert setup.pipeline in known_families()
    family = family_of(setup.pipeline, setup.family)
    assert set(profile.kinds) == set(family.kinds)
    assert profile.fps == family.fps or "video" not in profile.kinds
    for option in profile.options:
        assert option.name in family.options or option.name in families.USUAL, option.name
    for kind in profile.kinds:
        for aspect in profile.aspects:
            size = profile.size(kind, aspect)
            assert size is not None
            assert not any(side % 2 for side in size), "clips need even sides"


def test_nothing_heavy_is_imported_to_list_a_model():
    heavy = "{'torch', 'diffusers', 'transformers', 'huggingface_hub'}"
    code = f"import sys, samecast.models.diffusers.engine; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    engine = build(replace(PROFILE, setup={"folder": str(tmp_path)}), _parts(tmp_path))
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *more: None if name == "torch" else find(name, *more))
    with pytest.raises(MissingPart, match="torch") as caught:
        engine.check()
    assert "pip install 'samecast[diffusers]'" in caught.value.hint
    check_error(caught.value)


def _parts(home: Path) -> Any:
    return SimpleNamespace(home=home)


def test_a_folder_that_is_not_there_or_is_none_is_named(tmp_path: Path):
    for folder, said in ((tmp_path / "gone", "there is no folder"), (tmp_path, "no diffusers folder")):
        engine = Diffusers(replace(PROFILE, setup={"folder": str(folder)}), depot=Depot(tmp_path))
        with pytest.raises(NotFound, match=said) as caught:
            engine.check()
        check_error(caught.value)


def test_a_package_that_only_this_model_needs_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "WanVACEPipeline"}')
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *more: None if name == "ftfy" else find(name, *more))
    engine = Diffusers(replace(PROFILE, setup={"folder": str(tmp_path)}), depot=Depot(tmp_path))
    with pytest.raises(MissingPart, match="ftfy") as caught:
        engine.check()
    assert "pip install ftfy" in caught.value.hint


def test_the_version_tells_whatever_makes_takes_others(tmp_path: Path):
    folder = tmp_path / "model"
    (folder / "transformer").mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "Flux2KleinPipeline"}')
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(bytes(500_000))

    def version(**setup: object) -> str:
        profile = replace(PROFILE, setup={"folder": str(folder), **setup})
        return Diffusers(profile, depot=Depot(tmp_path)).version

    versions = [version(), version(dtype="float16"), version(defaults={"steps": 4})]
    (folder / "model_index.json").write_text('{"_class_name": "Flux2KleinKVPipeline"}')
    versions.append(version())
    for place in (0, 499_999):  # another training changes the ends too
        content = bytearray(500_000)
        content[place] = 1
        weights.write_bytes(content)
        versions.append(version())
    weights.write_bytes(bytes(500_001))
    versions.append(version())
    assert len(set(versions)) == len(versions)
    assert version() == versions[-1]
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert version(folder=str(copy), memory="group") == versions[-1]
