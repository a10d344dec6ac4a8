"""Networks written as ONNX: valid by the format's own checker, and computing what their operators say."""

import numpy as np
import onnx
import onnxruntime
import pytest

from samecast.vision.onnx_graph import OnnxGraph


def written() -> bytes:
    """y = relu(conv(x, all ones, padded by one) - 4), the biggest of each 2 x 2."""
    graph = OnnxGraph("example")
    weights = graph.constant(np.ones((1, 1, 3, 3), np.float32))
    bias = graph.constant(np.array([-4], np.float32))
    x = graph.add("Conv", ["x", weights, bias], kernel_shape=(3, 3), strides=(1, 1), pads=(1, 1, 1, 1))
    x = graph.add("MaxPool", [graph.add("Relu", [x])], kernel_shape=(2, 2), strides=(2, 2))
    x = graph.add("Flatten", [x], axis=1)
    return graph.model(given=("x", (1, 1, 4, 4)), result=(x, (1, 4)))


def test_the_formats_own_checker_agrees() -> None:
    model = onnx.load_from_string(written())
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Conv", "Relu", "MaxPool", "Flatten"]
    assert [entry.name for entry in model.graph.input] == ["x"]


def test_it_computes_what_it_says() -> None:
    session = onnxruntime.InferenceSession(written(), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.ones((1, 1, 4, 4), np.float32)})
    assert result == pytest.approx(np.full((1, 4), 5.0))


def test_whole_numbers_below_zero_and_above_a_byte_survive() -> None:
    graph = OnnxGraph("shapes")
    shape = graph.constant(np.array([-1, 300], np.int64))
    x = graph.add("Softmax", [graph.add("Reshape", ["x", shape])], axis=-1)
    model = graph.model(given=("x", (2, 150)), result=(x, (1, 300)))
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    (result,) = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(
        None, {"x": np.zeros((2, 150), np.float32)}
    )
    assert result == pytest.approx(np.full((1, 300), 1 / 300))
