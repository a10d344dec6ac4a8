"""A recipe: everything needed to make one take again. Equal recipes, equal pixels (where the engine repeats itself)."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from samecast.core.cast import Anchor, Region
from samecast.core.errors import InvalidInput
from samecast.core.prompt import Brief, brief_from_json, brief_to_json

TakeKind: TypeAlias = Literal["image", "video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A character as a recipe pins it: the version's number and digest, and the references themselves by sha256."""

    handle: str
    name: str
    version: int
    digest: str
    references: tuple[str, ...]
    anchors: tuple[Anchor, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What one take is made from. Sizes in pixels, `seconds` and `fps` only for video."""

    model: str
    engine_version: str
    kind: TakeKind
    prompt: str
    brief: Brief
    members: tuple[Member, ...]
    width: int
    height: int
    seed: int
    seconds: float = 0.0
    fps: int = 0
    options: tuple[tuple[str, str], ...] = field(default=())

    @property
    def frames(self) -> int:
        """How many frames a clip has; 1 for an image."""
        return max(1, round(self.seconds * self.fps)) if self.kind == "video" else 1

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON."""
        return hashlib.sha256(recipe_to_json(self).encode()).hexdigest()


def recipe_to_json(recipe: Recipe) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    tree: dict[str, Any] = asdict(recipe)
    tree["brief"] = json.loads(brief_to_json(recipe.brief))
    tree["samecast"] = 1
    return json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def recipe_from_json(text: str) -> Recipe:
    """Read back what `recipe_to_json` wrote. Raises `InvalidInput` for anything else."""
    try:
        tree = json.loads(text)
        if tree.pop("samecast") != 1:
            raise ValueError("unknown recipe format")
        tree["brief"] = brief_from_json(json.dumps(tree["brief"]))
        tree["members"] = tuple(_member(m) for m in tree["members"])
        tree["options"] = tuple((str(k), str(v)) for k, v in tree["options"])
        return Recipe(**tree)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput("The recipe cannot be read.", hint="It was not written by this samecast.") from error


def _member(tree: dict[str, Any]) -> Member:
    anchors = tuple(
        Anchor(text=a["text"], side=a["side"], region=Region(**a["region"]) if a["region"] else None)
        for a in tree["anchors"]
    )
    return Member(**{**tree, "anchors": anchors, "references": tuple(tree["references"])})
