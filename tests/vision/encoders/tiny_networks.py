"""Real ONNX networks, a few kilobytes each: small pictures of the picture, as vectors."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CELLS = 8


def small_picture(side: int = 112, *, layout: str = "nchw", exact: int = TensorProto.FLOAT, padding: int = 0) -> bytes:
    """1 x 3 x side x side to 1 x 3*CELLS*CELLS: the mean of each cell, less the whole picture's."""
    shape = [1, 3, side, side] if layout == "nchw" else [1, side, side, 3]
    cell = side // CELLS
    nodes = []
    first = "picture"
    if layout == "nhwc":
        nodes.append(helper.make_node("Transpose", [first], ["turned"], perm=[0, 3, 1, 2]))
        first = "turned"
    nodes += [
        helper.make_node("AveragePool", [first], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("ReduceMean", ["flat"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["flat", "mean"], ["vector"]),
    ]
    unused = numpy_helper.from_array(np.random.default_rng(0).normal(size=max(1, padding)).astype(np.float32), "unused")
    graph = helper.make_graph(
        nodes,
        "small-picture",
        [helper.make_tensor_value_info("picture", exact, shape)],
        [helper.make_tensor_value_info("vector", exact, [1, 3 * CELLS * CELLS])],
        [unused] if padding else [],
    )
    return _bytes(graph)


def tokens(side: int = 32) -> bytes:
    """1 x 3 x side x side to `first` (1 x 1) and `tokens` (1 x 2 x 3): the mean colour, and beside it its double."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["picture"], ["colour"], axes=[2, 3], keepdims=0),
            helper.make_node("ReduceMean", ["colour"], ["first"], axes=[1], keepdims=1),
            helper.make_node("Add", ["colour", "colour"], ["double"]),
            helper.make_node("Neg", ["double"], ["opposite"]),
            helper.make_node("Unsqueeze", ["colour", "axis"], ["one"]),
            helper.make_node("Unsqueeze", ["opposite", "axis"], ["two"]),
            helper.make_node("Concat", ["one", "two"], ["tokens"], axis=1),
        ],
        "tokens",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, side, side])],
        [
            helper.make_tensor_value_info("first", TensorProto.FLOAT, [1, 1]),
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, 2, 3]),
        ],
        [numpy_helper.from_array(np.array([1], np.int64), "axis")],
    )
    return _bytes(graph)


def _bytes(graph: onnx.GraphProto) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content
