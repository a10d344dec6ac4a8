"""One face reader for all vision tests: building the networks costs more than using them."""

import numpy as np
import pytest
import skimage.data

from samecast.ports import Face, Pixels
from samecast.vision.faces import MediaPipeFaces


@pytest.fixture(scope="session")
def reader() -> MediaPipeFaces:
    return MediaPipeFaces()


@pytest.fixture(scope="session")
def astronaut() -> Pixels:
    """Eileen Collins, 512 x 512; her face is about 90 pixels wide and centred near (220, 120)."""
    return np.asarray(skimage.data.astronaut(), np.uint8)


@pytest.fixture(scope="session")
def cat() -> Pixels:
    return np.asarray(skimage.data.chelsea(), np.uint8)


@pytest.fixture(scope="session")
def eileen(reader: MediaPipeFaces, astronaut: Pixels) -> Face:
    return reader.faces(astronaut)[0]
