"""The places under the open sky: layers that hold what a Layer promises, light where the sun is, a clear middle."""

import math
from functools import cache
from typing import get_args

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import skia

from samecast.core.prompt import TimeOfDay, Weather
from samecast.models.storyboard.scene import Frame, Layer, Scene, Setting
from samecast.models.storyboard.scenes import beach, desert, forest, mountains, park, snowfield
from samecast.models.storyboard.scenes.noise import fbm, sample, tile
from samecast.models.storyboard.scenes.palettes import load_palette
from samecast.models.storyboard.scenes.plate import Plate
from samecast.models.storyboard.scenes.sky import daylight, paint_sky, sun_of
from samecast.models.storyboard.scenes.terrain import View, paint_land, sunlight, survey

PLACES = {m.__name__.rsplit(".", 1)[1]: m for m in (beach, desert, forest, mountains, park, snowfield)}
TIMES: tuple[TimeOfDay, ...] = get_args(TimeOfDay)
PORTRAIT, LANDSCAPE = (144, 256), (256, 144)

Pixels = npt.NDArray[np.uint8]


def setting_for(
    place: str, time: TimeOfDay, size: tuple[int, int] = PORTRAIT, seed: int = 5, weather: tuple[Weather, ...] = ()
) -> Setting:
    return Setting(
        frame=Frame(width=size[0], height=size[1]),
        time=time,
        weather=weather,
        palette=load_palette(place, time),
        dice=np.random.default_rng(seed),
    )


@cache
def painted(
    place: str, time: TimeOfDay, size: tuple[int, int] = PORTRAIT, seed: int = 5, weather: tuple[Weather, ...] = ()
) -> Scene:
    """The scene for that setting; painted once for all tests."""
    scene: Scene = PLACES[place].paint(setting_for(place, time, size, seed, weather))
    return scene


def pixels_of(image: skia.Image) -> Pixels:
    array = np.empty((image.height(), image.width(), 4), np.uint8)
    kind = skia.ImageInfo.Make(image.width(), image.height(), skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    assert image.readPixels(kind, array, image.width() * 4, 0, 0)
    return array


def in_frame(layer: Layer, frame: Frame) -> npt.NDArray[np.float32]:
    """The part of a layer that the resting camera sees, at the layer's own scale, 0..255."""
    array = pixels_of(layer.image).astype(np.float32)
    left = round(frame.width * layer.overscan[0] * layer.scale)
    top = round(frame.height * layer.overscan[1] * layer.scale)
    return array[top : top + round(frame.height * layer.scale), left : left + round(frame.width * layer.scale)]


def flattened(scene: Scene, frame: Frame) -> npt.NDArray[np.float32]:
    out = np.zeros((frame.height, frame.width, 3), np.float32)
    for layer in scene.layers:
        seen = cv2.resize(in_frame(layer, frame), (frame.width, frame.height))
        kept = out if layer.light else out * (1 - seen[..., 3:] / 255)
        out = np.asarray(kept + seen[..., :3], np.float32)
    return np.clip(out, 0, 255)


def luma(picture: npt.NDArray[np.float32]) -> float:
    return float(picture.mean(axis=(0, 1)) @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
def test_layers_keep_their_promises(place: str, time: TimeOfDay, size: tuple[int, int]) -> None:
    scene = painted(place, time, size)
    depths = [layer.depth for layer in scene.layers]
    assert scene.place == place
    assert depths == sorted(depths, reverse=True)
    assert math.isinf(depths[0])
    assert sum(not layer.light for layer in scene.layers) >= 5
    assert len(set(depths)) == len(depths)
    for layer in scene.layers:
        assert layer.image.width() == round(size[0] * (1 + 2 * layer.overscan[0]) * layer.scale)
        assert layer.image.height() == round(size[1] * (1 + 2 * layer.overscan[1]) * layer.scale)
        array = pixels_of(layer.image)
        assert (array[..., :3] <= array[..., 3:]).all(), "not premultiplied"
    assert (pixels_of(scene.layers[0].image)[..., 3] == 255).all()


@pytest.mark.parametrize("place", PLACES)
def test_the_finished_picture_has_no_holes_and_some_contrast(place: str) -> None:
    picture = flattened(painted(place, "day"), setting_for(place, "day").frame)
    assert picture.std() > 25
    assert picture.max(axis=2).min() > 0


@pytest.mark.parametrize("place", PLACES)
def test_the_foreground_leaves_the_middle_clear(place: str) -> None:
    for size in (PORTRAIT, LANDSCAPE):
        frame = setting_for(place, "day", size).frame
        front = [layer for layer in painted(place, "day", size).layers if layer.depth < 1 and not layer.light]
        assert front, "no foreground"
        for layer in front:
            seen = in_frame(layer, frame)
            height, width = seen.shape[:2]
            middle = seen[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4, 3]
            assert middle.max() == 0
            assert seen[..., 3].max() > 200, "nothing of it shows in the frame"


@pytest.mark.parametrize("place", PLACES)
def test_equal_dice_give_equal_pictures_and_other_dice_others(place: str) -> None:
    first, again, other = (
        PLACES[place].paint(setting_for(place, "golden hour", PORTRAIT, seed=1)),
        painted(place, "golden hour", seed=1),
        painted(place, "golden hour", seed=2),
    )
    for a, b in zip(first.layers, again.layers, strict=True):
        assert (pixels_of(a.image) == pixels_of(b.image)).all()
    assert first.lights == again.lights
    frame = Frame(width=PORTRAIT[0], height=PORTRAIT[1])
    assert np.abs(flattened(first, frame) - flattened(other, frame)).mean() > 4


@pytest.mark.parametrize("place", PLACES)
def test_night_is_darker_than_day_and_dusk_between(place: str) -> None:
    day, dusk, night = (
        luma(flattened(painted(place, time), Frame(width=144, height=256))) for time in ("day", "dusk", "night")
    )
    assert night < dusk < day
    assert night < 0.55 * day


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", [1, 2])
def test_key_and_rim_come_from_the_painted_sun(place: str, seed: int) -> None:
    setting = setting_for(place, "golden hour", PORTRAIT, seed=seed)
    scene = painted(place, "golden hour", PORTRAIT, seed)
    x, _, colour, strength = sun_of(setting, scene.horizon)
    side = 1 if x > 0.5 else -1
    by_role = {light.role: light for light in scene.lights}
    assert by_role.keys() >= {"key", "rim", "fill"}
    assert by_role["key"].direction[0] * side > 0.5
    assert by_role["rim"].direction[0] * side > 0.3
    assert by_role["rim"].direction[2] < 0
    assert by_role["key"].colour[0] > by_role["key"].colour[2] + 0.15, "the low sun is warm"
    assert colour[0] > colour[2]
    assert strength > 0.5


@pytest.mark.parametrize("place", ["beach", "desert", "forest", "mountains", "snowfield"])
def test_at_golden_hour_the_suns_side_is_brighter(place: str) -> None:
    left, right = 0.0, 0.0
    for seed in (1, 2, 5):
        setting = setting_for(place, "golden hour", PORTRAIT, seed=seed)
        picture = flattened(painted(place, "golden hour", PORTRAIT, seed), setting.frame)[: round(256 * 0.5)]
        if sun_of(setting)[0] < 0.5:
            picture = picture[:, ::-1]
        left += luma(picture[:, :72])
        right += luma(picture[:, 72:])
    assert right > left * 1.02


@pytest.mark.parametrize("weather", get_args(Weather))
def test_every_weather_paints_in_every_place(weather: Weather) -> None:
    for place in PLACES:
        scene = painted(place, "day", weather=(weather,))
        assert len(scene.layers) >= 5


def test_snow_whitens_the_ground_and_fog_hides_the_distance() -> None:
    frame = Frame(width=PORTRAIT[0], height=PORTRAIT[1])
    for place in ("forest", "mountains", "park"):
        foggy = flattened(painted(place, "day", weather=("fog",)), frame)[200:]
        snowy = flattened(painted(place, "day", weather=("snow",)), frame)[200:]
        assert luma(snowy) > luma(foggy) * 1.15
        assert np.ptp(snowy, axis=2).mean() < np.ptp(foggy, axis=2).mean(), "snow has no colour of its own"
    ridge = slice(90, 128), slice(40, 104)
    clear = flattened(painted("mountains", "day"), frame)
    foggy = flattened(painted("mountains", "day", weather=("fog",)), frame)
    assert foggy[ridge].std() < 0.6 * clear[ridge].std()


def test_the_sky_shows_its_sun_where_it_says_and_none_through_rain() -> None:
    for time in ("dawn", "golden hour", "day", "night"):
        found = []
        for seed in range(5):
            setting = setting_for("sky", time, (360, 640), seed=seed)
            layer = paint_sky(setting, horizon=0.5)
            x, y, _, strength = sun_of(setting, 0.5)
            seen = in_frame(layer, setting.frame)[..., :3].mean(axis=2)
            row, column = round(y * seen.shape[0]), round(x * seen.shape[1])
            found.append(
                seen[max(row - 2, 0) : row + 3, column - 2 : column + 3].mean() - np.median(seen[: seen.shape[0] // 2])
            )
        assert np.median(found) > 15, time
    assert strength > 0
    wet = setting_for("sky", "day", weather=("rain",))
    assert sun_of(wet)[3] < 0.3
    assert daylight(wet).key[0] < 0.3 * daylight(setting_for("sky", "day")).key[0]


def test_the_sun_does_not_move_when_the_dice_are_used() -> None:
    setting = setting_for("sky", "day")
    before = sun_of(setting)
    setting.dice.random(100)
    assert sun_of(setting) == before


def test_land_hides_land_behind_it_and_casts_shadows() -> None:
    setting = setting_for("desert", "golden hour")
    plate = Plate(setting.frame, scale=1.0)
    view = View(horizon=0.5, eye=1.0)

    def wall_then_plain(x: npt.NDArray[np.float32], z: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(np.where((z > 5) & (z < 6), 0.9, 0.0) + 0 * x, np.float32)

    relief = survey(plate, view, (2.0, 40.0), 300, wall_then_plain)
    behind = np.broadcast_to((relief.z > 6.5)[..., None], (*relief.height.shape, 3)).astype(np.float32)
    paint_land(plate, view, relief, behind)
    middle = plate.pixels[:, plate.width // 2]
    horizon = round(plate.py(0.5))
    hidden = round(view.row(plate, 0.0, 7.0))
    assert middle[hidden, 0] < 40, "land behind the wall shows through it"
    assert (middle[: horizon - 3, 3] == 0).all(), "land above the horizon"
    assert (middle[horizon + 30 :, 3] == 255).all()

    def ridge(x: npt.NDArray[np.float32], z: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(np.exp(-((x / 0.3) ** 2)) * 1.5 + 0 * z, np.float32)

    day = daylight(setting)
    bumpy = survey(plate, view, (8.0, 9.0), 4, ridge)
    lit = sunlight(bumpy, day, 0.3)
    sunny, shady = (lit[2, np.argmin(np.abs(bumpy.x[2] - day.side * at))] for at in (1.5, -1.5))
    assert sunny > shady + 0.2


def test_tiles_wrap_and_noise_is_centred() -> None:
    field = tile("test", 128, 1.7)
    assert np.abs(field[0] - field[-1]).mean() < 3 * np.abs(field[1] - field[0]).mean() + 0.02
    u = np.linspace(-0.3, 1.7, 50, dtype=np.float32)
    assert np.allclose(sample(field, u, np.float32(0.2)), sample(field, u + 3, np.float32(0.2)), atol=0.02)
    noise = fbm((200, 300), np.random.default_rng(1), 40)
    assert abs(float(noise.mean()) - 0.5) < 0.12
    assert 0.08 < noise.std() < 0.4
