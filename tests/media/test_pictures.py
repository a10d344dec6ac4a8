"""What can be used is used: orientation, alpha, palettes, CMYK, 16 bits, wide colour."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from samecast.core.errors import BadMedia
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels

Saved = Callable[..., bytes]


def far(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF"])
def test_every_common_format_is_read_whatever_its_suffix(
    media: LocalMedia, saved: Saved, photo: Pixels, tmp_path: Path, format: str
) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(saved(format))
    picture = media.read_picture(path)
    assert picture.rgb.shape == photo.shape
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.flags.c_contiguous
    assert far(picture.rgb, photo) < 6
    assert picture.alpha is None
    assert media.picture_or_clip(path) == "image"


def test_a_lossless_picture_comes_back_exactly(media: LocalMedia, saved: Saved, photo: Pixels) -> None:
    assert np.array_equal(media.read_picture(saved("PNG")).rgb, photo)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_shown_upright(media: LocalMedia, saved: Saved, photo: Pixels, orientation: int) -> None:
    undo = {
        1: photo,
        2: photo[:, ::-1],
        3: photo[::-1, ::-1],
        4: photo[::-1],
        5: photo.transpose(1, 0, 2),
        6: np.rot90(photo, -1),
        7: photo[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(photo),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(media.read_picture(saved("PNG", exif=exif)).rgb, undo)


def test_the_alpha_turns_with_the_picture(media: LocalMedia, photo: Pixels) -> None:
    image = Image.fromarray(photo)
    image.putalpha(Image.fromarray(np.where(np.arange(96) < 10, 0, 255).astype(np.uint8)[None].repeat(64, 0)))
    exif = Image.Exif()
    exif[0x0112] = 6
    content = io.BytesIO()
    image.save(content, "PNG", exif=exif)
    alpha = media.read_picture(content.getvalue()).alpha
    assert alpha is not None
    assert alpha.shape == (96, 64)
    assert alpha[:10].max() == 0
    assert alpha[10:].min() == 255


def test_an_alpha_that_hides_nothing_is_no_alpha(media: LocalMedia, saved: Saved) -> None:
    assert media.read_picture(saved("PNG", "RGBA")).alpha is None
    assert media.read_picture(saved("PNG", "LA")).alpha is None


def test_grey_with_alpha_keeps_both(media: LocalMedia) -> None:
    values = np.stack([np.full((32, 32), 90), np.full((32, 32), 128)], axis=-1).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(values, "LA").save(content, "PNG")
    picture = media.read_picture(content.getvalue())
    assert picture.alpha is not None
    assert (picture.alpha == 128).all()
    assert (picture.rgb == 90).all()


def test_a_palette_with_a_transparent_colour(media: LocalMedia) -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(1, (0, 0, 20, 40))
    content = io.BytesIO()
    image.save(content, "PNG", transparency=1)
    picture = media.read_picture(content.getvalue())
    assert picture.alpha is not None
    assert picture.alpha[:, :20].max() == 0
    assert picture.alpha[:, 20:].min() == 255
    assert (picture.rgb[:, 20:] == (255, 0, 0)).all()


def test_one_bit_is_black_and_white(media: LocalMedia) -> None:
    content = io.BytesIO()
    Image.fromarray(np.eye(32) > 0).save(content, "PNG")
    assert set(np.unique(media.read_picture(content.getvalue()).rgb)) == {0, 255}


def test_sixteen_bit_grey_is_scaled_not_clipped(media: LocalMedia) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(32, 0)
    for format in ("PNG", "TIFF"):
        content = io.BytesIO()
        Image.fromarray(ramp).save(content, format)
        grey = media.read_picture(content.getvalue()).rgb
        assert np.abs(grey[0, :, 0] - ramp[0] / 257).max() <= 0.5
        assert (grey[..., 0] == grey[..., 2]).all()


def test_sixteen_bit_colour_is_scaled_not_clipped(media: LocalMedia, photo: Pixels, tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), photo[..., ::-1].astype(np.uint16) * 257)
    assert np.array_equal(media.read_picture(path).rgb, photo)


def test_float_pictures_are_scaled_and_measurements_refused(media: LocalMedia) -> None:
    content = io.BytesIO()
    Image.fromarray(np.linspace(0, 1, 1024, dtype=np.float32).reshape(32, 32)).save(content, "TIFF")
    assert media.read_picture(content.getvalue()).rgb.max() == 255
    content = io.BytesIO()
    Image.fromarray(np.full((32, 32), -4.0, dtype=np.float32)).save(content, "TIFF")
    with pytest.raises(BadMedia, match="measurements"):
        media.read_picture(content.getvalue())


def test_cmyk_without_a_profile(media: LocalMedia, saved: Saved, photo: Pixels) -> None:
    assert far(media.read_picture(saved("JPEG", "CMYK", quality=95)).rgb, photo) < 6
    assert far(media.read_picture(saved("TIFF", "CMYK")).rgb, photo) < 2


def wide_gamut() -> bytes:
    """An RGB profile whose primaries are swapped (red is stored as green): unmistakable when it is applied."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {
        bytes(profile[128 + 4 + 12 * i :][:4]): 132 + 12 * i for i in range(int.from_bytes(profile[128:132], "big"))
    }
    red, green = (bytes(profile[tags[name] + 4 : tags[name] + 12]) for name in (b"rXYZ", b"gXYZ"))
    profile[tags[b"rXYZ"] + 4 : tags[b"rXYZ"] + 12] = green
    profile[tags[b"gXYZ"] + 4 : tags[b"gXYZ"] + 12] = red
    at = profile.find("sRGB".encode("utf-16-be"))
    profile[at : at + 8] = "wide".encode("utf-16-be")
    return bytes(profile)


def test_an_embedded_profile_is_applied(media: LocalMedia, saved: Saved, photo: Pixels) -> None:
    rgb = media.read_picture(saved("PNG", icc_profile=wide_gamut())).rgb
    assert far(rgb, photo[..., [1, 0, 2]]) < 3
    assert far(rgb, photo) > 30


@pytest.mark.parametrize("profile", [b"broken", b"\0" * 200])
def test_a_broken_profile_or_one_of_another_space_is_set_aside(
    media: LocalMedia, saved: Saved, photo: Pixels, profile: bytes
) -> None:
    assert np.array_equal(media.read_picture(saved("PNG", icc_profile=profile)).rgb, photo)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert np.array_equal(media.read_picture(saved("PNG", icc_profile=lab)).rgb, photo)


def test_names_in_any_script_and_names_like_paths(media: LocalMedia, saved: Saved, tmp_path: Path) -> None:
    for name in ("美玲 🙂.png", "מירה", "..png", "-rf", "con cat:a|b.png", "a'b\"c.png", "http:", "new\nline.png"):
        path = tmp_path / name
        path.write_bytes(saved("PNG"))
        assert media.read_picture(path).width == 96


def test_a_large_picture_is_fitted_and_a_small_one_left(media: LocalMedia, photo: Pixels) -> None:
    picture = Picture(rgb=photo)
    small = media.fit_picture(picture, 48)
    assert (small.width, small.height, small.alpha) == (48, 32, None)
    assert far(small.rgb, photo[::2, ::2]) < 6
    assert media.fit_picture(picture, 96) is picture


def test_hidden_colours_do_not_bleed_when_fitted(media: LocalMedia) -> None:
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:, 32:] = (200, 0, 0)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:, 33:] = 255
    small = media.fit_picture(Picture(rgb=rgb, alpha=alpha), 16)
    assert small.alpha is not None
    seen = small.alpha > 20
    assert seen.any()
    assert (small.rgb[seen][:, 0] > 190).all()
