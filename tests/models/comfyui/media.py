"""Files that the fake server "makes": a picture, a clip with real frames, and a preview."""

import functools
import io

import av
import numpy as np
from PIL import Image


def picture(width: int, height: int) -> bytes:
    """A PNG of one colour."""
    content = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 160)).save(content, "PNG")
    return content.getvalue()


@functools.cache
def preview() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (16, 16), (1, 2, 3)).save(content, "JPEG")
    return content.getvalue()


@functools.cache
def clip() -> bytes:
    """An MP4 of five frames at 16 frames a second."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=16)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), shade * 40, np.uint8), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return content.getvalue()
