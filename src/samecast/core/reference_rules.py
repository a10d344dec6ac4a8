"""The rules a reference is judged by: from measured numbers to a verdict and one sentence a person can act on.

Thresholds carry their source. OFIQ is the reference implementation of ISO/IEC 29794-5:2025; it grades passport
photographs, so its qualities only rank candidates here and its frontal pose is not demanded.
"""

import math

from samecast.core.measurements import Measurements, Number, Rule, RuleName, RuleVerdict

YAW_LIMIT = 45.0
"""A three-quarter view passes. Measured yaw saturates near 50 degrees, so anything from here on is a profile."""
PITCH_WARN, PITCH_FAIL = 20.0, 35.0
ROLL_WARN, ROLL_FAIL = 20.0, 45.0
EYE_SHUT, EYE_DOUBT = 0.055, 0.10
"""Lid gap over eye width. Shut eyes read 0.01 to 0.02, broad smiles 0.07 to 0.17, open eyes from 0.2 (115 faces)."""
LID_HANGS = 0.02
"""The lids of shut eyes hang 0.08 to 0.1 below the eye's corners; those of 113 open or smiling eyes lie above it."""
SMILE = 0.42
EYE_DARK = 0.12
"""Eye zone over cheek luminance: 0.2 and more on 115 faces (spectacles among them), under 0.02 behind black lenses."""
CHEEK_GOOD, CHEEK_FAIL = 1.5, 2.0
"""Brighter over darker cheek. Side light of 2:1 is plainly uneven; 90 % of 83 plain portraits are under 1.85."""
DARK_WARN, DARK_FAIL = 0.25, 0.50
BRIGHT_WARN, BRIGHT_FAIL = 0.05, 0.25
"""Shares of black and burnt-out face pixels: 115 plain portraits stay under 0.08 and 0.002; one stop over gives 0.2."""
DIM_WARN, DIM_FAIL = 0.08, 0.035
"""The brighter cheek's luminance: from 0.27 on plain portraits, a median of 0.07 three stops under, 0.04 four under."""
SHARP_GOOD, SHARP_FAIL = 8.0, 5.0
"""49 faces with 90 px and more between the eyes: median 11.8, p10 8.2; blurred by 1 px: median 7.3; 2 px: p90 5.5."""
PICTURE_SHARP_GOOD, PICTURE_SHARP_FAIL = 10.0, 6.0
"""81 pictures of animals, toys and things: p5 13.6; blurred by 1 px of 512: median 16; 2 px: 7.7; 4 px: 3.5."""
EYES_GOOD, EYES_FAIL = 60.0, 30.0
"""Pixels between the eyes. OFIQ's quality is 38 at 60 px and 12 at 30 px; dlib's face chip has 66."""
SIDE_GOOD, SIDE_FAIL = 512, 256
STANDS_OUT = 0.05
"""Share of the picture that selfie segmentation takes for a figure: more on 25 of 26 animals, 19 of 19 toys, 25
of 36 things, and on 1 of 15 scenes without anyone."""
FACE_GOOD, FACE_FAIL = 0.15, 0.08
"""Face height over the picture's shorter side."""
CUT_WARN, CUT_FAIL = 0.02, 0.12
OTHER_PERSON = 0.15
"""A second face of at least this share of the first one's area is another person in the picture."""


def judge_pose(seen: Measurements) -> Rule:
    """Near-frontal and three-quarter views pass, a profile fails, strong nods and tilts are named."""
    if seen.profile is not None:
        measured: dict[str, Number] = {"view": "profile", "facing": seen.profile, "quality": 5.0}
        advice = (
            f"The head is in full profile, facing the viewer's {seen.profile}: turn the face toward the camera, up to "
            f"{YAW_LIMIT:.0f}° away works."
        )
        return Rule(rule="pose", verdict="fail", measured=measured, advice=advice)
    if seen.yaw is None or seen.pitch is None or seen.roll is None:
        return _unknown("pose", seen)
    measured = {
        "yaw": round(seen.yaw, 1),
        "pitch": round(seen.pitch, 1),
        "roll": round(seen.roll, 1),
        "view": _view(seen.yaw),
        "quality": _pose_quality(seen.yaw, seen.pitch, seen.roll),
    }
    verdict, advice = _pose_advice(seen.yaw, seen.pitch, seen.roll)
    return Rule(rule="pose", verdict=verdict, measured=measured, advice=advice)


def _view(yaw: float) -> str:
    if abs(yaw) >= YAW_LIMIT:
        return "profile"
    return "three-quarter" if abs(yaw) >= 15 else "near-frontal"


def _pose_quality(yaw: float, pitch: float, roll: float) -> float:
    """OFIQ's cos² per angle, with a three-quarter view counted as good as a frontal one."""
    beyond = max(0.0, abs(yaw) - 30.0)
    return round(100 * math.prod(max(0.0, math.cos(math.radians(a))) ** 2 for a in (beyond, pitch, roll)), 1)


def _pose_advice(yaw: float, pitch: float, roll: float) -> tuple[RuleVerdict, str]:
    if abs(yaw) >= YAW_LIMIT:
        return "fail", (
            f"Turn the face toward the camera: it points {abs(yaw):.0f}° or more to the viewer's "
            f"{'right' if yaw > 0 else 'left'}; up to {YAW_LIMIT:.0f}° works."
        )
    if abs(roll) >= ROLL_FAIL:
        return "fail", _roll_cure(roll)
    if abs(pitch) >= PITCH_FAIL:
        return "fail", f"Bring the chin {_pitch_cure(pitch)}: the face points {abs(pitch):.0f}° {_up(pitch)}."
    if abs(pitch) >= PITCH_WARN:
        return "warn", (
            f"Bring the chin {_pitch_cure(pitch)}: the face points {abs(pitch):.0f}° {_up(pitch)}; "
            f"up to {PITCH_WARN:.0f}° is best."
        )
    if abs(roll) >= ROLL_WARN:
        side = "viewer's right" if roll > 0 else "viewer's left"
        return "warn", (
            f"Hold the head straighter: it is tilted {abs(roll):.0f}° to the {side}; up to {ROLL_WARN:.0f}° is best."
        )
    return "pass", f"Good: a {_view(yaw)} view, {abs(yaw):.0f}° off the camera."


def _roll_cure(roll: float) -> str:
    if abs(roll) > 150:
        return "Turn the picture by half a turn: the head is upside down."
    back = "counter-clockwise" if roll > 0 else "clockwise"
    if abs(roll) > 70:
        return f"Turn the picture a quarter turn {back}: the head lies on its side."
    side = "right" if roll > 0 else "left"
    return f"Turn the picture {abs(roll):.0f}° {back}: the head is tilted that far to the viewer's {side}."


def _up(pitch: float) -> str:
    return "up" if pitch > 0 else "down"


def _pitch_cure(pitch: float) -> str:
    return "down" if pitch > 0 else "up"


def judge_eyes(seen: Measurements) -> Rule:
    """Both eyes visible and open, or unknown; a smile is never called shut."""
    if seen.eye_left is None or seen.eye_right is None or seen.yaw is None:
        return _unknown("eyes", seen)
    smiling = seen.smile is not None and seen.smile >= SMILE
    left = _eye(seen.eye_left, seen.lid_left or 0.0, smiling)
    right = _eye(seen.eye_right, seen.lid_right or 0.0, smiling)
    narrowest = min(seen.eye_left, seen.eye_right)
    measured: dict[str, Number] = {
        "opening_left": round(seen.eye_left, 3),
        "opening_right": round(seen.eye_right, 3),
        "left": left,
        "right": right,
        "smiling": smiling,
        "quality": round(100 * _rise(narrowest, 0.08, 0.03), 1),
    }
    verdict, advice = _eyes_advice(seen, left, right, smiling)
    return Rule(rule="eyes", verdict=verdict, measured=measured, advice=advice)


def _eye(opening: float, lid: float, smiling: bool) -> str:
    if opening < EYE_SHUT and lid > LID_HANGS:
        return "shut"
    if opening < EYE_SHUT:
        return "unclear" if smiling or lid > 0 else "narrow"
    return "unclear" if opening < EYE_DOUBT and lid > 0 else "open"


def _eyes_advice(seen: Measurements, left: str, right: str, smiling: bool) -> tuple[RuleVerdict, str]:
    yaw = seen.yaw or 0.0
    if abs(yaw) >= YAW_LIMIT:
        hidden = "right" if yaw > 0 else "left"
        return "warn", f"Turn the face toward the camera: the eye on the viewer's {hidden} is hidden or nearly so."
    if seen.eye_light is not None and seen.eye_light < EYE_DARK:
        return "unknown", "The eyes are too dark to be judged: take off dark glasses, or light the eyes."
    shut = [side for side, state in (("left", left), ("right", right)) if state == "shut"]
    if len(shut) == 2:
        return "fail", "Use a picture with open eyes: both are shut."
    if shut:
        return "fail", f"Use a picture with both eyes open: the one on the viewer's {shut[0]} is shut."
    if "unclear" in (left, right) or "narrow" in (left, right):
        why = "a broad smile narrows them" if smiling else "the lids are low"
        return "unknown", f"Whether the eyes are open cannot be told ({why}); a calmer look shows them better."
    return "pass", "Good: both eyes are open."


def judge_lighting(seen: Measurements) -> Rule:
    """Even light on both cheeks, neither burnt out nor lost in the dark."""
    if seen.cheek_left is None or seen.cheek_right is None:
        return _unknown("lighting", seen)
    ratio = cheek_ratio(seen.cheek_left, seen.cheek_right)
    measured: dict[str, Number] = {
        "cheek_ratio": round(ratio, 2),
        "brighter": "left" if seen.cheek_left >= seen.cheek_right else "right",
        "cheek_left": round(seen.cheek_left, 3),
        "cheek_right": round(seen.cheek_right, 3),
        "evenness": _rounded(seen.evenness, 1),
        "underexposed": _rounded(seen.dark_share, 3),
        "overexposed": _rounded(seen.bright_share, 3),
        "quality": _light_quality(seen, ratio),
    }
    verdict, advice = _light_advice(seen, ratio)
    return Rule(rule="lighting", verdict=verdict, measured=measured, advice=advice)


def cheek_ratio(left: float, right: float) -> float:
    """Brighter over darker cheek, both linear luminance; a floor of 1 % keeps black from dividing."""
    return max(left, right, 0.01) / max(min(left, right), 0.01)


def _light_quality(seen: Measurements, ratio: float) -> float:
    even = 1 - _rise(ratio, 2.0, 0.3)
    exposed = (1 - _rise(seen.dark_share or 0.0, 0.35, 0.06)) * (1 - _rise(seen.bright_share or 0.0, 0.15, 0.03))
    return round(100 * even * exposed, 1)


def _light_advice(seen: Measurements, ratio: float) -> tuple[RuleVerdict, str]:
    darker = "right" if (seen.cheek_left or 0.0) >= (seen.cheek_right or 0.0) else "left"
    dark, bright = seen.dark_share or 0.0, seen.bright_share or 0.0
    brighter = max(seen.cheek_left or 0.0, seen.cheek_right or 0.0)
    if ratio > CHEEK_FAIL:
        return "fail", (
            f"Light the face more evenly: the cheek on the viewer's {darker} gets {ratio:.1f} times less light; "
            f"up to {CHEEK_GOOD:g} is good."
        )
    if dark >= DARK_FAIL or brighter < DIM_FAIL:
        return "fail", "Brighten the face: it is nearly lost in the dark."
    if bright >= BRIGHT_FAIL:
        return "fail", f"Lower the exposure: {bright:.0%} of the face is burnt out."
    if ratio > CHEEK_GOOD:
        return "warn", (
            f"Soften the light from the viewer's {'left' if darker == 'right' else 'right'}: the other cheek gets "
            f"{ratio:.1f} times less; up to {CHEEK_GOOD:g} is good."
        )
    if dark >= DARK_WARN or brighter < DIM_WARN:
        return "warn", "Brighten the face a little: it is underexposed."
    if bright >= BRIGHT_WARN:
        return "warn", f"Lower the exposure a little: {bright:.0%} of the face is burnt out."
    return "pass", f"Good: even light on both cheeks ({ratio:.1f} to 1)."


def judge_sharpness(seen: Measurements) -> Rule:
    """The face's sharpness, or the whole picture's where there is no face."""
    if seen.sharpness is not None:
        return _sharpness(seen.sharpness, SHARP_GOOD, SHARP_FAIL, "face")
    if seen.picture_sharpness is not None:
        return _sharpness(seen.picture_sharpness, PICTURE_SHARP_GOOD, PICTURE_SHARP_FAIL, "picture")
    return _unknown("sharpness", seen)


def _sharpness(value: float, good: float, fail: float, of: str) -> Rule:
    quality = round(100 * _rise(value, (good + fail) / 2, (good - fail) / 2), 1)
    measured: dict[str, Number] = {"sharpness": round(value, 1), "good_from": good, "of": of, "quality": quality}
    if value >= good:
        return Rule(rule="sharpness", verdict="pass", measured=measured, advice=f"Good: the {of} is sharp.")
    if value >= fail:
        advice = f"Use a sharper picture if you have one: the {of} is a little soft."
        return Rule(rule="sharpness", verdict="warn", measured=measured, advice=advice)
    advice = f"Use a sharper picture: the {of} is blurred, or was enlarged from a small one."
    return Rule(rule="sharpness", verdict="fail", measured=measured, advice=advice)


def judge_resolution(seen: Measurements) -> Rule:
    """Pixels between the eyes, or the picture's shorter side where there is no face to read."""
    if seen.eye_distance is None:
        return _picture_size(seen)
    eyes = seen.eye_distance
    measured: dict[str, Number] = {
        "eye_distance": round(eyes, 1),
        "good_from": EYES_GOOD,
        "quality": round(100 * _rise(eyes, 70, 20), 1),
    }
    if eyes >= EYES_GOOD:
        return Rule(
            rule="resolution", verdict="pass", measured=measured, advice=f"Good: {eyes:.0f} pixels between the eyes."
        )
    verdict: RuleVerdict = "warn" if eyes >= EYES_FAIL else "fail"
    advice = (
        f"Use a larger picture or a closer one: {eyes:.0f} pixels between the eyes; {EYES_GOOD:.0f} or more is good."
    )
    return Rule(rule="resolution", verdict=verdict, measured=measured, advice=advice)


def _picture_size(seen: Measurements) -> Rule:
    side = min(seen.width, seen.height)
    quality = round(100 * _rise(side, 450, 120), 1)
    measured: dict[str, Number] = {"shorter_side": side, "good_from": SIDE_GOOD, "quality": quality}
    if side >= SIDE_GOOD:
        advice = f"Good: the picture's shorter side has {side} pixels."
        return Rule(rule="resolution", verdict="pass", measured=measured, advice=advice)
    verdict: RuleVerdict = "warn" if side >= SIDE_FAIL else "fail"
    advice = f"Use a larger picture: its shorter side has {side} pixels; {SIDE_GOOD} or more is good."
    return Rule(rule="resolution", verdict=verdict, measured=measured, advice=advice)


def judge_subject(seen: Measurements) -> Rule:
    """Exactly one face, whole, and large enough."""
    if not seen.faces:
        return _profile_subject(seen) if seen.profile is not None else _faceless_subject(seen)
    first = seen.faces[0]
    people = sum(face.area >= OTHER_PERSON * first.area for face in seen.faces) + seen.profile_heads
    height = first.height * seen.height / min(seen.width, seen.height)
    measured: dict[str, Number] = {
        "people": people,
        "faces": len(seen.faces),
        "face_height": round(height, 3),
        "cut_off": round(first.cut, 3),
        "quality": round(100 * _rise(height, 0.12, 0.04) * (1 - _rise(first.cut, 0.08, 0.02)) / people, 1),
    }
    verdict, advice = _subject_advice(seen, people, height)
    return Rule(rule="subject", verdict=verdict, measured=measured, advice=advice)


def _subject_advice(seen: Measurements, people: int, height: float) -> tuple[RuleVerdict, str]:
    first = seen.faces[0]
    if people > 1:
        return "fail", f"Crop to one person: {people} people are in the picture, and a model may blend them."
    if first.cut >= CUT_FAIL:
        return "fail", f"Show the whole face: {first.cut:.0%} of it lies outside the frame."
    if height < FACE_FAIL:
        return (
            "fail",
            f"Crop closer: the face takes up only {height:.0%} of the picture; {FACE_GOOD:.0%} or more is good.",
        )
    if len(seen.faces) > 1:
        return "warn", f"Crop the background: {len(seen.faces) - 1} smaller face(s) can be seen behind the subject."
    if first.cut >= CUT_WARN:
        return "warn", "Leave some room around the face: the frame cuts it off."
    if height < FACE_GOOD:
        return (
            "warn",
            f"Crop closer: the face takes up only {height:.0%} of the picture; {FACE_GOOD:.0%} or more is good.",
        )
    return "pass", "Good: one face, whole and large enough."


def _profile_subject(seen: Measurements) -> Rule:
    people = max(1, seen.profile_heads)
    measured: dict[str, Number] = {"people": people, "quality": round(50 / people, 1)}
    if people > 1:
        advice = f"Crop to one person: {people} people are in the picture, and a model may blend them."
        return Rule(rule="subject", verdict="fail", measured=measured, advice=advice)
    return Rule(rule="subject", verdict="pass", measured=measured, advice="One person, seen from the side.")


def _faceless_subject(seen: Measurements) -> Rule:
    """An animal, a toy, a thing, or nothing: unknown either way, but a picture of nothing is a weak reference."""
    if seen.stands_out is None:
        return _unknown("subject", seen)
    clear = seen.stands_out >= STANDS_OUT
    advice = "No human face: the animal, toy or thing that stands out is taken for the subject."
    if not clear:
        advice = "Nothing was seen to stand out: crop closer to the character, or use a plainer background."
    measured: dict[str, Number] = {"stands_out": round(seen.stands_out, 3), "clear": clear}
    return Rule(rule="subject", verdict="unknown", measured=measured, advice=advice)


def _unknown(rule: RuleName, seen: Measurements) -> Rule:
    reason = seen.reason or "this could not be measured on this picture"
    sentence = reason[0].upper() + reason[1:]
    return Rule(rule=rule, verdict="unknown", measured={"reason": reason}, advice=sentence.rstrip(".") + ".")


def _rise(x: float, middle: float, width: float) -> float:
    """OFIQ's sigmoid: 0..1, a half at `middle`."""
    return 1 / (1 + math.exp(min(60.0, max(-60.0, (middle - x) / width))))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
