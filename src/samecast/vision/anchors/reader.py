"""`AnchorEyes`: a `ports.AnchorReader`. Decides by words and place what an anchor is; says why one cannot be checked.

How marks and colours are found is in `marks` and `colours`; what words mean is the lexicon's business.
"""

import tomllib
from dataclasses import dataclass
from importlib import resources

import numpy as np

from samecast.core.cast import Anchor
from samecast.core.lexicon import Lexicon
from samecast.core.words import tokenise
from samecast.ports import AnchorPrint, AnchorSight, Face, Floats, Picture, Pixels
from samecast.vision.anchors.atlas import atlas, to_atlas
from samecast.vision.anchors.colours import ColourPrint, learn_colour, look_for_colour, named_colours
from samecast.vision.anchors.marks import MarkPrint, learn_mark, look_for_mark

Box = tuple[float, float, float, float]
_MARKS = frozenset({"scar", "tattoo", "piercing", "freckles", "mole", "eyepatch"})
_SHADES = frozenset({"beard", "heterochromia", "glasses", "streak", "braid", "earring", "undercut"})
_ON_FACE = frozenset({"cheek", "brow", "eye", "nose", "lip", "chin", "forehead", "face"})
_TONED = frozenset({"eye", "lip", "brow"})
_OFF_FACE = frozenset({"beard", "earring", "glasses", "streak", "braid", "undercut", "piping", "necklace"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What an anchor's words speak of: families of details, places on the body, colours."""

    kinds: frozenset[str]
    places: frozenset[str]
    colours: tuple[str, ...]


class AnchorEyes:
    """Looks for anchors. Keeps nothing between calls but the lexicon and its palette; safe to share between threads."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        text = resources.files("samecast.vision").joinpath("calibrations/anchors.toml").read_text(encoding="utf-8")
        palette = tomllib.loads(text)["palette"]
        self._palette: dict[str, tuple[int, int, int]] = {name: (r, g, b) for name, (r, g, b) in palette.items()}

    def learn(self, picture: Picture, face: Face | None, anchor: Anchor) -> AnchorPrint | str:
        """What to look for; or one sentence why this anchor cannot be checked."""
        if anchor.region is None:
            return (
                "Cannot be checked: its place on the reference is not marked. Mark it in the studio, or add [x,y,w,h]."
            )
        region = anchor.region
        box = (
            region.x * picture.width,
            region.y * picture.height,
            (region.x + region.width) * picture.width,
            (region.y + region.height) * picture.height,
        )
        said = self._words(anchor.text)
        on_face = _share_on_face(box, face) if face is not None else 0.0
        refusal = _refusal(anchor, said, face, on_face, box)
        if refusal:
            return refusal
        learned: AnchorPrint | str
        if face is not None and on_face >= 0.5 and not _is_colour(said):
            learned = learn_mark(picture.rgb, face, box, scattered="freckles" in said.kinds)
        else:
            learned = learn_colour(picture, face, box, named_colours(self._palette, list(said.colours)))
        return f"Cannot be checked: {learned[0].lower()}{learned[1:]}" if isinstance(learned, str) else learned

    def look(self, wanted: AnchorPrint, rgb: Pixels, face: Face | None, alpha: Floats | None) -> AnchorSight:
        """One look in one frame. Raises `TypeError` for a print another reader made."""
        match wanted:
            case MarkPrint():
                if face is None:
                    return AnchorSight(verdict="not_assessable", reason="The face cannot be seen.")
                return look_for_mark(wanted, rgb, face)
            case ColourPrint():
                return look_for_colour(wanted, rgb, face, alpha)
        raise TypeError(f"{type(wanted).__name__} was not made by this reader.")

    def _words(self, text: str) -> _Words:
        tokens = [token for token in tokenise(text) if token.kind == "word"]
        words = self._lexicon.anchors
        colours = [token.norm for token in tokens if token.norm in self._palette]
        families = [name for token in tokens for name in sorted(words.colours.get(token.norm, ()))]
        return _Words(
            kinds=frozenset(match.value for match in words.kinds.find(tokens)),
            places=frozenset(match.value for match in words.body.find(tokens)),
            colours=tuple(dict.fromkeys(colours or families)),
        )


def _is_colour(said: _Words) -> bool:
    """Whether what lies on the face is told by its colour: eyes, lips, a beard; not by its outline, as a mark is."""
    if said.kinds & _MARKS:
        return False
    return bool(said.kinds & _SHADES) or bool(said.places & _TONED and said.colours)


def _refusal(anchor: Anchor, said: _Words, face: Face | None, on_face: float, box: Box) -> str:
    """One sentence where words and place contradict each other; empty where they do not."""
    about_face = bool(said.places & _ON_FACE) and not said.kinds & _OFF_FACE
    mark = bool(said.kinds & _MARKS)
    if face is None:
        if mark or about_face:
            return "Cannot be checked: no face can be read on the reference."
        return ""
    if on_face < 0.3 and (about_face or said.kinds & {"freckles", "eyepatch"}):
        return "It is on the face by its words, but its marked place lies off it: correct one of them."
    if on_face < 0.5 and mark:
        return "Cannot be checked: marks are looked for on the face only, and its place lies off it."
    if anchor.side is not None and _side_shown(box, face, on_face) not in (None, anchor.side):
        other = "right" if anchor.side == "left" else "left"
        return (
            f"It says {anchor.side}, but its marked place is on the character's own {other} "
            "(on the viewer's other hand when facing the camera): correct one of them."
        )
    return ""


def _share_on_face(box: Box, face: Face) -> float:
    xs, ys = np.linspace(box[0], box[2], 9), np.linspace(box[1], box[3], 9)
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    near = ((points >= low) & (points <= high)).all(axis=1)
    if not near.any():
        return 0.0
    return float(atlas().holds(to_atlas(points[near], face.landmarks)).sum()) / len(points)


def _side_shown(box: Box, face: Face, on_face: float) -> str | None:
    """The character's own side on which a place lies; None near the middle. Their left is the viewer's right."""
    middle = np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])
    if on_face >= 0.5:
        across, slack = float(to_atlas(middle, face.landmarks)[0, 0]), 0.06
    else:
        eyes = face.landmarks[[33, 263], :2].astype(np.float64)
        along = eyes[1] - eyes[0]
        across = float((middle[0] - eyes.mean(axis=0)) @ along / max(float(along @ along), 1e-6))
        slack = 0.25
    if abs(across) < slack:
        return None
    return "left" if across > 0 else "right"
