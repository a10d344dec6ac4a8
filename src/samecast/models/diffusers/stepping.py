"""A take's steps while its pipeline runs: how far it is, and where it can be stopped.

Where a pipeline calls back after a step, that is used; else its scheduler is watched, which every pipeline steps. What
`told` raises goes through the pipeline and ends it there; it is `Halted`, which no library handles.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Told = Callable[[str, int, int], None]


@contextmanager
def stepping(pipe: Any, told: Told, *, callback: bool) -> Iterator[dict[str, object]]:
    """Watch the pipeline meanwhile. Yields the arguments that its call needs for that."""
    undo = [_watch_pixels(pipe, told)]
    counted = _Counted(told)
    if not callback:
        undo.append(_watch_scheduler(pipe.scheduler, counted))

    def stepped(running: Any, step: int, timestep: Any, values: dict[str, object]) -> dict[str, object]:
        counted(running.num_timesteps)
        return values

    try:
        yield {"callback_on_step_end": stepped} if callback else {}
    finally:
        for take_away in undo:
            take_away()


class _Counted:
    """Counts steps: a clip made in segments counts its own from the beginning each time."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._done = 0

    def __call__(self, total: int) -> None:
        self._done += 1
        self._told("render", self._done, max(self._done, int(total)))


def _watch_scheduler(scheduler: Any, counted: _Counted) -> Callable[[], None]:
    own = scheduler.step

    def step(*values: Any, **named: Any) -> Any:
        result = own(*values, **named)
        counted(len(scheduler.timesteps))
        return result

    scheduler.step = step
    return lambda: scheduler.__dict__.pop("step", None)


def _watch_pixels(pipe: Any, told: Told) -> Callable[[], None]:
    """Encoding and decoding are reported, and every pass through the decoder: a clip takes many of them."""
    vae = getattr(pipe, "vae", None)
    if vae is None:
        return lambda: None
    steps = {"encode": "read references", "decode": "decode"}
    for method, step in steps.items():
        setattr(vae, method, _reported(getattr(vae, method), step, told))
    decoder = getattr(vae, "decoder", None)
    hook = decoder.register_forward_pre_hook(lambda *_: told("decode", 0, 1)) if decoder is not None else None

    def take_away() -> None:
        for method in steps:
            vae.__dict__.pop(method, None)
        if hook is not None:
            hook.remove()

    return take_away


def _reported(method: Callable[..., Any], step: str, told: Told) -> Callable[..., Any]:
    def call(*values: Any, **named: Any) -> Any:
        told(step, 0, 1)
        result = method(*values, **named)
        told(step, 1, 1)
        return result

    return call
