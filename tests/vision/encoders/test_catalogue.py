"""Catalogues: the shipped one is complete and pinned; the user's own is read with care."""

import re
from pathlib import Path

import pytest

from samecast.core.calibrations import parse_calibration
from samecast.core.errors import InvalidInput
from samecast.vision.encoders.catalogue import parse_catalogue, read_catalogue

ENTRY = """
[[encoder]]
name = "own"
version = "1"
kind = "appearance"
licence = "CC0-1.0"
[encoder.weights]
repo = "me/mine"
file = "model.onnx"
[encoder.form]
side = 224
mean = [0, 0, 0]
std = [255, 255, 255]
"""


def test_every_shipped_encoder_is_pinned_and_free_to_use():
    entries = read_catalogue(Path("/nowhere/encoders.toml"))

    assert {entry.kind for entry in entries.values()} == {"face", "appearance"}
    for entry in entries.values():
        assert entry.weights is not None
        assert entry.form is not None
        assert re.fullmatch("[0-9a-f]{40}", entry.weights.revision)
        assert re.fullmatch("[0-9a-f]{64}", entry.weights.sha256 or "")
        assert entry.licence in ("Apache-2.0", "MIT", "CC0-1.0")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry.added)
        assert entry.about
        assert not entry.run_here
        assert (entry.form.crop == "face_112") == (entry.kind == "face")


def test_the_users_own_encoders_come_after_the_shipped_ones(tmp_path: Path):
    own = tmp_path / "encoders.toml"
    own.write_text(ENTRY)

    entries = read_catalogue(own)

    mine = list(entries.values())[-1]
    assert mine.name == "own"
    assert mine.weights is not None
    assert mine.form is not None
    assert (mine.weights.revision, mine.weights.sha256, mine.weights.size) == ("main", None, None)
    assert (mine.form.layout, mine.form.channels, mine.form.take) == ("nchw", "rgb", "all")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("= 224", "= 2"), "'side' cannot be 2"),
        (('name = "own"', 'name = "../own"'), "'name' cannot be"),
        (('name = "own"', 'name = "sface"'), "has an encoder 'sface' already"),
        (('name = "own"', 'name = "dlib-resnet"'), "has an encoder 'dlib-resnet' already"),
        (('kind = "appearance"', 'kind = "voice"'), "'kind' cannot be 'voice'"),
        (('kind = "appearance"', ""), "'kind' is missing"),
        (('licence = "CC0-1.0"', ""), "'licence' is missing"),
        (('"me/mine"', '"me/mine/x"'), "'repo' cannot be"),
        (('"model.onnx"', '"../../model.onnx"'), "'file' cannot be"),
        (('"model.onnx"', '"model.pkl"'), "'file' cannot be"),
        (('"model.onnx"', "'a\"b.onnx'"), "'file' cannot be"),
        (('file = "model.onnx"', 'file = "model.onnx"\nrevision = "../main"'), "'revision' cannot be"),
        (("std = [255, 255, 255]", "std = [255, 0, 255]"), "'std' cannot be"),
        (("mean = [0, 0, 0]", "mean = 0"), "'mean' cannot be"),
        (("side", 'take = "last"\nside'), "'take' cannot be"),
        (("side", 'crop = "face_112"\nside'), "'crop' cannot be"),
        (('file = "model.onnx"', 'file = "model.onnx"\nsha256 = "abc"'), "'sha256' cannot be 'abc'"),
        (("[encoder.form]", "[encoder.shape]"), r"lacks its table \[encoder.form\]"),
        (("[[encoder]]", "[encoder]"), "listed as"),
        (("side = 224", "side = "), "not TOML"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_in_one_line(tmp_path: Path, change, said):
    own = tmp_path / "encoders.toml"
    own.write_text(ENTRY.replace(*change))

    with pytest.raises(InvalidInput, match=said) as caught:
        read_catalogue(own, taken=("dlib-resnet",))

    assert "encoders.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_twice_is_refused():
    with pytest.raises(InvalidInput, match="listed twice"):
        parse_catalogue(ENTRY + ENTRY, "here")


PAGE = (Path(__file__).resolve().parents[3] / "docs" / "encoders.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_page_names_every_shipped_encoder_and_its_licence():
    for entry in read_catalogue(Path("/nowhere/encoders.toml")).values():
        assert f"| `{entry.name}` | {'faces' if entry.kind == 'face' else 'appearance'} | {entry.licence} |" in PAGE


def test_the_pages_examples_can_be_read():
    calibration, entry = EXAMPLES

    (mine,) = parse_catalogue(entry.replace('"..."', f'"{"0" * 64}"'), "the page").values()

    assert (mine.kind, mine.form is not None and mine.form.providers) == ("appearance", ("CUDAExecutionProvider",))
    shown = calibration.split("[kinds.")[0]
    assert parse_calibration(shown).pooled.angles[0].pairs == 64
    assert parse_calibration(shown).pooled.untold == (0.001,)
