"""Puts the cut-out into the scene's light: key, fill, rims from behind, the air's colour creeping round its edges.

All sums are made in linear light and developed back to sRGB at the end. The photograph's own light is taken out only
gently: the face must stay the same face. Nothing here knows of time: what flickers is handed back as a second sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from samecast.models.storyboard.arrays import floats, pixels
from samecast.models.storyboard.cutout import Cutout
from samecast.models.storyboard.scene import Colour, Light
from samecast.ports import Floats, Pixels

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """The relit subject, H x W x 4 uint8, R G B A, premultiplied.

    `flicker` (alpha 0) is what unsteady lights add at their brightest: a frame shows `steady + k * flicker`, k in
    0..1. None where no light flickers.
    """

    steady: Pixels
    flicker: Pixels | None = None


@dataclass(frozen=True, slots=True)
class _Form:
    """What every light needs of the subject, once: H x W (x 3) arrays in linear light."""

    albedo: Floats
    smooth: Floats
    folds: Floats
    strands: Floats
    outside: Floats
    edge: Floats
    skin: Floats
    level: float


def relight(cutout: Cutout, lights: Sequence[Light], *, exposure: float, ambient: Colour, wet: float = 0.0) -> Lit:
    """Light `cutout` with the scene's `lights`.

    `exposure` in stops against the photograph (night: about -1.6; the face is kept readable whatever it says),
    `ambient` the sRGB colour of the air, `wet` 0..1 how much rain glistens on it.
    """
    form = _form_of(cutout)
    gain = _gain(form.level, exposure)
    steady = _summed(cutout, form, [(light, 1.0 - light.flicker) for light in lights], ambient, gain, wet)
    developed = _developed(steady, cutout.alpha)
    if not any(light.flicker > 0 for light in lights):
        return Lit(steady=developed)
    full = _developed(_summed(cutout, form, [(light, 1.0) for light in lights], ambient, gain, wet), cutout.alpha)
    return Lit(steady=developed, flicker=pixels(cv2.subtract(full, developed)))


def _form_of(cutout: Cutout) -> _Form:
    linear = to_linear(cutout.rgb)
    luma = linear @ LUMA
    relief = cutout.relief
    face = relief.face * cutout.alpha
    weight = np.where(face > 0.5, face, 0.0) if cutout.face is not None else cutout.alpha
    level = float((luma * weight).sum() / (weight.sum() + 1e-6))
    size = max(cutout.head[2], cutout.head[3])
    away = _outside_distance(cutout)
    soft = cv2.GaussianBlur(luma, (0, 0), max(1.0, 0.03 * size)) + 0.004
    strands = np.clip(luma / soft, 0.35, 2.4)
    strands = 1.0 + (strands - 1.0) * (1.0 - 0.8 * relief.face)
    return _Form(
        albedo=linear / _own_light(cutout, luma)[..., None],
        smooth=relief.normals,
        folds=relief.folds,
        strands=strands.astype(np.float32),
        outside=away,
        edge=np.exp(-away / max(1.5, 0.022 * size)).astype(np.float32),
        skin=_skin_of(cutout, linear, luma),
        level=max(level, 0.01),
    )


def _skin_of(cutout: Cutout, linear: Floats, luma: Floats) -> Floats:
    """Where skin is, 0..1: the face, and what has the face's own hue elsewhere (a neck, hands). 0 without a face."""
    face = cutout.relief.face
    sure = (face > 0.8) & (cutout.alpha > 0.95)
    if cutout.face is None or sure.sum() < 50:
        return np.zeros_like(luma)
    hue = linear[..., (0, 2)] / (linear.sum(axis=2, keepdims=True) + 0.01)
    own = np.median(hue[sure], axis=0)
    gap = ((hue - own) ** 2).sum(axis=2) / np.float32(2 * 0.04**2)
    dark = np.clip(luma / (0.35 * np.median(luma[sure]) + 1e-3) - 0.4, 0.0, 1.0)
    alike = np.exp(-gap) * dark
    soft = cv2.GaussianBlur(floats(alike), (0, 0), max(1.0, 0.012 * max(luma.shape)))
    return floats(np.maximum(face, soft))


def _own_light(cutout: Cutout, luma: Floats) -> Floats:
    """The photograph's own shading, H x W around 1: a directional fit of log luminance to the face's normals.

    Only half of it is ever divided out, and never more than a third up or down.
    """
    relief = cutout.relief
    skin = (relief.face > 0.7) & (cutout.alpha > 0.95)
    if cutout.face is None or skin.sum() < 200:
        return np.ones_like(luma)
    tone = np.log(luma[skin] + 0.005)
    low, high = np.percentile(tone, (12, 97))
    used = (tone > low) & (tone < high)
    normals = relief.normals[skin][used]
    basis = np.column_stack([np.ones(used.sum()), normals[:, 0], normals[:, 1]])
    _, across, up = np.linalg.lstsq(basis, tone[used], rcond=None)[0]
    shade = 0.5 * (across * relief.normals[..., 0] + up * relief.normals[..., 1])
    return floats(np.exp(np.clip(shade, -0.3, 0.3) * (0.4 + 0.6 * relief.head)))


def _outside_distance(cutout: Cutout) -> Floats:
    """Pixels from each point to the open air; the photograph's own borders are not air."""
    solid = (cutout.alpha > 0.5).astype(np.uint8)
    cuts, grow = cutout.cuts, 2 + max(solid.shape) // 4
    pads = [grow if spans else 1 for spans in (cuts.top, cuts.bottom, cuts.left, cuts.right)]
    padded = cv2.copyMakeBorder(solid, pads[0], pads[1], pads[2], pads[3], cv2.BORDER_REPLICATE)
    away = cv2.distanceTransform(padded, cv2.DIST_L2, 5)
    height, width = solid.shape
    return np.asarray(away[pads[0] : pads[0] + height, pads[2] : pads[2] + width], np.float32)


def _gain(level: float, exposure: float) -> float:
    """Exposure as a factor, bent so that a face never sinks into black (nor burns): skin keeps its own tone."""
    floor = 0.085 * (level / 0.3) ** 0.6
    wanted = level * 2.0**exposure
    # Near the floor, half of every stop is kept, so that a darker scene still is darker.
    bent = wanted if wanted > floor else floor * (wanted / floor) ** 0.5
    return float(min(bent, 0.55) / level)


def _summed(
    cutout: Cutout,
    form: _Form,
    lights: Sequence[tuple[Light, float]],
    ambient: Colour,
    gain: float,
    wet: float,
) -> Floats:
    """Radiance, H x W x 3, of the subject under `lights`, each with a share of its strength."""
    # Skin must stay skin: it takes less of a light's colour than hair, cloth and things do.
    skin = (0.85 * form.skin)[..., None]
    share_of = _air_share(lights)
    up = form.folds[..., 1:2]
    shaped = share_of * (0.8 + 0.25 * up) * _cast(ambient, (0.3, 0.6), skin)
    reference = share_of
    rims = np.zeros_like(form.albedo)
    for light, share in lights:
        if light.role == "rim":
            rims += _rim(cutout, form, light) * (light.strength * share)
            continue
        wrap, keeps = (0.18, (0.36, 0.66)) if light.role == "key" else (0.9, (0.36, 0.62))
        # Warm light flatters skin and may show; cold light on the face soon looks like illness.
        warm = 1.0 + 1.3 * float(np.clip(light.colour[0] - light.colour[2], 0.0, 1.0))
        cast = _cast(light.colour, (keeps[0] * warm, min(0.9, keeps[1] * warm)), skin)
        lit = _lambert(form.folds, light.direction, wrap)[..., None] * cast
        shaped = shaped + lit * (light.strength * share)
        reference += light.strength * _typical(light, wrap)
        if wet > 0 and light.role == "key":
            rims += _glisten(form, light)[..., None] * _tint(light.colour, 0.8) * (0.5 * wet * light.strength)
    # A dark exposure looks greyer than it is: skin keeps a little more of its own colour, cloth goes grey by night.
    grey = (form.albedo @ LUMA)[..., None]
    dark = 1.0 - min(1.0, gain)
    vivid = 1.0 + dark * (0.22 * skin - 0.36 * (1.0 - skin))
    own = np.maximum(grey + (form.albedo - grey) * vivid, 0.0)
    body = own * (shaped / reference) * _falloff(cutout, gain)[..., None] * gain
    punch = 0.55 + 0.45 * min(1.0, gain)
    haze = to_linear(np.asarray(ambient, np.float32)[None, None] * 255.0)[0, 0]
    creeping = np.exp(-form.outside / max(2.0, 0.05 * cutout.head[3]))[..., None] * haze * 0.13
    return floats(body + rims * punch + creeping)


def _air_share(lights: Sequence[tuple[Light, float]]) -> float:
    """How much light comes from everywhere: as much as the fills ask for, so that little fill leaves deep shadows."""
    fills = [light.strength for light, _ in lights if light.role == "fill"]
    return 0.42 if not fills else 0.10 + 0.64 * min(sum(fills), 0.75)


def _cast(colour: Colour, keeps: tuple[float, float], skin: Floats) -> Floats:
    """A light's tint where `skin` is 1 (the first of `keeps`) and where it is 0 (the second)."""
    hue = _tint(colour, 1.0) - 1.0
    return floats(1.0 + hue * (keeps[1] + (keeps[0] - keeps[1]) * skin))


def _typical(light: Light, wrap: float) -> float:
    """What this light gives, at strength 1, to a face turned to the camera: the exposure is set for that."""
    facing = np.array([[[0.0, 0.0, 1.0], [0.45, 0.0, 0.89], [-0.45, 0.0, 0.89]]], np.float32)
    return float(_lambert(facing, light.direction, wrap).mean())


def _lambert(normals: Floats, direction: tuple[float, float, float], wrap: float) -> Floats:
    facing = normals @ _unit(direction)
    return floats(np.clip((facing + wrap) / (1.0 + wrap), 0.0, 1.0) ** 1.25)


def _rim(cutout: Cutout, form: _Form, light: Light) -> Floats:
    """Light from behind: it grazes what turns away from the camera, as wide as the form is round there.

    Glossy more than coloured by what it hits, broken up by strands and weave, strongest in loose hair, and only
    where the open air is near: the far side of the nose lies in the head's own shadow.
    """
    x, y, z = _unit(light.direction)
    behind = _unit((float(x), float(y), min(float(z), -0.12) - 0.22))
    normals = form.smooth * 0.55 + form.folds * 0.45
    graze = np.clip(normals @ behind, 0.0, 1.0)
    size = max(cutout.head[2], cutout.head[3])
    reach = np.exp(-((form.outside / (size * (0.20 - 0.12 * cutout.relief.face))) ** 2))
    side = np.clip((form.smooth[..., 0] * x + form.smooth[..., 1] * y) / float(np.hypot(x, y) + 1e-6), 0.0, 1.0)
    crisp = form.edge * side**1.5
    amount = (1.5 * graze * reach + 0.85 * crisp) * form.strands**1.3
    luma = form.albedo @ LUMA
    gloss = 0.10 + 0.55 * np.sqrt(np.clip(luma, 0.0, 1.0))
    own = form.albedo / (luma[..., None] + 0.02)
    colour = _tint(light.colour, 0.92)
    mixed = colour * (0.72 + 0.28 * np.clip(own, 0.0, 2.0))
    return floats((amount * gloss)[..., None] * mixed * 0.8)


def _glisten(form: _Form, light: Light) -> Floats:
    """Wet sheen: a tight highlight halfway between light and camera, broken by folds and strands."""
    half = _unit(tuple(_unit(light.direction) + np.array([0.0, 0.0, 1.0], np.float32)))
    shine = np.clip(form.folds @ half, 0.0, 1.0) ** 40
    return floats(shine * np.clip(form.strands - 0.8, 0.0, 1.0))


def _falloff(cutout: Cutout, gain: float) -> Floats:
    """At night light falls on the face first: the body darkens downward, the more the darker the scene."""
    depth = 0.55 * float(np.clip(1.0 - gain, 0.0, 1.0))
    rows = np.arange(cutout.height, dtype=np.float32)
    chin, size = cutout.head[1] + cutout.head[3], cutout.head[3]
    down = np.clip((rows - chin) / (3.2 * size), 0.0, 1.0)
    fall = 1.0 - depth * down * down * (3.0 - 2.0 * down)
    return np.repeat(fall[:, None], cutout.width, axis=1).astype(np.float32)


def _tint(colour: Colour, keep: float) -> Floats:
    """A light's colour at luminance 1, with `keep` of its saturation: what it adds must stay skin on skin."""
    linear = to_linear(np.asarray(colour, np.float32)[None, None] * 255.0)[0, 0]
    luma = float(linear @ LUMA)
    if luma < 1e-4:
        return np.ones(3, np.float32)
    # Blue and magenta carry little luminance: normalising by it alone would make them blinding.
    power = 0.45 * luma + 0.55 * float(linear.mean())
    return floats(1.0 - keep + keep * linear / power)


def _developed(linear: Floats, alpha: Floats) -> Pixels:
    """To sRGB with a soft shoulder, premultiplied by alpha. H x W x 4 uint8."""
    knee = 0.55
    over = np.maximum(linear - knee, 0.0)
    soft = np.where(linear > knee, knee + (1.0 - knee) * (1.0 - np.exp(-over / (1.0 - knee))), linear)
    srgb = to_srgb(soft) * alpha[..., None]
    return np.rint(np.dstack([srgb * 255.0, alpha * 255.0])).astype(np.uint8)


def _unit(vector: Sequence[float] | Floats) -> Floats:
    array = np.asarray(vector, np.float32)
    return array / (float(np.linalg.norm(array)) + 1e-9)


def to_linear(srgb: Pixels | Floats) -> Floats:
    """sRGB 0..255 to linear light 0..1 (IEC 61966-2-1)."""
    value = np.asarray(srgb, np.float32) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(linear: Floats) -> Floats:
    """Linear light to sRGB, both 0..1."""
    value = np.clip(linear, 0.0, 1.0)
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055).astype(np.float32)
