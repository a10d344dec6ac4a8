"""The atlas is symmetric and carries a face there and back; colour differences are the published ones."""

import numpy as np
import pytest
import skimage.color

from samecast.ports import Face, Pixels
from samecast.vision.anchors.atlas import MESH, Patch, atlas, to_atlas
from samecast.vision.anchors.colours import ciede2000


def test_every_point_has_its_counterpart_on_the_other_side():
    face = atlas()
    assert face.uv.shape == (MESH, 2)
    assert (face.mirror[face.mirror] == np.arange(MESH)).all()
    assert np.allclose(face.uv[face.mirror], face.uv * [-1, 1], atol=2e-4)
    assert (face.mirror[[33, 61, 234, 1]] == [263, 291, 454, 1]).all()
    assert face.uv[263, 0] > 0.4, "mesh point 263 is on the viewer's right"


def test_a_face_comes_back_to_its_place(eileen: Face):
    inner = [4, 151, 425, 205, 101, 330]
    found = to_atlas(eileen.landmarks[inner, :2].astype(np.float64), eileen.landmarks)
    assert np.abs(found - atlas().uv[inner]).max() < 0.08


def test_a_patch_lands_where_the_mesh_is_and_mirrors(eileen: Face, astronaut: Pixels):
    u, v = atlas().uv[280]
    own = Patch.around(float(u), float(v), 0.2).cut(astronaut, eileen.landmarks)
    mirrored = Patch.around(float(u), float(v), 0.2, mirrored=True).cut(astronaut, eileen.landmarks)
    unit = float(np.linalg.norm(eileen.landmarks[263, :2] - eileen.landmarks[33, :2]))
    middle = own.places.shape[0] // 2
    assert np.linalg.norm(own.places[middle, middle] - eileen.landmarks[280, :2]) < 0.06 * unit
    assert np.linalg.norm(mirrored.places[middle, middle] - eileen.landmarks[50, :2]) < 0.06 * unit
    assert own.places[middle, -1, 0] > own.places[middle, 0, 0]
    assert mirrored.places[middle, -1, 0] < mirrored.places[middle, 0, 0]
    assert own.upright
    assert mirrored.upright


SHARMA = (
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, -0.001, 2.49), (50, 0.0009, -2.49), 4.8045),
    ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)
"""From the supplement to Sharma, Wu and Dalal (2005)."""


@pytest.mark.parametrize(("one", "two", "apart"), SHARMA)
def test_colour_differences_are_the_published_ones(one, two, apart):
    assert ciede2000(np.array([one]), np.array([two]))[0] == pytest.approx(apart, abs=1e-4)


def test_colour_differences_agree_with_another_implementation():
    rng = np.random.default_rng(1)
    one, two = (rng.uniform([0, -90, -90], [100, 90, 90], (4000, 3)) for _ in range(2))
    assert np.allclose(ciede2000(one, two), skimage.color.deltaE_ciede2000(one, two), atol=1e-3)
    assert np.allclose(ciede2000(one, two, lightness=2.0), skimage.color.deltaE_ciede2000(one, two, kL=2.0), atol=1e-3)
