"""What is done in a shot: the verb phrase of whoever is named first, and which kind of action it is.

The rest of a brief is read by `core.prompt`.
"""

from dataclasses import replace

from samecast.core.reading import Reading, matches, said_in
from samecast.core.words import Match, segments, written

_ACTION_WORDS = 7


def _without_setting(reading: Reading) -> Reading:
    """Words of framing, camera and weather are nothing a character does: "close-up of @mira" closes nothing, and "light
    rain" lights none."""
    said = [(m.start, m.end) for m in said_in(reading, reading.lexicon.shot_sizes)]
    said += [(m.start, m.end) for m, _ in matches(reading, reading.lexicon.camera)]
    said += [(m.start, m.end) for m in said_in(reading, reading.lexicon.weather) if m.end - m.start > 1]
    return replace(reading, masked=reading.masked | {i for start, end in said for i in range(start, end)})


def read_action(reading: Reading, place: tuple[int, int] | None) -> tuple[str | None, str | None]:
    """The verb phrase of the first mention, else of the prompt's first clause that has a verb."""
    reading = _without_setting(reading)
    tokens = reading.tokens
    mentions = [i for i, token in enumerate(tokens) if token.kind == "mention"]
    for i in mentions[:20]:
        verb = _verb_after(reading, i)
        if verb is not None:
            return _verb_phrase(reading, verb, place)
    for start, end in segments(tokens):
        for i in range(start, end):
            verb = _verb_at(reading, i)
            if verb is None:
                continue
            leads = i == start or tokens[i - 1].norm in reading.lexicon.actions.adverbs
            if leads or (
                tokens[i].norm.endswith("ing") and (not mentions or _after_person(reading, i)) and verb.value[0]
            ):
                return _verb_phrase(reading, verb, place)
    return None, None


def _after_person(reading: Reading, i: int) -> bool:
    before = reading.tokens[i - 1]
    return reading.lexicon.appearance.people.has(before.norm) or before.kind == "mention"


def _verb_after(reading: Reading, mention: int) -> Match[tuple[str, str]] | None:
    """The first verb in the mention's clause or, where that has none, in the two clauses after it."""
    tokens = reading.tokens
    breaks = 0
    for i in range(mention + 1, min(mention + 30, len(tokens))):
        token = tokens[i]
        if token.kind == "break":
            breaks += 1
            if breaks > 2 or token.norm in ".!?\n":
                return None
            continue
        verb = _verb_at(reading, i)
        if verb is None:
            continue
        before = tokens[i - 1]
        opens = before.kind != "word" or before.norm in reading.lexicon.actions.adverbs
        opens = opens or (breaks == 0 and reading.lexicon.anchors.ordinary.has(before.norm))
        if opens or (breaks == 0 and (token.norm.endswith("ing") or before.norm.endswith("ly"))):
            return verb
    return None


def _verb_at(reading: Reading, i: int) -> Match[tuple[str, str]] | None:
    token, actions = reading.tokens[i], reading.lexicon.actions
    if token.kind != "word" or token.norm in actions.never or i in reading.masked or token.joined:
        return None
    if i > 0 and reading.tokens[i - 1].norm in ("a", "an", "the", "of", "no", "in", "her", "his", "their", "with"):
        return None
    known = actions.verbs.at(reading.tokens, i)
    if known is not None:
        return known
    if token.norm.endswith("ing") and len(token.norm) > 5 and not reading.lexicon.light.has(token.norm):
        return Match(start=i, end=i + 1, value=("", token.norm))
    return None


def _verb_phrase(
    reading: Reading, verb: Match[tuple[str, str]], place: tuple[int, int] | None
) -> tuple[str, str | None]:
    """The verb as "walking", then what belongs to it: up to a break, the place, the weather, the time."""
    tokens, lexicon = reading.tokens, reading.lexicon
    kind, form = verb.value
    if tokens[verb.start].norm.endswith("ing") and len(tokens[verb.start].norm) > 4:
        form = " ".join([tokens[verb.start].norm, *form.split()[1:]])
    end = verb.end
    while end < min(len(tokens), verb.start + _ACTION_WORDS):
        token = tokens[end]
        if token.kind == "break" or _ends_action(reading, end, place):
            break
        end += 1
    while end > verb.end and tokens[end - 1].norm in _DANGLING | lexicon.place_reading.strong - _PARTICLES:
        end -= 1
    rest = written(reading.text, tokens, verb.end, end)
    return f"{form} {rest}".strip(), kind or None


_PARTICLES = frozenset({"up", "down", "around", "across", "along", "through", "on"})
_DANGLING = frozenset({"a", "an", "the", "and", "as", "with", "of", "to", "her", "his", "their", "while", "then", "or"})


def _ends_action(reading: Reading, i: int, place: tuple[int, int] | None) -> bool:
    lexicon, tokens = reading.lexicon, reading.tokens
    if place is not None and (i == place[0] or i + 1 == place[0]):
        return True
    norm = tokens[i].norm
    if norm in ("while", "as", "wearing", "during", "where", "when", "with", "without"):
        return True
    timed = i + 1 < len(tokens) and norm in ("at", "in", "under", "through", "on")
    if timed:
        skip = i + 2 if tokens[i + 1].norm in ("the", "a", "an") else i + 1
        said = (lexicon.times, lexicon.weather, lexicon.light, lexicon.styles, lexicon.camera_speed)
        return any(words.at(tokens, skip) is not None for words in said) or tokens[i + 1].norm == "slow"
    return False
