"""Writes a small neural network as ONNX bytes, so that onnxruntime can run weights that come in another format.

Only what such a network needs: nodes with whole-number attributes, float32 and int64 constants, one float32 input and
one output. Field numbers are those of onnx.proto (ONNX IR version 8); the `onnx` package is not needed, and its
protobuf cannot clash with MediaPipe's. What the network computes is the caller's business.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_IR_VERSION = 8
_OPSET = 17
_FLOAT, _INT64 = 1, 7
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7


class OnnxGraph:
    """A network under construction: `add` nodes in the order they run, then take its `model` bytes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, values: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        """Store an array in the model; returns the name that nodes use it by."""
        name = f"c{len(self._constants)}"
        kind = _INT64 if values.dtype == np.int64 else _FLOAT
        dims = b"".join(_number(1, size) for size in values.shape)
        little = values.astype(values.dtype.newbyteorder("<"))
        self._constants.append(dims + _number(2, kind) + _text(8, name) + _block(9, little.tobytes()))
        return name

    def add(self, operator: str, inputs: Sequence[str], **attributes: int | Sequence[int]) -> str:
        """Append an operator; returns the name of its one output."""
        name = f"n{len(self._nodes)}"
        node = b"".join(_text(1, source) for source in inputs) + _text(2, name) + _text(3, name) + _text(4, operator)
        self._nodes.append(node + b"".join(_block(5, _attribute(key, value)) for key, value in attributes.items()))
        return name

    def model(self, *, given: tuple[str, tuple[int, ...]], result: tuple[str, tuple[int, ...]]) -> bytes:
        """The whole model: the names and shapes of its float32 input and output."""
        graph = b"".join(_block(1, node) for node in self._nodes) + _text(2, self._name)
        graph += b"".join(_block(5, constant) for constant in self._constants)
        graph += _block(11, _value(*given)) + _block(12, _value(*result))
        opset = _text(1, "") + _number(2, _OPSET)
        return _number(1, _IR_VERSION) + _block(7, graph) + _block(8, opset)


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    return _text(1, name) + b"".join(_number(8, entry) for entry in value) + _number(20, _ATTRIBUTE_INTS)


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_block(1, _number(1, size)) for size in shape)
    tensor = _number(1, _FLOAT) + _block(2, dims)
    return _text(1, name) + _block(2, _block(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _block(field, value.encode())


def _block(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Protobuf's base-128 number; negative ones as 64-bit two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
