"""What was read once is not read again: prompts and references, encoded once for all takes of a shot.

The methods that read them are wrapped while a take is made. A result is kept under everything that went in, and handed
out as a copy; what drew from a random generator is never kept. So nothing but time changes.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from samecast.models.diffusers.libraries import torch

MOST_BYTES = 1 << 30
MOST = 32


class Remembered:
    """Results by what they are of, the latest used last; bounded in number and bytes. They wait in main memory."""

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self.hits = 0

    def get(self, key: str) -> Any | None:
        """A copy of what is kept, on the device it was made on; None where there is none."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        self.hits += 1
        return _unpacked(self._kept[key][0])

    def keep(self, key: str, value: object) -> None:
        packed, size = _packed(value)
        if packed is None or size > self._most_bytes:
            return
        self._kept[key] = (packed, size)
        while len(self._kept) > self._most or sum(size for _, size in self._kept.values()) > self._most_bytes:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


@contextmanager
def remembering(
    pipe: Any, methods: Mapping[str, str], kept: Remembered, context: str, told: Callable[[str, int, int], None]
) -> Iterator[None]:
    """Wrap those of the pipeline's methods meanwhile. `methods`: the step that is reported for each. `context`: what
    else their results depend on, such as LoRAs."""
    wrapped = [name for name in methods if callable(getattr(pipe, name, None))]
    for name in wrapped:
        pipe.__dict__[name] = _wrapped(getattr(pipe, name), name, methods[name], kept, context, told)
    try:
        yield
    finally:
        for name in wrapped:
            pipe.__dict__.pop(name, None)


def _wrapped(
    method: Callable[..., Any],
    name: str,
    step: str,
    kept: Remembered,
    context: str,
    told: Callable[[str, int, int], None],
) -> Callable[..., Any]:
    def call(*values: Any, **named: Any) -> Any:
        told(step, 0, 1)
        key = key_of((name, context, values, named))
        found = kept.get(key) if key else None
        if found is None:
            before = _states((values, named))
            found = method(*values, **named)
            if key and _states((values, named)) == before:
                kept.keep(key, found)
        told(step, 1, 1)
        return found

    return call


def key_of(value: object) -> str:
    """A digest of everything in `value`; "" where it holds what cannot be told by its contents."""
    digest = hashlib.blake2b(digest_size=32)
    return digest.hexdigest() if _digest(value, digest.update) else ""


def _digest(value: object, add: Callable[[bytes], object]) -> bool:
    library = torch()
    match value:
        case None | bool() | int() | float() | str() | bytes():
            add(f"{type(value).__name__}:{value!r};".encode())
        case list() | tuple():
            add(f"{type(value).__name__}{len(value)}(".encode())
            return all(_digest(item, add) for item in value)
        case dict():
            add(f"dict{len(value)}(".encode())
            return all(_digest(key, add) and _digest(value[key], add) for key in sorted(value, key=str))
        case library.Generator():
            add(b"generator;")
        case library.device() | library.dtype():
            add(f"{value};".encode())
        case library.Tensor():
            plain = value.detach().cpu().contiguous()
            add(f"tensor:{plain.dtype}:{tuple(plain.shape)};".encode())
            add(plain.reshape(-1).view(library.uint8).numpy().tobytes() if plain.numel() else b"")
        case _ if hasattr(value, "tobytes") and hasattr(value, "size"):  # a PIL picture, an array
            mode = getattr(value, "mode", None) or getattr(value, "dtype", "")
            shape = getattr(value, "shape", value.size)
            add(f"picture:{mode}:{shape};".encode())
            add(value.tobytes())
        case _ if is_dataclass(value):
            add(f"{type(value).__module__}.{type(value).__qualname__}(".encode())
            return all(_digest(getattr(value, one.name), add) for one in fields(value))
        case _:
            return False
    return True


def _states(value: object) -> list[bytes]:
    """Where every random generator in `value` stands."""
    library = torch()
    match value:
        case list() | tuple():
            return [state for item in value for state in _states(item)]
        case dict():
            return [state for item in value.values() for state in _states(item)]
        case library.Generator():
            return [bytes(value.get_state().numpy().tobytes())]
    return []


def _packed(value: object) -> tuple[Any, int]:
    """A copy of tensors in main memory, each with its device, and its size in bytes; None for what is neither."""
    library = torch()
    if value is None:
        return ("none",), 0
    if isinstance(value, library.Tensor):
        copy = value.detach().to("cpu", copy=True)
        return ("tensor", copy, value.device), copy.numel() * copy.element_size()
    if isinstance(value, list | tuple):
        packed = [_packed(item) for item in value]
        if all(item is not None for item, _ in packed):
            return ("list", type(value), [item for item, _ in packed]), sum(size for _, size in packed)
    if isinstance(value, dict):
        inside = {key: _packed(item) for key, item in value.items()}
        if all(item is not None for item, _ in inside.values()):
            return ("dict", {key: item for key, (item, _) in inside.items()}), sum(s for _, s in inside.values())
    if isinstance(value, bool | int | float | str):
        return ("plain", value), 0
    return None, 0


def _unpacked(packed: Any) -> Any:
    match packed:
        case ("none",):
            return None
        case ("tensor", copy, device):
            return copy.to(device, copy=True)
        case ("list", kind, items):
            return kind(_unpacked(item) for item in items)
        case ("dict", items):
            return {key: _unpacked(item) for key, item in items.items()}
        case ("plain", value):
            return value
    raise AssertionError(packed)
