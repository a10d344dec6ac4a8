"""The lexicon: the phrases prompts and anchors are read with, parsed from TOML text that someone else has read.

`lexicon.toml` beside this file is the one samecast ships; how its words are put to use is in `prompt`, `places`,
`anchors` and `lint`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar, get_args

from samecast.core.brief import Aspect, CameraMove, Direction, ShotSize, Speed, TimeOfDay, Weather, parse_aspect
from samecast.core.errors import InvalidInput, SamecastError
from samecast.core.words import Phrases, gerund, plain

K = TypeVar("K")
Table = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWords:
    """A place's id and when its name means another one: by day or at night, unless one of `unless` is said."""

    id: str
    with_words: frozenset[str]
    by_day: str | None
    at_night: str | None
    unless: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReading:
    """Which words lead to a place, end its name, follow it, or never are one."""

    strong: frozenset[str]
    weak: frozenset[str]
    verbs: frozenset[str]
    unknown_after: frozenset[str]
    parts: frozenset[str]
    enders: frozenset[str]
    never: frozenset[str]
    heads: Phrases[bool]
    bare: Phrases[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation:
    words: frozenset[str]
    after: Phrases[bool]
    before: Phrases[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWords:
    """`verbs` finds any inflection and gives (kind of action, the -ing form as words)."""

    verbs: Phrases[tuple[str, str]]
    never: frozenset[str]
    adverbs: frozenset[str]
    toward_verbs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorWords:
    """What makes an anchor specific or vague. `kinds` and `ordinary` give a noun's family, `colours` all of a word's.

    `qualifiers` are words of shape, material or pattern; `vague` matches whole phrases, `vague_nouns` single words.
    """

    kinds: Phrases[str]
    ordinary: Phrases[str]
    paired: frozenset[str]
    same: frozenset[str]
    common: Phrases[bool]
    vague: Phrases[bool]
    vague_nouns: Phrases[bool]
    qualifiers: Phrases[str]
    colours: Mapping[str, frozenset[str]]
    body: Phrases[str]
    part_of: Mapping[str, frozenset[str]]
    opposites: frozenset[tuple[str, str]]
    suggestions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppearanceWords:
    kinds: frozenset[str]
    people: Phrases[bool]
    traits: Phrases[bool]
    ages: Phrases[bool]
    starters: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Every section, ready for look-up. Build one with `Lexicon.parse`."""

    ignored: Phrases[bool]
    negation: Negation
    shot_sizes: Phrases[ShotSize]
    shot_sizes_alone: Phrases[ShotSize]
    camera: Phrases[CameraMove]
    camera_speed: Phrases[Speed]
    camera_direction: Phrases[Direction]
    lens: Phrases[int]
    focus: Phrases[bool]
    aspects: Phrases[Aspect]
    aspects_alone: Phrases[Aspect]
    times: Phrases[TimeOfDay]
    times_alone: Phrases[TimeOfDay]
    weather: Phrases[Weather]
    light: Phrases[str]
    light_colours: Phrases[str]
    light_nouns: Phrases[bool]
    styles: Phrases[str]
    actions: ActionWords
    places: Phrases[str]
    place_words: Mapping[str, PlaceWords]
    place_reading: PlaceReading
    anchors: AnchorWords
    appearance: AppearanceWords

    @classmethod
    def parse(cls, toml_text: str) -> "Lexicon":
        """Build from the text of a lexicon file. Raises `InvalidInput` naming what is wrong with it."""
        try:
            return _build(tomllib.loads(toml_text))
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(f"The lexicon is not valid TOML: {error}.", hint="Mend lexicon.toml.") from error
        except KeyError as error:
            raise InvalidInput(
                f"The lexicon has no {error}.", hint="Take lexicon.toml as samecast ships it."
            ) from error
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"The lexicon cannot be used: {error}.", hint="Mend lexicon.toml.") from error


def _build(tree: Table) -> Lexicon:
    colour_names = {k: v for k, v in _table(tree, "light_colours").items() if k != "nouns"}
    return Lexicon(
        ignored=_set_phrases(_table(tree, "ignored"), "phrases"),
        negation=_negation(_table(tree, "negation")),
        shot_sizes=_choices(tree, "shot_sizes", get_args(ShotSize)),
        shot_sizes_alone=_choices(tree, "shot_sizes_alone", get_args(ShotSize)),
        camera=_choices(tree, "camera", get_args(CameraMove)),
        camera_speed=_choices(tree, "camera_speed", get_args(Speed)),
        camera_direction=_choices(tree, "camera_direction", get_args(Direction)),
        lens=Phrases.of({int(k): _list(v) for k, v in _table(tree, "lens").items()}),
        focus=_set_phrases(_table(tree, "focus"), "shallow"),
        aspects=_aspects(tree, "aspects"),
        aspects_alone=_aspects(tree, "aspects_alone"),
        times=_choices(tree, "times", get_args(TimeOfDay)),
        times_alone=_choices(tree, "times_alone", get_args(TimeOfDay)),
        weather=_choices(tree, "weather", get_args(Weather)),
        light=_families(tree, "light"),
        light_colours=_families({"light_colours": colour_names}, "light_colours"),
        light_nouns=_set_phrases(_table(tree, "light_colours"), "nouns"),
        styles=_families(tree, "styles"),
        actions=_actions(tree),
        places=Phrases.of({k: _list(_as_table(v)["phrases"]) for k, v in _table(tree, "places").items()}),
        place_words={k: _place(k, _as_table(v)) for k, v in _table(tree, "places").items()},
        place_reading=_place_reading(_table(tree, "places_reading")),
        anchors=_anchors(tree),
        appearance=_appearance(_table(tree, "appearance")),
    )


def _as_table(value: object) -> Table:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} should be a table")
    return value


def _table(tree: Table, key: str) -> Table:
    return _as_table(tree[key])


def _list(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{value!r} should be a list of texts")
    return value


def _set(tree: Table, key: str) -> frozenset[str]:
    return frozenset(plain(word).replace("'", "") for word in _list(tree[key]))


def _set_phrases(tree: Table, key: str) -> Phrases[bool]:
    return Phrases((phrase, True) for phrase in _list(tree[key]))


def _families(tree: Table, key: str) -> Phrases[str]:
    return Phrases.of({family: _list(words) for family, words in _table(tree, key).items()})


def _choices(tree: Table, key: str, allowed: Iterable[K]) -> Phrases[K]:
    """Phrases by id, where each id is one of `allowed` (the spellings a Brief may have)."""
    by_name = {str(value): value for value in allowed}
    entries = [(phrase, name) for name, words in _table(tree, key).items() for phrase in _list(words)]
    wrong = {name for _, name in entries} - by_name.keys()
    if wrong:
        raise ValueError(f"[{key}] has {sorted(wrong)}, which no brief can say")
    return Phrases((phrase, by_name[name]) for phrase, name in entries)


def _aspects(tree: Table, key: str) -> Phrases[Aspect]:
    try:
        return Phrases.of({parse_aspect(k): _list(v) for k, v in _table(tree, key).items()})
    except SamecastError as error:
        raise ValueError(error.message) from error


def _negation(tree: Table) -> Negation:
    return Negation(words=_set(tree, "words"), after=_set_phrases(tree, "after"), before=_set_phrases(tree, "before"))


def _actions(tree: Table) -> ActionWords:
    entries: list[tuple[str, tuple[str, str]]] = []
    for kind, verbs in _table(tree, "actions").items():
        for phrase in _list(verbs):
            verb, _, rest = phrase.partition(" ")
            tail = f" {rest}" if rest else ""
            meaning = (kind, gerund(verb) + tail)
            entries += [(form + tail, meaning) for form in (verb, gerund(verb))]
    kinds = {form: kind for _, (kind, form) in entries}
    for form, odd in _table(tree, "actions_odd").items():
        entries += [(phrase, (kinds[form], form)) for phrase in _list(odd)]
    reading = _table(tree, "actions_reading")
    return ActionWords(
        verbs=Phrases(entries),
        never=_set(reading, "never"),
        adverbs=_set(reading, "adverbs"),
        toward_verbs=frozenset(form for verb in _set(reading, "toward_verbs") for form in (verb, gerund(verb))),
    )


def _place(place: str, tree: Table) -> PlaceWords:
    def other(key: str) -> str | None:
        value = tree.get(key)
        if value is not None and not isinstance(value, str):
            raise TypeError(f"places.{place}.{key} should be a place's id")
        return value

    return PlaceWords(
        id=place,
        with_words=frozenset(_list(tree.get("with", []))),
        by_day=other("by_day"),
        at_night=other("at_night"),
        unless=frozenset(_list(tree.get("unless", []))),
    )


def _place_reading(tree: Table) -> PlaceReading:
    return PlaceReading(
        strong=_set(tree, "strong"),
        weak=_set(tree, "weak"),
        verbs=_set(tree, "verbs"),
        unknown_after=_set(tree, "unknown_after"),
        parts=_set(tree, "parts"),
        enders=_set(tree, "enders"),
        never=_set(tree, "never"),
        heads=_set_phrases(tree, "heads"),
        bare=_set_phrases(tree, "bare"),
    )


def _anchors(tree: Table) -> AnchorWords:
    colours: dict[str, frozenset[str]] = {}
    for family, words in _table(tree, "colours").items():
        for word in _list(words):
            colours[word] = colours.get(word, frozenset()) | {family}
    pairs = _table(tree, "opposites")["pairs"]
    if not isinstance(pairs, list):
        raise TypeError("opposites.pairs should be a list of pairs")
    opposites = {(a, b) for a, b in map(_list, pairs)}
    vague = _table(tree, "anchor_vague")
    return AnchorWords(
        kinds=_families(tree, "anchor_kinds"),
        ordinary=_families(tree, "anchor_ordinary"),
        paired=_set(_table(tree, "anchor_paired"), "kinds"),
        same=_set(_table(tree, "anchor_same"), "families"),
        common=_set_phrases(_table(tree, "anchor_common"), "words"),
        vague=_set_phrases(vague, "words"),
        vague_nouns=_set_phrases(vague, "nouns"),
        qualifiers=_families(tree, "anchor_qualifiers"),
        colours=colours,
        body=_families(tree, "body"),
        part_of={k: frozenset(_list(v)) for k, v in _table(tree, "body_part_of").items()},
        opposites=frozenset(opposites | {(b, a) for a, b in opposites}),
        suggestions={k: str(v) for k, v in _table(tree, "suggestions").items()},
    )


def _appearance(tree: Table) -> AppearanceWords:
    return AppearanceWords(
        kinds=_set(tree, "kinds"),
        people=_set_phrases(tree, "people"),
        traits=_set_phrases(tree, "traits"),
        ages=_set_phrases(tree, "ages"),
        starters=_set(tree, "starters"),
    )
