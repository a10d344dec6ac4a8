"""`OnnxSession`: an encoder's network, run by onnxruntime. Knows no faces or subjects, nor where files come from."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from samecast.core.encoders import InputForm, WrongWeights
from samecast.core.errors import InvalidInput, MissingPart
from samecast.ports import Floats, Pixels

_READ = 1 << 20


class OnnxSession:
    """Turns `side` x `side` x 3 sRGB pictures into vectors of length one. Loaded and verified at first use.

    Threads may share one: onnxruntime runs calls side by side, each on one core.
    """

    def __init__(self, name: str, path: Path, sha256: str, form: InputForm) -> None:
        self._name = name
        self._path = path
        self._sha256 = sha256
        self._form = form
        self._lock = threading.Lock()
        self._run: Callable[[Floats], Floats] | None = None

    def vector(self, picture: Pixels) -> Floats:
        """float32 numbers of length one, so that cosine distance is 1 - a . b.

        Raises `WrongWeights` where the file is not the one that was pinned, `InvalidInput` where it is no such network
        or gives nothing.
        """
        with self._lock:
            if self._run is None:
                self._run = self._opened()
        vector = self._taken(self._run(self._tensor(picture)))
        length = float(np.linalg.norm(vector.astype(np.float64)))
        if not np.isfinite(length) or length <= 1e-12:
            raise InvalidInput(
                f"The encoder '{self._name}' gave no usable vector.", hint="Its form in the catalogue may be wrong."
            )
        return np.asarray(vector / length, np.float32)

    def _tensor(self, picture: Pixels) -> Floats:
        """1 x 3 x side x side, or 1 x side x side x 3."""
        ordered = picture[..., ::-1] if self._form.channels == "bgr" else picture
        mean, std = np.array(self._form.mean, np.float32), np.array(self._form.std, np.float32)
        scaled = (ordered.astype(np.float32) - mean) / std
        return np.ascontiguousarray((scaled.transpose(2, 0, 1) if self._form.layout == "nchw" else scaled)[None])

    def _taken(self, output: Floats) -> Floats:
        if self._form.take == "first_token":
            if output.ndim != 3:
                raise self._unfit(f"its output has {output.ndim} axes, not 3 (batch, tokens, numbers)")
            return np.asarray(output[0, 0], np.float32)
        return output.reshape(-1)

    def _opened(self) -> Callable[[Floats], Floats]:
        content = verified(self._name, self._path, self._sha256)
        runtime = _onnxruntime()
        failures = _failures()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # warnings about how a network was exported help nobody who only runs it
        there = set(runtime.get_available_providers())
        providers = [*(each for each in self._form.providers if each in there), "CPUExecutionProvider"]
        try:
            session = runtime.InferenceSession(content, options, providers=list(dict.fromkeys(providers)))
        except failures as error:
            raise self._unfit(f"onnxruntime cannot load it ({_first_line(error)})") from error
        taken = session.get_inputs()[0]
        outputs = [output.name for output in session.get_outputs()]
        wanted = self._form.output or outputs[0]
        if wanted not in outputs:
            raise self._unfit(f"it has no output '{wanted}', only {', '.join(outputs)}")
        exact = np.float16 if taken.type == "tensor(float16)" else np.float32

        def run(tensor: Floats) -> Floats:
            try:
                (found,) = session.run([wanted], {taken.name: tensor.astype(exact, copy=False)})
            except failures as error:
                raise self._unfit(f"it does not take such a picture ({_first_line(error)})") from error
            return np.asarray(found, np.float32)

        return run

    def _unfit(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"The encoder '{self._name}' cannot be used: {why}.", hint="Check its form in encoders.toml."
        )


def verified(name: str, path: Path, sha256: str) -> bytes:
    """The file's bytes, which are those that the digest names. Raises `WrongWeights`, `MissingPart`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingPart(
            f"The weights of '{name}' are not here.", hint=f"Fetch them with: samecast encoders pull {name}"
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WrongWeights(
            f"The weights of '{name}' are not the ones that were pinned: their sha256 differs.",
            hint=f"Remove {path} and fetch them again with: samecast encoders pull {name}",
        )
    return content


def digest_of(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_READ):
            digest.update(piece)
    return digest.hexdigest()


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPart(f"Encoders cannot run: {error}.", hint="pip install onnxruntime") from error
    return onnxruntime


def _failures() -> tuple[type[Exception], ...]:
    """Every error of onnxruntime's own: they have no class in common but `Exception`."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return tuple(each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:160].rstrip(".")
