"""A modular pipeline's blocks while a take is made: each is reported as it begins, and those that only read prompt and
pictures are remembered (see `remembering`).

Their results are what they add to the pipeline's state.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from samecast.models.diffusers.remembering import Remembered, key_of


@contextmanager
def watched_blocks(
    pipe: Any, steps: Mapping[str, str], kept: Remembered, context: str, told: Callable[[str, int, int], None]
) -> Iterator[None]:
    """Stand in for those of the pipeline's blocks that `steps` names, with the step that is reported for each."""
    blocks = pipe._blocks.sub_blocks
    own = dict(blocks)
    for name, block in own.items():
        if name in steps:
            blocks[name] = _Watched(block, name, steps[name], kept, context, told)
    try:
        yield
    finally:
        blocks.update(own)


class _Watched:
    """A block that tells of itself, and is only run where it has not been run with the same inputs before."""

    def __init__(
        self,
        block: Any,
        name: str,
        step: str,
        kept: Remembered,
        context: str,
        told: Callable[[str, int, int], None],
    ) -> None:
        self._block, self._name, self._step = block, name, step
        self._kept, self._context, self._told = kept, context, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._block, name)

    def __call__(self, pipe: Any, state: Any) -> Any:
        self._told(self._step, 0, 1)
        read = {name: state.get(name) for name in self._block.input_names if name is not None}
        key = key_of((self._name, self._context, read))
        found = self._kept.get(key) if key else None
        if found is None:
            before, groups = dict(state.values), _groups(state)
            pipe, state = self._block(pipe, state)
            added = {name: value for name, value in state.values.items() if value is not before.get(name)}
            kinds = {name: kind for name, kind in _groups(state).items() if groups.get(name) != kind}
            if key:
                self._kept.keep(key, {"values": added, "kinds": kinds})
        else:
            for name, value in found["values"].items():
                state.set(name, value, found["kinds"].get(name))
        self._told(self._step, 1, 1)
        return pipe, state


def _groups(state: Any) -> dict[str, str]:
    """The kind of arguments that each value of the state was filed under."""
    return {name: kind for kind, names in state.kwargs_mapping.items() for name in names}
