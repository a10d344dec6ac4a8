"""`Gauge`: measures a picture as a reference, and draws what was seen. A `ports.ReferenceGauge`.

What the numbers mean is judged in `core.reference_rules`; how the drawing looks is `overlay.py`.
"""

from functools import cached_property

from samecast.core.grading import Grade
from samecast.core.measurements import FaceBox, Measurements
from samecast.ports import Face, FaceReader, Picture, Pixels
from samecast.vision import readings
from samecast.vision.crops import Pyramid, overlap
from samecast.vision.faces import ProfileHint, profiles_of
from samecast.vision.overlay import draw_overlay
from samecast.vision.people import Segmenter

NO_FACE = "no human face found: pose, eyes and light can't be measured"
PROFILE = "the head is in profile: eyes and light can't be measured"


class Gauge:
    """Measures with any face reader; one that also has `profiles` lets a full profile be told from no face at all."""

    def __init__(self, faces: FaceReader) -> None:
        self._faces = faces

    def measure(self, picture: Picture) -> Measurements:
        """Every raw number; the face's belong to the largest one, and are None, with a reason, where there is none."""
        rgb = picture.rgb
        found = self._faces.faces(rgb)
        profiles = self._profiles(rgb, found)
        if not found:
            return Measurements(
                width=picture.width,
                height=picture.height,
                profile=profiles[0].side if profiles else None,
                profile_heads=len(profiles),
                reason=PROFILE if profiles else NO_FACE,
                picture_sharpness=readings.picture_sharpness(rgb),
                stands_out=None if profiles else self._segmenter.share(rgb),
            )
        return _measure_face(picture, found, len(profiles))

    @cached_property
    def _segmenter(self) -> Segmenter:
        return Segmenter()

    def overlay(self, picture: Picture, grade: Grade) -> Picture:
        """The picture with mesh, cheek light, pose axes and crop suggestion, and a strip with each rule's verdict."""
        return Picture(rgb=draw_overlay(picture.rgb, self._faces.faces(picture.rgb), grade))

    def _profiles(self, rgb: Pixels, found: list[Face]) -> list[ProfileHint]:
        hints = profiles_of(self._faces, rgb)
        return [hint for hint in hints if all(overlap(hint.box, face.box) < 0.1 for face in found)]


def _measure_face(picture: Picture, found: list[Face], profile_heads: int) -> Measurements:
    face, pyramid = found[0], Pyramid(picture.rgb)
    left, right = readings.read_eyes(face)
    light = readings.read_light(pyramid, face)
    return Measurements(
        width=picture.width,
        height=picture.height,
        faces=tuple(_fractions(seen, picture) for seen in found),
        profile_heads=profile_heads,
        yaw=face.pose.yaw,
        pitch=face.pose.pitch,
        roll=face.pose.roll,
        eye_left=left.opening,
        eye_right=right.opening,
        lid_left=left.lid,
        lid_right=right.lid,
        eye_light=light.eye_light,
        smile=readings.mouth_width(face),
        cheek_left=light.cheek_left,
        cheek_right=light.cheek_right,
        evenness=light.evenness,
        dark_share=light.dark_share,
        bright_share=light.bright_share,
        sharpness=readings.read_sharpness(pyramid, face),
        picture_sharpness=readings.picture_sharpness(picture.rgb),
        eye_distance=readings.eye_distance(face),
    )


def _fractions(face: Face, picture: Picture) -> FaceBox:
    left, top, width, height = face.box
    return FaceBox(
        left=left / picture.width, top=top / picture.height, width=width / picture.width, height=height / picture.height
    )
