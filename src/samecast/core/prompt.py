"""Prompts: what one is understood to ask for, as a Brief, read with the lexicon. No I/O.

Mentions are `core.mentions`, places `core.places`, the lint `core.lint`, the portrait formula `core.portrait`.
"""

import re
from collections.abc import Sequence

from samecast.core.acting import read_action
from samecast.core.brief import (
    NOT_SAID,
    OTHER_ASPECTS,
    STORYBOARD_ASPECTS,
    Aspect,
    Brief,
    CameraMove,
    Direction,
    ShotSize,
    Speed,
    TimeOfDay,
    Weather,
    brief_from_json,
    brief_to_json,
    explain,
    near_aspect,
    parse_aspect,
)
from samecast.core.lexicon import Lexicon
from samecast.core.mentions import CastName, Resolved, resolve
from samecast.core.places import at_time, find_places, main_place
from samecast.core.reading import Reading, alone_in, first, matches, open_prompt, said_in
from samecast.core.words import Match, segments

__all__ = [
    "NOT_SAID",
    "OTHER_ASPECTS",
    "STORYBOARD_ASPECTS",
    "Aspect",
    "Brief",
    "CameraMove",
    "CastName",
    "Direction",
    "Resolved",
    "ShotSize",
    "Speed",
    "TimeOfDay",
    "Weather",
    "brief_from_json",
    "brief_to_json",
    "explain",
    "parse_aspect",
    "read_brief",
    "resolve",
    "said_aspects",
]

_LENS = re.compile(r"(?<![\w.])(\d{1,2}-)?(\d{1,4})\s?-?mm\b(?!\s+(?:film|stock|kodak)\b)", re.IGNORECASE)
_STOP = re.compile(r"(?<![\w.])f\s?/?\s?(\d{1,2}(?:\.\d)?)(?![\w:])", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\w:])(\d{1,2})(?:[:.](\d{2}))?\s?([ap])\.?m\b", re.IGNORECASE)
_RATIO = re.compile(r"(?<![\w:./])(\d{1,5}(?:\.\d{1,2})?)\s?([:x×/])\s?(\d{1,5})(?![\w:]|\.\d)", re.IGNORECASE)
_WIDEST_STOP = 2.8


def read_brief(prompt: str, cast: Sequence[CastName], lexicon: Lexicon, *, aspect: str | None = None) -> Brief:
    """Understand a prompt. `aspect` (as given by a flag) wins over what the text says.

    Raises `InvalidInput` for a blank or overlong prompt, an ambiguous name or a bad `aspect`; `NotFound` for a
    mention that is nobody's.
    """
    resolved = resolve(prompt, cast)
    reading = open_prompt(resolved.prompt, lexicon)
    time = _time(reading)
    camera = _camera(reading)
    light = _light(reading)
    place, place_words, place_span = _place(reading, time, neon="neon" in light)
    action, performance = read_action(reading, place_span)
    aspects = said_aspects(resolved.prompt, lexicon)
    return Brief(
        who=resolved.who,
        action=action,
        performance=performance,
        shot_size=first(said_in(reading, lexicon.shot_sizes)) or alone_in(reading, lexicon.shot_sizes_alone),
        camera=camera[0],
        camera_speed=camera[1],
        direction=camera[2],
        place=place,
        place_words=place_words,
        time_of_day=time,
        weather=_weather(reading),
        light=light,
        lens_mm=_lens(reading),
        shallow_focus=bool(said_in(reading, lexicon.focus)) or _wide_aperture(reading.text),
        aspect=parse_aspect(aspect) if aspect is not None else (aspects[0] if aspects else None),
        style=tuple(dict.fromkeys(match.value for match in said_in(reading, lexicon.styles))),
    )


# --- the shot ---------------------------------------------------------------------------------------------------


def _camera(reading: Reading) -> tuple[CameraMove | None, Speed, Direction | None]:
    found = [m for m, denied in matches(reading, reading.lexicon.camera) if not denied or m.value == "static"]
    if not found:
        follows = _follows(reading)
        if follows is None:
            return None, "normal", None
        return "tracking", _speed(reading, follows, follows + 1), None
    match = found[0]
    direction = _direction(reading, match) if match.value in ("pan", "tilt", "tracking", "arc") else None
    return match.value, _speed(reading, match.start, match.end), direction


def _follows(reading: Reading) -> int | None:
    """'Following @mira through ...' opens a clause: the camera follows."""
    tokens = reading.tokens
    for start, end in segments(tokens):
        for i in range(start, min(end - 1, start + 3)):
            leads = i == start or tokens[i - 1].norm in ("shot", "camera", "slowly", "take", "closely", "we")
            if tokens[i].norm in ("following", "follow", "follows") and tokens[i + 1].kind == "mention" and leads:
                return i
    return None


def _speed(reading: Reading, start: int, end: int) -> Speed:
    """The nearest word of speed within three words, in the same clause; not the "slow" of slow motion."""
    tokens = reading.tokens
    order = [*range(start, end), *(j for d in (1, 2, 3) for j in (start - d, end - 1 + d))]
    for i in order:
        if not 0 <= i < len(tokens) or tokens[i].kind != "word" or i in reading.masked:
            continue
        between = tokens[min(i, start) : max(i, end - 1)]
        if any(token.kind == "break" for token in between):
            continue
        match = reading.lexicon.camera_speed.at(tokens, i)
        motion = i + 1 < len(tokens) and tokens[i + 1].norm in ("motion", "mo")
        verb = i >= end and i > 0 and reading.lexicon.actions.verbs.has(tokens[i - 1].norm) and i - 1 >= end
        if match is not None and not motion and not verb:
            return match.value
    return "normal"


def _direction(reading: Reading, camera: Match[CameraMove]) -> Direction | None:
    tokens, directions = reading.tokens, reading.lexicon.camera_direction
    for i in range(camera.start, min(camera.end + 4, len(tokens))):
        token = tokens[i]
        if token.kind != "word":
            return None
        match = directions.at(tokens, i)
        if match is not None:
            side = i + 1 < len(tokens) and tokens[i + 1].joined
            return None if side and match.end == i + 1 else match.value
    return None


def _lens(reading: Reading) -> int | None:
    for found in _LENS.finditer(reading.text):
        if 6 <= int(found[2]) <= 1200 and int(found[2]) != 16:
            return int(found[2])
    return first(said_in(reading, reading.lexicon.lens))


def _wide_aperture(text: str) -> bool:
    return any(0 < float(found[1]) <= _WIDEST_STOP for found in _STOP.finditer(text))


def said_aspects(text: str, lexicon: Lexicon) -> tuple[Aspect, ...]:
    """Every different aspect ratio a prompt names: the ratios written out first, then the words for one."""
    said: list[Aspect] = []
    for found in _RATIO.finditer(text):
        ratio = _ratio(text, found)
        if ratio is not None:
            said.append(ratio)
    reading = open_prompt(text, lexicon)
    said += [match.value for match in said_in(reading, lexicon.aspects)]
    alone = alone_in(reading, lexicon.aspects_alone)
    if alone is not None:
        said.append(alone)
    return tuple(dict.fromkeys(said))


def _ratio(text: str, found: re.Match[str]) -> Aspect | None:
    """A ratio in running text counts only where it is a well-known one, and no time of day, date or lens stop."""
    width, height = float(found[1]), float(found[3])
    after = text[found.end() : found.end() + 4].lower().lstrip()
    if height <= 0 or width <= 0 or after.startswith(("am", "pm", "a.m", "p.m")):
        return None
    pixels = width >= 240 and height >= 240
    if found[2] == "/" or (found[2] != ":" and not pixels and (int(width), int(height)) not in STORYBOARD_ASPECTS):
        return None
    known = STORYBOARD_ASPECTS + OTHER_ASPECTS
    if pixels or "." in found[1]:
        return near_aspect(width / height, known)
    exact = (int(width), int(height))
    return exact if exact in known else None


# --- the world --------------------------------------------------------------------------------------------------


def _time(reading: Reading) -> TimeOfDay | None:
    said = first(said_in(reading, reading.lexicon.times)) or alone_in(reading, reading.lexicon.times_alone)
    if said is not None:
        return said
    clock = _CLOCK.search(reading.text)
    if clock is None or not 1 <= int(clock[1]) <= 12:
        return None
    hour = int(clock[1]) % 12 + (12 if clock[3].lower() == "p" else 0)
    names: tuple[tuple[int, TimeOfDay], ...] = (
        (5, "night"),
        (7, "dawn"),
        (17, "day"),
        (19, "golden hour"),
        (21, "dusk"),
    )
    return next((name for until, name in names if hour < until), "night")


def _weather(reading: Reading) -> tuple[Weather, ...]:
    said: list[Weather] = []
    for match in said_in(reading, reading.lexicon.weather):
        if reading.lexicon.negation.before.at(reading.tokens, max(0, match.start - 2), match.start) is None and not (
            match.start > 0 and reading.lexicon.negation.before.at(reading.tokens, match.start - 1, match.start)
        ):
            said.append(match.value)
    if "heavy rain" in said:
        said = [kind for kind in said if kind != "rain"]
    return tuple(dict.fromkeys(said))


def _light(reading: Reading) -> tuple[str, ...]:
    """Kinds of light, and the colours that a word for light follows closely ("deep red and cyan neon")."""
    tokens, lexicon = reading.tokens, reading.lexicon
    said = [(match.start, match.value) for match in said_in(reading, lexicon.light)]
    for match in said_in(reading, lexicon.light_colours):
        for i in range(match.end, min(match.end + 5, len(tokens))):
            if tokens[i].kind != "word" or tokens[i].norm in lexicon.place_reading.strong:
                break
            if lexicon.light_nouns.at(tokens, i) is not None and i not in reading.masked:
                said.append((match.start, match.value))
                break
            if tokens[i].norm != "and" and lexicon.light_colours.at(tokens, i) is None and i > match.end:
                break
    return tuple(dict.fromkeys(value for _, value in sorted(said)))


def _place(
    reading: Reading, time: TimeOfDay | None, *, neon: bool
) -> tuple[str | None, str | None, tuple[int, int] | None]:
    lexicon = reading.lexicon
    denied = {i for m, no in matches(reading, lexicon.places) if no for i in range(m.start, m.end)}
    camera = {i for m in said_in(reading, lexicon.camera) for i in range(m.start, m.end)}
    taken = reading.masked | denied | camera
    found = main_place(find_places(reading.text, reading.tokens, lexicon, taken), reading.tokens)
    if found is None:
        return None, None, None
    words = [token.norm for token in reading.tokens[found.start : found.end]]
    place = at_time(found.id, words, time, neon, lexicon) if found.id else None
    return place, found.words, (found.start, found.end)
