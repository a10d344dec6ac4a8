"""Clips written: true colours, exact times, equal bytes, playable in a browser, and never half a file."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from samecast.core.errors import InvalidInput, RenderFailed, StorageFailed
from samecast.media import LocalMedia, encoding
from samecast.ports import Pixels

SOURCE = str(Path(encoding.__file__).parents[2])

Counting = Callable[..., Iterator[Pixels]]


def smooth(number: int = 0, width: int = 256, height: int = 192) -> Pixels:
    """Gentle gradients through many colours, saturated ones too, moving with `number`."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(x / 40 + number / 6), np.sin(y / 35 + 1), np.sin((x + y) / 50 + 2)]
    return np.stack([127.5 + 110 * wave for wave in waves], axis=-1).round().astype(np.uint8)


def test_colours_come_back_true(media: LocalMedia, tmp_path: Path) -> None:
    path = tmp_path / "smooth.mp4"
    media.write_clip(path, (smooth(number) for number in range(12)), fps=24)
    for number, (_, rgb) in enumerate(media.clip_frames(path, 12)):
        difference = rgb.astype(int) - smooth(number)
        assert np.abs(difference).mean() < 2
        assert np.abs(difference.mean(axis=(0, 1))).max() < 1  # no cast in any channel


def test_the_matrix_is_709_and_says_so(media: LocalMedia, tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    media.write_clip(path, iter([red] * 3), fps=24)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.color_range == ColorRange.MPEG
        assert stream.color_primaries == ColorPrimaries.BT709
        assert stream.color_trc == ColorTrc.BT709
        assert stream.colorspace == Colorspace.ITU709
        frame = next(container.decode(video=0))
    luma, blue, red_difference = (bytes(plane)[0] for plane in frame.planes)
    # Rec. ITU-R BT.709-6: Y = 16 + 219 * 0.2126; BT.601 would give 81.
    assert luma == pytest.approx(16 + 219 * 0.2126, abs=1.5)
    assert blue == pytest.approx(128 - 224 * 0.2126 / 1.8556, abs=1.5)
    assert red_difference == pytest.approx(240, abs=1.5)


def test_times_are_exact_and_the_index_comes_first(media: LocalMedia, counting: Counting, tmp_path: Path) -> None:
    path = tmp_path / "times.mp4"
    media.write_clip(path, counting(50), fps=24)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 24
        assert stream.frames == 50
        assert stream.time_base is not None
        times = [frame.pts * stream.time_base * 24 for frame in container.decode(video=0) if frame.pts is not None]
    assert times == list(range(50))
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_a_fourth_channel_is_ignored(media: LocalMedia, tmp_path: Path) -> None:
    for channel in (0, 255):
        rgba = np.dstack([smooth(), np.full((192, 256), channel, np.uint8)])
        media.write_clip(tmp_path / f"{channel}.mp4", iter([rgba] * 3), fps=24)
    assert (tmp_path / "0.mp4").read_bytes() == (tmp_path / "255.mp4").read_bytes()
    _, rgb = next(media.clip_frames(tmp_path / "0.mp4", 1))
    assert np.abs(rgb.astype(int) - smooth()).mean() < 2


def test_frames_drawn_into_one_buffer_stay_apart(media: LocalMedia, tmp_path: Path) -> None:
    def drawn() -> Iterator[Pixels]:
        buffer = np.zeros((48, 64, 4), np.uint8)
        for number in range(24):
            buffer[:] = 10 * number
            yield buffer

    media.write_clip(tmp_path / "a.mp4", drawn(), fps=24)
    levels = [float(rgb.mean()) for _, rgb in media.clip_frames(tmp_path / "a.mp4", 24)]
    assert levels == pytest.approx([10 * number for number in range(24)], abs=2)


def test_equal_frames_give_equal_bytes_whatever_the_machine(media: LocalMedia, tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from samecast.media import LocalMedia
grain = np.random.default_rng(7)
frames = (grain.normal(120, 30, (96, 128, 4)).clip(0, 255).astype(np.uint8) for _ in range(30))
LocalMedia().write_clip(Path(sys.argv[1]), frames, fps=24, recipe='{"a": 1}')
"""
    contents = []
    for number, extra in enumerate([{}, {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1", "TZ": "Asia/Tokyo"}]):
        path = tmp_path / f"{number}.mp4"
        one_core = number == 1 and hasattr(os, "sched_setaffinity")
        limit = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n" if one_core else ""
        command = [sys.executable, "-c", limit + script, str(path)]
        subprocess.run(command, check=True, env={**os.environ, **extra, "PYTHONPATH": SOURCE})
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert contents[0].count(b"Lavf") == 0  # no program version, no time of day


class _BrokenError(Exception):
    pass


@pytest.mark.parametrize("failure", [_BrokenError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("after", [0, 1, 30])
def test_a_renderer_that_stops_leaves_nothing(
    media: LocalMedia, counting: Counting, tmp_path: Path, failure: type[BaseException], after: int
) -> None:
    def stopping() -> Iterator[Pixels]:
        yield from counting(after)
        raise failure

    path = tmp_path / "shots" / "take.mp4"
    with pytest.raises(failure):
        media.write_clip(path, stopping(), fps=24)
    assert not path.parent.exists() or list(path.parent.iterdir()) == []


def test_a_clip_that_was_there_stays_when_a_new_one_fails(
    media: LocalMedia, counting: Counting, tmp_path: Path
) -> None:
    path = tmp_path / "take.mp4"
    path.write_bytes(b"the old one")
    with pytest.raises(RenderFailed, match="several sizes"):
        media.write_clip(path, iter([*counting(3), *counting(1, 32, 32)]), fps=24)
    assert path.read_bytes() == b"the old one"
    media.write_clip(path, counting(3), fps=24)
    assert media.clip_facts(path).frames == 3
    assert os.listdir(tmp_path) == ["take.mp4"]


@pytest.mark.parametrize(("width", "height"), [(63, 48), (64, 47)])
def test_odd_sizes_are_refused(media: LocalMedia, counting: Counting, tmp_path: Path, width: int, height: int) -> None:
    with pytest.raises(InvalidInput, match="even"):
        media.write_clip(tmp_path / "a.mp4", counting(3, width, height), fps=24)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_write(media: LocalMedia, counting: Counting, tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="no frame"):
        media.write_clip(tmp_path / "a.mp4", iter([]), fps=24)
    with pytest.raises(InvalidInput):
        media.write_clip(tmp_path / "a.mp4", counting(3), fps=0)
    with pytest.raises(RenderFailed, match="shape"):
        media.write_clip(tmp_path / "a.mp4", iter([np.zeros((4, 4), np.uint8)]), fps=24)


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits here")
def test_a_disk_that_fills_up_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from samecast.core.errors import StorageFailed
from samecast.media import LocalMedia
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
grain = np.random.default_rng(7)
def frames():
    for _ in range(120):
        yield grain.integers(0, 255, (240, 320, 3), dtype=np.uint8)
try:
    LocalMedia().write_clip(Path(sys.argv[1]), frames(), fps=24)
except StorageFailed as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "take.mp4")],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": SOURCE},
    )
    assert "take.mp4 could not be written" in ran.stdout
    assert ran.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(media: LocalMedia, counting: Counting, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match="not a folder"):
        media.write_clip(tmp_path / "file" / "take.mp4", counting(3), fps=24)
