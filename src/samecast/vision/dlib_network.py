"""dlib's face recognition network out of dlib's own weights file, as an ONNX model that onnxruntime runs.

dlib computes the same 128 numbers several times more slowly. The layers are those of `anet_type` in dlib's
tools/python/src/face_recognition.cpp: a ResNet of 29 convolutions, each followed by a scale and an offset per channel
("affine"), which are folded into its weights here. Whether a file is the right one is the caller's to check.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samecast.vision.onnx_graph import OnnxGraph

INPUT, SIDE, NUMBERS = "chip", 150, 128
"""The model takes 1 x 3 x 150 x 150 float32 as `as_input` makes it, and gives 1 x 128."""
_MEAN = np.array([122.782, 117.001, 104.298], np.float32)
_WIDTHS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
"""Channels of each residual block's two convolutions."""
_HALVING = (3, 7, 10, 13)
"""The blocks that halve the picture."""
_FIRST_KERNEL, _KERNEL = 7, 3


class BadWeights(ValueError):
    """The bytes are not dlib's face recognition network."""


def read_network(data: bytes) -> bytes:
    """The ONNX model of dlib's serialised network. Raises `BadWeights` where its layers are other ones."""
    layers = _Layers(data)
    graph = OnnxGraph("dlib-resnet")
    x = _convolve(graph, INPUT, layers.convolution(3, 32, _FIRST_KERNEL), stride=2)
    x = graph.add("MaxPool", [graph.add("Relu", [x])], kernel_shape=(3, 3), strides=(2, 2))
    side, channels = 35, 32
    for index, width in enumerate(_WIDTHS):
        halving = index in _HALVING
        inner = _convolve(graph, x, layers.convolution(channels, width, _KERNEL), stride=2 if halving else 1)
        outer = _convolve(graph, graph.add("Relu", [inner]), layers.convolution(width, width, _KERNEL))
        if halving:
            halved = (side - _KERNEL) // 2 + 1
            side //= 2
            x = graph.add("AveragePool", [x], kernel_shape=(2, 2), strides=(2, 2))
            x = _padded(graph, x, channels=width - channels)
            outer = _padded(graph, outer, pixels=side - halved)
            channels = width
        x = graph.add("Relu", [graph.add("Add", [outer, x])])
    flat = graph.add("Flatten", [graph.add("GlobalAveragePool", [x])])
    vector = graph.add("MatMul", [flat, graph.constant(layers.fully_connected(channels, NUMBERS))])
    return graph.model(given=(INPUT, (1, 3, SIDE, SIDE)), result=(vector, (1, NUMBERS)))


def as_input(chip: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """A 150 x 150 x 3 sRGB chip as the network takes it (dlib's `input_rgb_image_sized`)."""
    scaled = (chip.astype(np.float32) - _MEAN) / 256
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Convolution:
    """`weights`: out x in x k x k; `bias`: out."""

    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]


class _Layers:
    """Reads the layers in the order dlib wrote them, which is from the input on (dlib/dnn/layers.h, cuda/tensor.h)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def convolution(self, inward: int, outward: int, kernel: int) -> _Convolution:
        """The next convolution with the scale and offset that follow it."""
        count = outward * inward * kernel * kernel
        self._go_to(b"con_4")
        params = self._tensor(count + outward)
        self._go_to(b"affine_")
        scale, offset = np.split(self._tensor(2 * outward), 2)
        weights, bias = params[:count].reshape(outward, inward, kernel, kernel), params[count:]
        return _Convolution(weights=weights * scale[:, None, None, None], bias=bias * scale + offset)

    def fully_connected(self, inward: int, outward: int) -> npt.NDArray[np.float32]:
        """in x out."""
        self._go_to(b"fc_2")
        if (self._integer(), self._integer()) != (outward, inward):
            raise BadWeights("The last layer has another size.")
        return self._tensor(inward * outward).reshape(inward, outward)

    def _go_to(self, name: bytes) -> None:
        """Past the next layer of that name: the length of the name in one byte, then its letters."""
        found = self._data.find(bytes([1, len(name)]) + name, self._at)
        if found < 0:
            raise BadWeights(f"There is no further layer {name.decode()}.")
        self._at = found + 2 + len(name)

    def _tensor(self, count: int) -> npt.NDArray[np.float32]:
        """Version 2, four sizes, then little-endian float32."""
        version, sizes = self._integer(), [self._integer() for _ in range(4)]
        if version != 2 or int(np.prod(sizes)) != count or self._at + 4 * count > len(self._data):
            raise BadWeights(f"A layer of {count} numbers was expected, not of {sizes}.")
        values = np.frombuffer(self._data, "<f4", count, self._at).astype(np.float32)
        self._at += 4 * count
        return values

    def _integer(self) -> int:
        """dlib's packed integer: how many bytes (the top bit: negative), then those bytes, lowest first."""
        head = self._data[self._at : self._at + 1]
        if not head or not 1 <= head[0] & 0x0F <= 8:
            raise BadWeights("A whole number was expected.")
        start, size = self._at + 1, head[0] & 0x0F
        self._at = start + size
        value = int.from_bytes(self._data[start : self._at], "little")
        return -value if head[0] & 0x80 else value


def _convolve(graph: OnnxGraph, x: str, layer: _Convolution, *, stride: int = 1) -> str:
    """dlib pads by half the kernel, and not at all where it strides."""
    pad = 0 if stride > 1 else layer.weights.shape[2] // 2
    inputs = [x, graph.constant(layer.weights), graph.constant(layer.bias)]
    return graph.add("Conv", inputs, kernel_shape=layer.weights.shape[2:], strides=(stride,) * 2, pads=(pad,) * 4)


def _padded(graph: OnnxGraph, x: str, *, channels: int = 0, pixels: int = 0) -> str:
    """Zeros after the last channel, column and row: dlib adds tensors of unequal sizes as if they were there."""
    if not channels and not pixels:
        return x
    after = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
    return graph.add("Pad", [x, graph.constant(after)])
