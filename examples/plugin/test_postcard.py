"""The plug-in passes the suite that every engine passes."""

import numpy as np
from samecast_postcard import Postcard, catalogue

from samecast.models.catalogue import parse_catalogue
from samecast.ports import Picture
from samecast.ports.contract import check_engine


def test_it_keeps_the_contract() -> None:
    profile = parse_catalogue(catalogue)["postcard"]
    face = Picture(rgb=np.random.default_rng(1).integers(0, 255, (200, 160, 3), np.uint8))
    check_engine(Postcard, profile, [face])
