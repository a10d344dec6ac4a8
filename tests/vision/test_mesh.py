"""The networks serve several threads at once, and keep native noise away without losing stderr."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from samecast.ports import Pixels
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.mesh import native_noise_off


def test_frames_seen_side_by_side_are_seen_like_one_after_the_other(reader: MediaPipeFaces, astronaut: Pixels) -> None:
    frames = [np.ascontiguousarray(np.roll(astronaut, 30 * step, axis=1)) for step in range(6)]
    alone = [reader.faces(frame) for frame in frames]
    with ThreadPoolExecutor(max_workers=4) as pool:
        together = list(pool.map(reader.faces, frames * 2))
    for one, other in zip(alone * 2, together, strict=True):
        assert len(one) == len(other) >= 1
        for a, b in zip(one, other, strict=True):
            assert np.abs(a.landmarks - b.landmarks).max() < 0.01


def test_stderr_comes_back_when_two_threads_silence_it(capfd: pytest.CaptureFixture[str]) -> None:
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second() -> None:
        with native_noise_off():
            second_is_in.set()
            first_is_out.wait(timeout=5)

    with ThreadPoolExecutor(max_workers=1) as pool:
        with native_noise_off():
            after = pool.submit(second)
            overlapped = second_is_in.wait(timeout=0.3)
        first_is_out.set()
        after.result()
    assert not overlapped
    os.write(2, b"heard\n")
    sys.stderr.flush()
    assert "heard" in capfd.readouterr().err
