"""An engine on the fake server, from an entry and a workflow: those of examples/, or changed ones."""

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.models.comfyui.server import FakeComfyUI

from samecast.core.errors import MissingKey, SamecastError
from samecast.models.catalogue import parse_catalogue
from samecast.models.comfyui.engine import ComfyUI
from samecast.ports import ModelProfile, Picture, Render, Rendered
from samecast.ports.contract import recipe_for

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "comfyui"
QWEN, VACE = "qwen-image-edit", "wan-vace"
_seeds = itertools.count(100)


@dataclass(frozen=True)
class FakeKeys:
    known: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        if name not in self.known:
            raise MissingKey(f"There is no {name}.", hint="Set it.")
        return self.known[name]


def graph(example: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EXAMPLES / f"{example}.json").read_text())
    return read


def pictures(count: int) -> list[Picture]:
    """Pictures that are each their own, so that none is taken for another."""
    return [Picture(rgb=np.full((64, 48, 3), shade * 40 + 20, np.uint8)) for shade in range(count)]


@dataclass
class Setting:
    """A model of an example, and engines for it. `setup` and `more` change its entry."""

    home: Path
    url: str
    example: str = QWEN
    keys: FakeKeys = field(default_factory=FakeKeys)
    engines: list[ComfyUI] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.profile: ModelProfile = next(
            iter(parse_catalogue((EXAMPLES / f"{self.example}.toml").read_text(), where="examples").values())
        )
        self.change(url=self.url)
        self.write(graph(self.example))

    def change(self, **setup: object) -> None:
        """Other keys of the entry's setup."""
        self.profile = replace(self.profile, setup={**self.profile.setup, **setup})

    def slot(self, **slots: object) -> None:
        """Other slots; None takes one away."""
        all_of_them: Mapping[str, object] = self.profile.setup["slots"]  # type: ignore[assignment]
        kept = {name: place for name, place in {**all_of_them, **slots}.items() if place is not None}
        self.change(slots=kept)

    def write(self, graph: Mapping[str, Any]) -> None:
        (self.home / f"{self.example}.json").write_text(json.dumps(graph))

    def engine(self) -> ComfyUI:
        """A new one, as in another process."""
        engine = ComfyUI(profile=self.profile, home=self.home, keys=self.keys, wait=lambda seconds: time.sleep(0.02))
        self.engines.append(engine)
        return engine

    def order(self, shown: Sequence[Picture] = (), **changed: Any) -> Render:
        """An order with these pictures; every one has a seed of its own, as takes have."""
        recipe, references = recipe_for(self.profile, self.engine(), shown, seed=next(_seeds))
        recipe = replace(recipe, **changed)
        return Render(recipe=recipe, references=references)

    def close(self) -> None:
        for engine in self.engines:
            engine.close()


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def collected(engine: ComfyUI, ticket: str, seconds: float = 10.0) -> Rendered:
    end = time.monotonic() + seconds
    while (rendered := engine.collect(ticket)) is None:
        assert time.monotonic() < end, "the take never came"
        time.sleep(0.005)
    return rendered


def posted(fake: FakeComfyUI, ticket: str) -> dict[str, dict[str, Any]]:
    """The inputs of every node as they were posted."""
    return {node: found["inputs"] for node, found in fake.prompts[ticket].items()}


def said(error: SamecastError) -> str:
    """An error's words, which are one line with a hint."""
    assert "\n" not in str(error)
    assert error.hint
    return str(error)
