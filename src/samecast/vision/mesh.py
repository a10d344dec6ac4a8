"""MediaPipe's face networks as plain calls: BlazeFace finds candidates, Face Mesh measures one of them.

The mesh runs in a graph of our own, because the packaged solution hides what we need most: the network's confidence.
Which candidates are faces is decided in `faces.py`. A graph serves one call at a time, so each network has up to two.
"""

import contextlib
import os
import queue
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from samecast.core.errors import MissingPart
from samecast.ports import Floats, Pixels
from samecast.vision.crops import Square

MESH_SIDE = 192
"""The mesh network's input, pixels square."""
MESH_POINTS = 478
_AT_ONCE = 2
"""Graphs of one network: as many as frames are seen side by side. Each costs some megabytes and a moment to start."""
_quiet = threading.RLock()


class _Closes(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=_Closes)

_GRAPH = """
input_stream: "image"
output_stream: "landmarks"
output_stream: "score"
node { calculator: "ImageToTensorCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:input"
  options { [mediapipe.ImageToTensorCalculatorOptions.ext] {
    output_tensor_width: 192 output_tensor_height: 192 output_tensor_float_range { min: 0.0 max: 1.0 } } } }
node { calculator: "FaceLandmarksModelLoader"
  input_side_packet: "WITH_ATTENTION:with_attention" output_side_packet: "MODEL:model" }
node { calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:resolver"
  options { [mediapipe.TfLiteCustomOpResolverCalculatorOptions.ext] { use_gpu: false } } }
node { calculator: "InferenceCalculator" input_stream: "TENSORS:input" output_stream: "TENSORS:output"
  input_side_packet: "MODEL:model" input_side_packet: "OP_RESOLVER:resolver"
  options { [mediapipe.InferenceCalculatorOptions.ext] { delegate { xnnpack {} } } } }
node { calculator: "SplitTensorVectorCalculator" input_stream: "output" output_stream: "mesh" output_stream: "flag"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] { ranges: { begin: 0 end: 6 } ranges: { begin: 6 end: 7 } } } }
node { calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:flag" output_stream: "FLOAT:score"
  options { [mediapipe.TensorsToFloatsCalculatorOptions.ext] { activation: SIGMOID } } }
node { calculator: "TensorsToFaceLandmarksWithAttention"
  input_stream: "TENSORS:mesh" output_stream: "LANDMARKS:landmarks" }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One BlazeFace hit in picture pixels: `box` left, top, width, height; `points` 6 x 2.

    The points are the subject's right eye, left eye, nose tip, mouth, right ear, left ear.
    """

    box: tuple[float, float, float, float]
    points: Floats
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.box[0] + self.box[2] / 2, self.box[1] + self.box[3] / 2

    @property
    def square(self) -> Square:
        """Where the mesh should look first: half as large again, turned with the line through the eyes."""
        across = self.points[1] - self.points[0]
        x, y = self.centre
        side = 1.5 * max(self.box[2], self.box[3])
        return Square(x=x, y=y, side=side, roll=float(np.arctan2(across[1], across[0])))

    def moved(self, matrix: Floats) -> "Candidate":
        """The same candidate after a 2 x 3 similarity; the box stays upright around the moved centre."""
        scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
        x, y = matrix[:, :2] @ np.array(self.centre) + matrix[:, 2]
        width, height = self.box[2] * scale, self.box[3] * scale
        return Candidate(
            box=(float(x) - width / 2, float(y) - height / 2, width, height),
            points=(self.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
            score=self.score,
        )


class _Graphs(Generic[T]):
    """Up to `_AT_ONCE` of something that serves one thread at a time; the second is built when first needed.

    They are closed when this goes: MediaPipe's own hold themselves, by observers where Python's collector cannot look.
    """

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._built: list[T] = []
        weakref.finalize(self, _close_all, self._built).atexit = False
        self._free: queue.LifoQueue[T | None] = queue.LifoQueue()
        for _ in range(_AT_ONCE):
            self._free.put(None)
        with self.one():
            pass

    @contextlib.contextmanager
    def one(self) -> Iterator[T]:
        """One that nobody else uses meanwhile; waits for it where all are in use."""
        graph = self._free.get()
        try:
            if graph is None:
                graph = self._build()
                self._built.append(graph)
            yield graph
        finally:
            self._free.put(graph)


def close_with(owner: object, graph: _Closes) -> None:
    """Close a MediaPipe solution when its owner goes; by itself it would stay for good."""
    weakref.finalize(owner, graph.close).atexit = False


def _close_all(built: list[T]) -> None:
    for graph in built:
        graph.close()


class BlazeFace:
    """MediaPipe's face detector; `full_range` finds smaller faces, the other larger ones."""

    def __init__(self, *, full_range: bool, threshold: float) -> None:
        mediapipe = load_mediapipe()

        def build() -> Any:
            with native_noise_off():
                graph = mediapipe.solutions.face_detection.FaceDetection(
                    model_selection=int(full_range), min_detection_confidence=threshold
                )
                graph.process(np.zeros((64, 64, 3), np.uint8))
            return graph

        self._graphs = _Graphs(build)

    def find(self, rgb: Pixels) -> list[Candidate]:
        """Candidates in an H x W x 3 picture, in its own pixels, in no order."""
        height, width = rgb.shape[:2]
        with self._graphs.one() as graph:
            found = graph.process(np.ascontiguousarray(rgb)).detections or []
        return [self._candidate(detection, width, height) for detection in found]

    @staticmethod
    def _candidate(detection: Any, width: int, height: int) -> Candidate:
        place = detection.location_data
        box = place.relative_bounding_box
        points = np.array([(p.x * width, p.y * height) for p in place.relative_keypoints], np.float32)
        return Candidate(
            box=(box.xmin * width, box.ymin * height, box.width * width, box.height * height),
            points=points,
            score=float(detection.score[0]),
        )


class MeshNetwork:
    """Face Mesh with refined eyes and lips: 478 points and the network's confidence that this is a face."""

    def __init__(self) -> None:
        mediapipe = load_mediapipe()
        self._graphs = _Graphs(lambda: _MeshGraph(mediapipe))

    def read(self, chip: Pixels) -> tuple[Floats, float]:
        """Landmarks (478 x 3, in units of the chip's side, z toward the viewer < 0) and confidence 0..1.

        `chip` is a 192 x 192 upright crop, the face filling its middle two thirds.
        """
        with self._graphs.one() as graph:
            return graph.read(chip)


class _MeshGraph:
    """One running graph; its outputs arrive in observers, so it takes one picture at a time.

    The observers know the sight they fill and not this object: the graph holds them where Python's collector cannot
    look, so a ring through them would never be let go, and a graph is forty megabytes.
    """

    def __init__(self, mediapipe: ModuleType) -> None:
        self._mediapipe = mediapipe
        self._tick = 0
        self._sight = sight = _Sight()
        read = mediapipe.packet_getter
        with native_noise_off():
            self._graph = mediapipe.CalculatorGraph(graph_config=_GRAPH)
            self._graph.observe_output_stream("score", lambda _, packet: sight.keep_score(read.get_float(packet)))
            self._graph.observe_output_stream("landmarks", lambda _, packet: sight.keep_points(read.get_proto(packet)))
            self._graph.start_run({"with_attention": mediapipe.packet_creator.create_bool(True)})
            self.read(np.zeros((MESH_SIDE, MESH_SIDE, 3), np.uint8))

    def read(self, chip: Pixels) -> tuple[Floats, float]:
        self._tick += 1
        packet = self._mediapipe.packet_creator.create_image_frame(
            image_format=self._mediapipe.ImageFormat.SRGB,
            data=np.ascontiguousarray(chip),
        ).at(self._tick)
        self._graph.add_packet_to_input_stream("image", packet)
        self._graph.wait_until_idle()
        return self._sight.points, self._sight.score

    def close(self) -> None:
        self._graph.close()


class _Sight:
    """What a graph has seen last."""

    def __init__(self) -> None:
        self.score = 0.0
        self.points: Floats = np.zeros((MESH_POINTS, 3), np.float32)

    def keep_score(self, score: float) -> None:
        self.score = score

    def keep_points(self, landmarks: Any) -> None:
        self.points = np.array([(p.x, p.y, p.z) for p in landmarks.landmark], np.float32)


def load_mediapipe() -> ModuleType:
    """Import mediapipe quietly. Raises `MissingPart` where it, its models, or libGL is missing."""
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", message=r"SymbolDatabase\.GetPrototype", category=UserWarning)
    try:
        with native_noise_off():
            import mediapipe
            from mediapipe.python._framework_bindings import resource_util
    except ImportError as error:
        raise MissingPart(f"Faces cannot be read: {error}.", hint=_hint(str(error))) from error
    package = Path(mediapipe.__file__).parent
    if not (package / "modules/face_landmark/face_landmark_with_attention.tflite").is_file():
        raise MissingPart(
            "This mediapipe has no face models in its wheel.",
            hint="Install the release that ships them: pip install 'mediapipe==0.10.14' (Python 3.11 or 3.12).",
        )
    resource_util.set_resource_dir(str(package.parent))
    module: ModuleType = mediapipe
    return module


def _hint(reason: str) -> str:
    if "libGL" in reason or "libgthread" in reason:
        return "Install the system library: apt install libgl1 libglib2.0-0 (or your system's own OpenGL package)."
    return "Install it with pip install 'mediapipe==0.10.14' on Python 3.11 or 3.12."


@contextlib.contextmanager
def native_noise_off() -> Iterator[None]:
    """Send file descriptor 2 to nowhere while C++ code starts up; it writes there past Python's stderr.

    One thread at a time: two that overlapped would each keep the other's nowhere, and stderr would stay lost.
    """
    with _quiet:
        sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # no stderr at all, nothing to keep quiet
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
