"""Which encoder may be used: the pinned weights, calibrated with those very weights, and of the right kind."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from tests.vision.encoders.conftest import Listing
from tests.vision.encoders.fake_hub import Hub
from tests.vision.encoders.tiny_networks import small_picture

from samecast.core.calibrating import Curve, Rate
from samecast.core.calibrations import Calibration, Figures, Fitted
from samecast.core.encoders import NotCalibrated, WrongWeights
from samecast.core.errors import InvalidInput, MissingPart, NotFound
from samecast.ports import EncoderCard, Face, Pixels
from samecast.settings import Settings
from samecast.vision.encoders import EncoderRegistry, appearance_encoder, face_encoder, open_registry

NETWORK = small_picture()
DIGEST = hashlib.sha256(NETWORK).hexdigest()


def quietly(here: int, total: int | None) -> None:
    pass


def fitted(slope: float = 10.0) -> Fitted:
    return Fitted(
        curve=Curve(slope=slope, midpoint=0.3),
        threshold=0.2,
        figures=Figures(set="a made set", same_pairs=30, different_pairs=1000, auc=0.99),
        rates=(Rate(far=0.01, tar=0.9, distance=0.2),),
    )


def calibration(name: str = "tiny", sha256: str = DIGEST) -> Calibration:
    return Calibration(encoder=name, version="1", sha256=sha256, licence="CC0-1.0", pooled=fitted())


@pytest.fixture
def pulled(registry: EncoderRegistry, hub: Hub, listed: Listing) -> EncoderRegistry:
    hub.has(NETWORK)
    listed(weights=f'sha256 = "{DIGEST}"')
    registry.pull("tiny", quietly)
    return registry


def state_of(registry: EncoderRegistry, name: str):
    return next(state for state in registry.states() if state.entry.name == name)


def test_without_settings_the_built_in_ones_are_in_use_and_ready(registry: EncoderRegistry, settings: Settings):
    used = [state for state in registry.states() if state.in_use]

    assert [state.entry.kind for state in used] == ["face", "appearance"]
    for state in used:
        assert state.readiness == "ready"
        assert state.entry.built_in
        assert "pairs of the same" in state.calibration
    assert face_encoder(settings).card.name == used[0].entry.name == "dlib-resnet"
    assert appearance_encoder(settings).card_for(None).name == used[1].entry.name


def test_no_score_comes_from_an_encoder_that_is_not_calibrated(pulled: EncoderRegistry):
    assert state_of(pulled, "tiny").readiness == "not calibrated"

    with pytest.raises(NotCalibrated) as caught:
        pulled.faces("tiny")

    assert "samecast encoders calibrate INDEX.csv --encoder tiny" in str(caught.value)


def test_nor_from_one_that_was_not_pulled(registry: EncoderRegistry, listed: Listing):
    listed()

    with pytest.raises(MissingPart, match="was not pulled") as caught:
        registry.faces("tiny")

    assert "samecast encoders pull tiny" in str(caught.value)
    assert state_of(registry, "tiny").readiness == "not pulled"


def test_a_calibrated_encoder_gives_its_own_distances_and_its_own_card(
    pulled: EncoderRegistry, settings: Settings, astronaut: Pixels, eileen: Face
):
    pulled.keep(calibration(), None)

    chosen = face_encoder(replace(settings, face_encoder="tiny"))

    card = chosen.card
    assert (card.name, card.sha256, card.slope, card.threshold) == ("tiny", DIGEST, 10.0, 0.2)
    assert card.rates == fitted().rates
    vector = chosen.encode(astronaut, eileen)
    assert vector.shape == (192,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert chosen.distance(vector, vector) == pytest.approx(0, abs=1e-6)
    assert chosen.distance(vector, chosen.encode(255 - astronaut, eileen)) > 1
    assert chosen.doubt(astronaut, eileen) is None
    state = state_of(open_registry(replace(settings, face_encoder="tiny")), "tiny")
    assert (state.readiness, state.in_use, state.own, state.threshold) == ("ready", True, True, 0.2)


@pytest.mark.parametrize("kept", [calibration(sha256="1" * 64), calibration(name="other")])
def test_a_calibration_of_other_weights_is_refused(pulled: EncoderRegistry, settings: Settings, kept: Calibration):
    pulled.keep(kept, settings.encoders_folder / "tiny" / "calibration.toml")

    with pytest.raises(NotCalibrated, match="other weights") as caught:
        pulled.faces("tiny")

    assert "calibrate" in caught.value.hint
    state = state_of(pulled, "tiny")
    assert state.readiness == "not calibrated"
    assert "other weights" in state.trouble


def test_weights_that_were_changed_after_they_were_pulled_never_run(
    pulled: EncoderRegistry, settings: Settings, astronaut: Pixels, eileen: Face
):
    pulled.keep(calibration(), None)
    (settings.encoders_folder / "tiny" / "weights.onnx").write_bytes(small_picture(padding=5))

    with pytest.raises(WrongWeights):
        pulled.faces("tiny").encode(astronaut, eileen)


def test_damaged_files_are_told_and_do_not_hide_the_others(pulled: EncoderRegistry, settings: Settings):
    folder = settings.encoders_folder / "tiny"
    (folder / "calibration.toml").write_text("[fit")
    assert "calibration.toml" in state_of(pulled, "tiny").trouble
    (folder / "pinned.toml").write_text("nothing")
    state = state_of(pulled, "tiny")
    assert state.readiness == "broken"
    assert "pinned.toml is damaged" in state.trouble
    assert state_of(pulled, "dlib-resnet").readiness == "ready"


def test_an_own_calibration_of_the_built_in_encoder_takes_the_shipped_ones_place(
    registry: EncoderRegistry, settings: Settings
):
    shipped = face_encoder(settings).card
    registry.keep(calibration("dlib-resnet", shipped.sha256), None)

    card = face_encoder(settings).card

    assert (card.slope, shipped.slope == card.slope) == (10.0, False)
    assert state_of(registry, "dlib-resnet").own


def test_kinds_have_their_own_cards(
    registry: EncoderRegistry, hub: Hub, listed: Listing, settings: Settings, cat: Pixels
):
    hub.has(NETWORK)
    listed(kind="appearance")
    registry.pull("tiny", quietly)
    registry.keep(replace(calibration(), kinds=(("toy", fitted(5.0)),)), None)

    chosen = appearance_encoder(replace(settings, appearance_encoder="tiny"))

    assert chosen.card_for("toy").slope == 5.0
    assert chosen.card_for("animal").slope == chosen.card_for(None).slope == 10.0
    alpha = np.zeros(cat.shape[:2], np.float32)
    alpha[40:250, 100:350] = 1
    vector = chosen.encode(cat, alpha)
    assert chosen.distance(vector, chosen.encode(cat[:, ::-1], alpha[:, ::-1])) > 0.05


def test_kinds_and_names_are_not_mixed_up(registry: EncoderRegistry, settings: Settings):
    with pytest.raises(InvalidInput, match="an encoder of appearance, not of face"):
        face_encoder(replace(settings, face_encoder="dinov2-small"))
    with pytest.raises(NotFound, match="no encoder 'dlip'"):
        face_encoder(replace(settings, face_encoder="dlip"))
    with pytest.raises(InvalidInput, match="an encoder of face, not of appearance"):
        registry.subject_coder("sface")


def test_a_built_in_one_that_is_broken_does_not_hide_the_others(registry: EncoderRegistry, hub: Hub, listed: Listing):
    hub.has(NETWORK)
    listed()

    def refuse() -> EncoderCard:
        raise InvalidInput("The calibration belongs to another form of the encoder.", hint="Fit it again.")

    registry._appearance = replace(registry._appearance, card=refuse)

    broken = state_of(registry, registry.in_use("appearance"))
    assert (broken.readiness, broken.trouble) == (
        "broken",
        "The calibration belongs to another form of the encoder.",
    )
    assert state_of(registry, "dlib-resnet").readiness == "ready"
    assert registry.pull("tiny", quietly).fresh
