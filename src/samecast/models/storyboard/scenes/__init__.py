"""The painted places. Each module named as a place holds `paint(setting) -> Scene`, imported when asked for.

A place nobody paints is drawn as the plain studio, and the caller is told so.
"""

from importlib import import_module

from samecast.models.storyboard.scene import Painter

PLACES: tuple[str, ...] = (
    "neon_street",
    "day_street",
    "rooftop",
    "corridor",
    "spacecraft",
    "room",
    "bar",
    "cafe",
    "stage",
    "studio",
    "forest",
    "desert",
    "beach",
    "mountains",
    "snowfield",
    "park",
)
FALLBACK = "studio"


def painter_for(place: str | None) -> tuple[Painter, bool]:
    """The painter of a place id, and whether the place is known; otherwise the plain studio's, and False."""
    known = place in PLACES
    module = import_module(f"{__name__}.{place if known else FALLBACK}")
    painter: Painter = module.paint
    return painter, known
