"""Plug-in encoders: which there are, where their weights come from, and what turns one into a score's source.

`open_registry` builds the registry; `face_encoder` and `appearance_encoder` give what the settings choose.
"""

from samecast.core.encoders import EncoderKind
from samecast.ports import AppearanceEncoder, FaceEncoder
from samecast.settings import Settings
from samecast.vision.encoders.hub import Hub
from samecast.vision.encoders.registry import BuiltIn, EncoderRegistry

__all__ = ["EncoderKind", "EncoderRegistry", "appearance_encoder", "face_encoder", "open_registry"]


def open_registry(settings: Settings, *, endpoint: str | None = None) -> EncoderRegistry:
    """Every encoder of these settings. `endpoint`: another hub than the one huggingface_hub is set to."""
    from samecast.vision.appearance import SubjectAppearance
    from samecast.vision.calibration import load_calibration
    from samecast.vision.identity import DlibIdentity

    identity, appearance = DlibIdentity(), SubjectAppearance()
    return EncoderRegistry(
        settings,
        face=BuiltIn(kind="face", encoder=identity, shipped=load_calibration("dlib"), card=lambda: identity.card),
        appearance=BuiltIn(
            kind="appearance",
            encoder=appearance,
            shipped=load_calibration("appearance"),
            card=lambda: appearance.card_for(None),
        ),
        hub=Hub(endpoint),
    )


def face_encoder(settings: Settings) -> FaceEncoder:
    """The encoder that tells people apart, calibrated. Raises `NotFound`, `MissingPart`, `NotCalibrated`."""
    registry = open_registry(settings)
    return registry.faces(registry.in_use("face"))


def appearance_encoder(settings: Settings) -> AppearanceEncoder:
    """The encoder that compares subjects without a human face, calibrated. Raises as `face_encoder`."""
    registry = open_registry(settings)
    return registry.subjects(registry.in_use("appearance"))
