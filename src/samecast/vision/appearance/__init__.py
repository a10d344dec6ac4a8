"""How subjects without a human face look: their colours and their details, compared under any light."""

from samecast.vision.appearance.encoder import Blend, SubjectAppearance, design_digest

__all__ = ["Blend", "SubjectAppearance", "design_digest"]
