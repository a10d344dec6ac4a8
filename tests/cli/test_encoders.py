"""`samecast encoders` with real parts: a hub on the loopback, a small ONNX network, the built-in encoders, pictures.

The pictures are the astronaut and the cat in other colours, which the small network takes for other subjects.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Outcome, Samecast
from tests.vision.encoders.fake_hub import FILE, REPO, Hub, served
from tests.vision.encoders.tiny_networks import small_picture

from samecast.cli import run
from samecast.media import LocalMedia
from samecast.services.encoders import Encoders
from samecast.settings import Settings
from samecast.vision.encoders import face_encoder, open_registry
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.matte import SubjectMatte
from samecast.wiring import late, sample_picture

NETWORK = small_picture()
DIGEST = hashlib.sha256(NETWORK).hexdigest()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with served() as running:
        running.has(NETWORK)
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose own catalogue has a face encoder and an appearance encoder, on one small network."""
    home = tmp_path / "home"
    home.mkdir()
    entry = """
[[encoder]]
name = "tiny-{kind}"
version = "1"
kind = "{kind}"
licence = "CC0-1.0"
about = "A small network."
[encoder.weights]
repo = "{repo}"
file = "{file}"
{digest}
[encoder.form]
side = 112
mean = [127.5, 127.5, 127.5]
std = [127.5, 127.5, 127.5]
"""
    kinds = (("face", f'sha256 = "{DIGEST}"'), ("appearance", ""))
    text = "".join(entry.format(kind=kind, repo=REPO, file=FILE, digest=digest) for kind, digest in kinds)
    (home / "encoders.toml").write_text(text)
    return Settings(home=home)


@pytest.fixture
def samecast(settings: Settings, hub: Hub, capsys: pytest.CaptureFixture[str]) -> Samecast:
    return command(settings, hub, capsys)


def command(settings: Settings, hub: Hub, capsys: pytest.CaptureFixture[str]) -> Samecast:
    """`samecast encoders ...` on a home and a hub of one's own."""
    encoders = Encoders(
        shelf=open_registry(settings, endpoint=hub.url),
        media=LocalMedia(),
        faces=late(MediaPipeFaces),
        matting=late(SubjectMatte),
    )
    studio: Any = SimpleNamespace(encoders=encoders, close=lambda: None)

    def call(*arguments: object) -> Outcome:
        status = run(lambda: studio, ["encoders", *map(str, arguments)])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


def variants(rgb: np.ndarray, subject: int, pictures: int) -> Iterator[np.ndarray]:
    """One subject: the picture in colours of its own, each time a little darker or noisier."""
    source = np.random.default_rng(subject)
    mix = source.uniform(0.25, 1.0, (3, 3))
    coloured = rgb.astype(np.float32) @ (mix / mix.sum(axis=1, keepdims=True)).T.astype(np.float32)
    for number in range(pictures):
        noisy = coloured * (1 - 0.06 * number) + source.normal(0, 3, rgb.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def index_of(folder: Path, base: np.ndarray, kind: str, alpha: np.ndarray | None = None) -> Path:
    folder.mkdir()
    lines = ["path,subject_id,kind,note"]
    for subject in range(12):
        for number, rgb in enumerate(variants(base, subject, 4)):
            name = f"{subject}-{number}.png"
            pixels = rgb if alpha is None else np.dstack([rgb, alpha])
            Image.fromarray(pixels).save(folder / name, compress_level=1)
            lines.append(f"{name},s{subject},{kind},made")
    path = folder / "INDEX.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    face = np.asarray(Image.open(sample_picture("astronaut.png")).convert("RGB"))[20:250, 100:330]
    return index_of(tmp_path / "people", face, "human")


@pytest.fixture
def cats(tmp_path: Path) -> Path:
    cat = np.asarray(Image.open(sample_picture("chelsea.png")).convert("RGB"))
    small = cv2.resize(cat, (225, 150), interpolation=cv2.INTER_AREA)
    alpha = np.zeros((150, 225), np.uint8)
    cv2.ellipse(alpha, (115, 75), (80, 65), 0, 0, 360, 255, -1)
    return index_of(tmp_path / "cats", small, "animal", alpha)


def one_clear_line(outcome: Outcome, *, words_before: int = 0) -> str:
    assert outcome.status == 1, outcome
    assert outcome.out == ""
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    assert len(lines) == 1 + words_before, lines
    assert lines[-1].startswith("samecast: ")
    return lines[-1]


def test_the_list_says_how_every_encoder_stands(samecast: Samecast):
    listed = {entry["name"]: entry for entry in samecast("list", "--json").document["encoders"]}

    assert listed["dlib-resnet"]["state"] == "ready"
    assert listed["dlib-resnet"]["in_use"]
    assert listed["dlib-resnet"]["built_in"]
    assert "pairs of the same" in listed["dlib-resnet"]["calibration"]
    for name, kind in (("sface", "face"), ("auraface", "face"), ("dinov2-small", "appearance"), ("tiny-face", "face")):
        assert (listed[name]["state"], listed[name]["kind"], listed[name]["in_use"]) == ("not_pulled", kind, False)
    assert listed["sface"]["licence"] == "Apache-2.0"
    assert not listed["sface"]["run_here"]
    assert listed["tiny-appearance"]["sha256"] is None

    words = samecast("list")
    assert words.status == 0
    assert "samecast encoders pull sface" in " ".join(words.out.split())


def test_a_choice_that_no_score_can_come_from_is_told(
    settings: Settings, hub: Hub, capsys: pytest.CaptureFixture[str], samecast: Samecast
):
    assert samecast("list").err == ""
    chosen = replace(settings, face_encoder="tiny-face", appearance_encoder="dino")

    listed = command(chosen, hub, capsys)("list", "--json")

    assert listed.err.splitlines() == [
        "SAMECAST_FACE_ENCODER is 'tiny-face', which is not pulled: no score can come from it.",
        "SAMECAST_APPEARANCE_ENCODER is 'dino', and there is no such encoder of appearance.",
    ]
    assert [entry["name"] for entry in listed.document["encoders"] if entry["in_use"]] == ["tiny-face"]


def test_from_the_hub_to_a_score_of_its_own(samecast: Samecast, settings: Settings, people: Path, hub: Hub):
    pulled = samecast("pull", "tiny-face", "--json")
    assert pulled.document["sha256"] == DIGEST
    assert pulled.document["fetched"]
    assert "Licence: CC0-1.0" in pulled.err
    assert pulled.err.index("Licence") >= 0
    assert not samecast("pull", "tiny-face", "--json").document["fetched"]

    found = samecast("calibrate", people, "--encoder", "tiny-face", "--json").document

    assert found["encoder"] == "tiny-face"
    assert found["sha256"] == DIGEST
    assert found["used"] >= 44  # a face whose colours leave it hardly any contrast may not be found
    assert found["used"] + sum(found["skipped"].values()) == 48
    assert found["different_pairs"] >= 1000
    assert [rate["far"] for rate in found["rates"]] == [0.1, 0.05, 0.01]
    assert found["too_few_pairs_for"] == [0.001]
    assert found["auc"] > 0.9
    assert found["folds"] == 5
    assert 0 <= found["calibration_error_out_of_fold"] < 0.2
    assert found["index_sha256"] == hashlib.sha256(people.read_bytes()).hexdigest()
    assert found["path"] == str(settings.encoders_folder / "tiny-face" / "calibration.toml")
    chosen = face_encoder(replace(settings, face_encoder="tiny-face"))
    assert chosen.card.sha256 == DIGEST
    assert chosen.card.threshold == pytest.approx(found["threshold"], rel=1e-4)
    listed = {entry["name"]: entry for entry in samecast("list", "--json").document["encoders"]}
    assert (listed["tiny-face"]["state"], listed["tiny-face"]["own_calibration"]) == ("ready", True)
    assert "in INDEX.csv" in listed["tiny-face"]["calibration"]


def test_subjects_are_calibrated_all_together_and_by_kind(samecast: Samecast, settings: Settings, cats: Path):
    pulled = samecast("pull", "tiny-appearance")
    assert "No sha256 is known for it beforehand" in pulled.err
    assert "any other is refused from now on" in pulled.err
    out = cats.parent / "made.toml"

    words = samecast("calibrate", cats, "--encoder", "tiny-appearance", "--out", out)

    assert words.status == 0, words.err
    assert "animal" in words.out
    assert "FAR 0.1 %: too few pairs to say" in words.out
    assert f"Written to {out}" in words.err
    assert "[kinds.animal.fit]" in out.read_text()
    assert not (settings.encoders_folder / "tiny-appearance" / "calibration.toml").exists()


def test_what_goes_wrong_is_one_clear_line(samecast: Samecast, people: Path, hub: Hub):
    assert "There is no encoder 'dlip'" in one_clear_line(samecast("pull", "dlip"))
    assert "built in" in one_clear_line(samecast("pull", "dlib-resnet"))
    hub.has(NETWORK + b"?")
    assert "not the file that is pinned" in one_clear_line(samecast("pull", "tiny-face"), words_before=2)
    assert "was not pulled" in one_clear_line(samecast("calibrate", people, "--encoder", "tiny-face"))
    assert "cannot be read" in one_clear_line(samecast("calibrate", people.parent / "none.csv"))
    few = people.parent / "few.csv"
    few.write_text("\n".join(people.read_text().splitlines()[:9]))
    assert "Too few subjects" in one_clear_line(samecast("calibrate", few))


def test_stopping_stops(samecast: Samecast, people: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings):
    def stop(self: object, rgb: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(MediaPipeFaces, "faces", stop)

    stopped = samecast("calibrate", people)

    assert (stopped.status, stopped.out) == (130, "")
    assert not settings.encoders_folder.exists()
