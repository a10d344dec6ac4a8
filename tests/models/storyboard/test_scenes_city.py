"""The city's places and the interiors: geometry, light and determinism, read from the painted sheets themselves."""

from functools import cache
from typing import get_args

import cv2
import numpy as np
import pytest

from samecast.core.prompt import TimeOfDay, Weather
from samecast.models.storyboard.scene import Colour, Frame, Layer, Scene, Setting
from samecast.models.storyboard.scenes import PLACES, painter_for
from samecast.models.storyboard.scenes.brush import Box, Eye, Sheet, box_faces, fill, haze, light_up, to_array, to_image
from samecast.models.storyboard.scenes.palettes import load_palette

CITY = (
    "neon_street",
    "day_street",
    "rooftop",
    "corridor",
    "spacecraft",
    "room",
    "bar",
    "cafe",
    "stage",
    "studio",
)
TIMES: tuple[TimeOfDay, ...] = get_args(TimeOfDay)
PORTRAIT, LANDSCAPE = Frame(width=180, height=320), Frame(width=320, height=180)


def setting(place: str, time: TimeOfDay, frame: Frame, *, seed: int = 3, weather: tuple[Weather, ...] = ()) -> Setting:
    return Setting(
        frame=frame,
        time=time,
        weather=weather,
        palette=load_palette(place, time),
        dice=np.random.default_rng(seed),
    )


@cache
def painted(place: str, time: TimeOfDay, frame: Frame, weather: tuple[Weather, ...] = ()) -> Scene:
    painter, known = painter_for(place)
    assert known
    return painter(setting(place, time, frame, weather=weather))


def at_frame(layer: Layer, frame: Frame) -> np.ndarray:
    """The layer at rest, cut to the frame: height x width x RGBA, float."""
    aside, above = round(frame.width * layer.overscan[0]), round(frame.height * layer.overscan[1])
    size = (frame.width + 2 * aside, frame.height + 2 * above)
    whole = cv2.resize(to_array(layer.image), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return whole[above : above + frame.height, aside : aside + frame.width]


def flattened(scene: Scene, frame: Frame) -> np.ndarray:
    """The scene at rest, height x width x RGB, 0..255."""
    picture = np.zeros((frame.height, frame.width, 3), np.float32)
    for layer in scene.layers:
        sheet = at_frame(layer, frame)
        kept = 1.0 if layer.light else 1 - sheet[..., 3:] / 255
        picture = np.clip(picture * kept + sheet[..., :3], 0, 255)
    return picture


@pytest.mark.parametrize("frame", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("place", CITY)
def test_layers_are_whole_and_in_order(place: str, time: TimeOfDay, frame: Frame) -> None:
    scene = painted(place, time, frame)
    assert scene.place == place
    assert 3 <= len(scene.layers) <= 7
    depths = [layer.depth for layer in scene.layers]
    assert depths == sorted(depths, reverse=True)
    assert depths[0] > 4
    assert 0.4 <= depths[-1] <= 2.5
    assert not any(0.7 < depth < 1.1 for depth in depths), "nothing cuts through the figure"
    for layer in scene.layers:
        for pixels, extent, beyond in (
            (layer.image.width(), frame.width, layer.overscan[0]),
            (layer.image.height(), frame.height, layer.overscan[1]),
        ):
            assert pixels == pytest.approx(extent * (1 + 2 * beyond) * layer.scale, abs=1)
        sheet = to_array(layer.image)
        assert (sheet[..., :3] <= sheet[..., 3:].astype(int) + 1).all(), "premultiplied colour is at most its alpha"
    assert (to_array(scene.layers[0].image)[..., 3] == 255).all()
    assert scene.lights
    assert {light.role for light in scene.lights} >= {"key", "rim"}
    assert 0.3 < scene.horizon < 0.7


@pytest.mark.parametrize("frame", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("place", CITY)
def test_the_foreground_leaves_the_middle_clear(place: str, frame: Frame) -> None:
    for layer in painted(place, "night", frame).layers:
        if layer.depth < 1:
            alpha = at_frame(layer, frame)[..., 3]
            middle = alpha[:, frame.width // 4 : frame.width - frame.width // 4]
            assert middle.max() < 26, "a glow's last tenth is all that may reach in"
            assert alpha.max() > 200, "and yet it frames the picture"


@pytest.mark.parametrize("frame", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("place", CITY)
def test_night_is_darker_than_day(place: str, frame: Frame) -> None:
    day, night = (flattened(painted(place, time, frame), frame).mean() for time in ("day", "night"))
    assert night < day * 0.96


@pytest.mark.parametrize("place", CITY)
def test_same_dice_same_picture_other_dice_another(place: str) -> None:
    painter, _ = painter_for(place)
    first, again, other = (
        flattened(painter(setting(place, "dusk", PORTRAIT, seed=seed, weather=("rain",))), PORTRAIT)
        for seed in (5, 5, 6)
    )
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 1.0


def test_wet_asphalt_shows_streaks_of_the_signs_colours() -> None:
    def ground(weather: tuple[Weather, ...]) -> np.ndarray:
        picture = flattened(painted("neon_street", "night", PORTRAIT, weather), PORTRAIT)
        return picture[int(0.72 * PORTRAIT.height) : int(0.95 * PORTRAIT.height), 20:-20]

    wet, dry = ground(("heavy rain",)), ground(())
    chroma_wet, chroma_dry = ((g.max(axis=2) - g.min(axis=2)) for g in (wet, dry))
    assert np.percentile(wet.max(axis=2), 97) > 1.1 * np.percentile(dry.max(axis=2), 97)
    assert np.percentile(chroma_wet, 97) > 1.5 * np.percentile(chroma_dry, 97)
    across, along = np.abs(np.diff(wet, axis=1)).mean(), np.abs(np.diff(wet, axis=0)).mean()
    assert across > 1.15 * along, "streaks run toward the viewer"


def test_rim_lights_carry_the_colour_of_the_signs_on_their_side() -> None:
    red, blue = ((1.0, 0.1, 0.1),), ((0.1, 0.1, 1.0),)
    plain = setting("neon_street", "night", PORTRAIT, seed=8)
    palette = {**plain.palette, "neon_left": red, "neon_right": blue, "neon": ((0.6, 0.1, 0.6),)}
    painter, _ = painter_for("neon_street")
    scene = painter(Setting(frame=PORTRAIT, time="night", weather=(), palette=palette, dice=np.random.default_rng(8)))
    left = next(light for light in scene.lights if light.role == "rim" and light.direction[0] < 0)
    right = next(light for light in scene.lights if light.role == "rim" and light.direction[0] > 0)
    assert left.colour[0] > left.colour[2] + 0.2
    assert right.colour[2] > right.colour[0] + 0.2
    shining = sum(at_frame(layer, PORTRAIT) for layer in scene.layers if layer.light)
    upper = np.asarray(shining)[: PORTRAIT.height // 2]
    half = PORTRAIT.width // 2

    def redness(part: np.ndarray) -> float:
        return float(part[..., 0].mean() - part[..., 2].mean())

    assert redness(upper[:, :half]) > redness(upper[:, half:])


def test_lit_windows_by_night_and_dark_ones_by_day() -> None:
    def strongest(time: TimeOfDay) -> float:
        lights = [at_frame(layer, LANDSCAPE) for layer in painted("day_street", time, LANDSCAPE).layers if layer.light]
        return float(sum(light.mean() for light in lights))

    assert strongest("night") > 1.5 * strongest("day")


def test_an_unknown_place_is_the_plain_studio_and_says_so() -> None:
    for place in ("the moon's far side", None, ""):
        painter, known = painter_for(place)
        assert not known
        assert painter(setting("studio", "day", PORTRAIT)).place == "studio"
    assert set(CITY) < set(PLACES)
    assert load_palette("the moon's far side", "day") == load_palette("studio", "day")


def test_a_palettes_hours_differ_and_keep_what_the_place_always_has() -> None:
    for place in CITY:
        palettes = [load_palette(place, time) for time in TIMES]
        assert len({frozenset(palette) for palette in palettes}) == 1, "every hour names the same colours"
        for palette in palettes:
            assert all(0 <= channel <= 1 for colours in palette.values() for colour in colours for channel in colour)
    assert load_palette("neon_street", "day")["sky"] != load_palette("neon_street", "night")["sky"]
    assert load_palette("neon_street", "golden hour")["sky"] != load_palette("neon_street", "dusk")["sky"]


# --- the brushes themselves ----------------------------------------------------------------------------------------


def test_an_image_keeps_its_pixels_after_the_sheet_is_gone() -> None:
    pixels = np.random.default_rng(1).integers(0, 128, (90, 70, 4)).astype(np.uint8)
    pixels[..., 3] = 255
    image = to_image(pixels)
    kept = pixels.copy()
    pixels[:] = 0
    del pixels
    assert np.array_equal(to_array(image), kept)


def test_light_and_haze_keep_colour_premultiplied() -> None:
    sheet = Sheet(PORTRAIT, overscan=(0.1, 0.1), scale=0.5)
    sheet.canvas.drawCircle(90, 160, 60, fill((0.8, 0.4, 0.2), 0.5))
    before = sheet.array[..., 3].copy()
    light_up(sheet, np.full((4, 4, 3), 3.0, np.float32))
    haze(sheet, (0.2, 0.4, 0.9), 0.5)
    haze(sheet, (0.2, 0.4, 0.9), np.linspace(0, 1, 12, dtype=np.float32).reshape(4, 3))
    assert np.array_equal(sheet.array[..., 3], before)
    assert (sheet.array[..., :3] <= before[..., None].astype(int) + 1).all()


def test_an_eye_sees_boxes_in_perspective_and_mirrors_them_in_the_floor() -> None:
    eye = Eye(vanish=(100.0, 200.0), focal=400.0, height=1.5)
    assert eye.at(1.0, 1.5, 2.0) == (300.0, 200.0)
    assert eye.at(0.0, 0.0, 4.0) == (100.0, 350.0)
    assert eye.depth_at(350.0) == pytest.approx(4.0)
    below = Eye(vanish=(100.0, 200.0), focal=400.0, height=1.5, mirrored=True)
    assert below.at(0.0, 0.0, 4.0) == eye.at(0.0, 0.0, 4.0), "what touches the floor meets its reflection"
    assert below.at(0.0, 1.0, 4.0)[1] == 450.0
    low, high = Box(x=(1, 2), y=(0, 1), z=(3, 4)), Box(x=(-2, -1), y=(2, 3), z=(3, 4))
    assert [name for name, _ in box_faces(eye, low)] == ["top", "side", "front"]
    assert [name for name, _ in box_faces(eye, high)] == ["bottom", "side", "front"]
    assert box_faces(eye, low)[1][1][0] == eye.at(1, 1, 3)


def test_colours_are_whole(  # a palette that names a colour twice or not at all would only show as black later
) -> None:
    colour: Colour = load_palette("bar", "night")["lamp"][0]
    assert colour == pytest.approx((1.0, 178 / 255, 90 / 255))
