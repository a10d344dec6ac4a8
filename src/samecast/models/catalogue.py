"""Reads catalogues: what each model can do, costs and allows, as values. Knows no engine; single keys are `entries`'.

The one that ships is catalogue.toml; plug-ins and users bring others of the same form. A wrong entry is refused with
one line that names the model and the key: a price that is read wrongly is paid.
"""

import tomllib
from importlib import resources

from samecast.core.errors import InvalidInput
from samecast.models import entries
from samecast.models.entries import Entry, wrong
from samecast.ports import Cost, ModelProfile
from samecast.ports.plugins import Retired

_REQUIRED = {
    "id",
    "name",
    "engine",
    "kinds",
    "aspects",
    "seconds",
    "characters",
    "deterministic",
    "composites",
    "price",
    "licence",
    "source",
    "date",
    "notes",
}
_OPTIONAL = {
    "aliases",
    "resource",
    "cost_per_image",
    "cost_per_second",
    "cost_per_reference",
    "at_once",
    "per_minute",
    "knows_keys",
    "closer",
    "terms",
    "faces",
    "references",
    "references_each",
    "references_from",
    "mentions",
    "seeds",
    "voices",
    "edits",
    "first_frame",
    "last_frame",
    "keyframe",
    "loras",
    "still_sizes",
    "clip_sizes",
    "fps",
    "lengths",
    "seconds_from",
    "options",
    "setup",
}


def read_catalogue() -> dict[str, ModelProfile]:
    """Every model of the catalogue that ships, by id, in the file's order. Raises `InvalidInput` for a wrong entry."""
    return parse_catalogue(resources.files("samecast.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))


def read_retired() -> dict[str, Retired]:
    """What became of models that users know, by every name they are asked for by. Raises `InvalidInput`."""
    text = resources.files("samecast.models").joinpath("catalogue.toml").read_text(encoding="utf-8")
    found: dict[str, Retired] = {}
    for entry in tomllib.loads(text).get("retired", []):
        names = (entries.name(entry, "id"), *(entries.texts(entry, "aliases") if "aliases" in entry else ()))
        gone = Retired(id=names[0], said=entries.text(entry, "said"), instead=entries.text(entry, "instead"))
        entries.day(entry, "date")
        entries.text(entry, "source")
        found |= dict.fromkeys(map(canonical, names), gone)
    return found


def canonical(name: str) -> str:
    """A model's name as it is looked up by: 'Guava Pro' is guava-pro."""
    return "-".join(name.lower().split())


def parse_catalogue(text: str, *, where: str = "catalogue.toml") -> dict[str, ModelProfile]:
    """Every model that `text` describes, by id, in its order. `where` is named in the `InvalidInput` of a wrong one."""
    hint = entries.hint(where)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The catalogue of models is not TOML: {error}.", hint=hint) from error
    found = tree.get("model", [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise InvalidInput("The catalogue of models is no list of [[model]] entries.", hint=hint)
    if set(tree) - {"model", "retired"}:
        raise InvalidInput(
            f"The catalogue of models has something beside [[model]]: {min(set(tree) - {'model', 'retired'})}.",
            hint=hint,
        )
    models: dict[str, ModelProfile] = {}
    for entry in found:
        try:
            profile = _profile(entry)
        except InvalidInput as error:
            raise InvalidInput(error.message, hint=hint) from error
        if profile.id in models:
            raise wrong(entry, "there are two of that id")
        models[profile.id] = profile
    check_limits(models, where=where)
    return models


def check_limits(models: dict[str, ModelProfile], *, where: str) -> None:
    """Models of one provider share its queue, and so its limits. Raises `InvalidInput` where two differ."""
    first: dict[str, ModelProfile] = {}
    for profile in (profile for profile in models.values() if profile.hosted):
        other = first.setdefault(profile.resource, profile)
        if (profile.at_once, profile.per_minute) != (other.at_once, other.per_minute):
            raise InvalidInput(
                f"The models '{other.id}' and '{profile.id}' share the resource '{profile.resource}', "
                "and say differently how much of it there is.",
                hint=f"Give both the same at_once and per_minute in {where}.",
            )


def _profile(entry: Entry) -> ModelProfile:
    _keys(entry)
    kinds = entries.texts(entry, "kinds")
    if not kinds or len(set(kinds)) != len(kinds) or not set(kinds) <= {"image", "video"}:
        raise wrong(entry, 'kinds must be "image", "video", or both')
    aspects = entries.aspects(entry)
    profile = ModelProfile(
        id=entries.name(entry, "id"),
        name=entries.text(entry, "name"),
        engine=entries.module(entry, "engine"),
        kinds=kinds,
        aspects=aspects,
        max_seconds=_seconds(entry, kinds),
        max_characters=entries.whole(entry, "characters"),
        deterministic=entries.truth(entry, "deterministic"),
        composites=entries.truth(entry, "composites"),
        price=entries.text(entry, "price"),
        licence=entries.text(entry, "licence"),
        notes=entries.text(entry, "notes", empty=True),
        resource=entries.name(entry, "resource", default="cpu"),
        cost=_cost(entry, kinds),
        at_once=entries.some(entry, "at_once"),
        per_minute=entries.some(entry, "per_minute"),
        knows_keys=entries.truth(entry, "knows_keys", default=False),
        closer=entries.closer(entry),
        aliases=entries.texts(entry, "aliases") if "aliases" in entry else (),
        source=entries.text(entry, "source"),
        checked=entries.day(entry, "date"),
        terms=entries.terms(entry),
        faces=entries.faces(entry),
        references=entries.some(entry, "references", least=0),
        references_from=entries.whole(entry, "references_from", least=0, default=0),
        references_each=entries.some(entry, "references_each"),
        mentioning=entries.mentioning(entry),
        seeds=entries.truth(entry, "seeds", default=True),
        voices=entries.truth(entry, "voices", default=False),
        edits=entries.truth(entry, "edits", default=False),
        first_frame=entries.truth(entry, "first_frame", default=False),
        last_frame=entries.truth(entry, "last_frame", default=False),
        loras=entries.truth(entry, "loras", default=False),
        keyframe=entries.name(entry, "keyframe", default=""),
        still_sizes=entries.sizes(entry, "still_sizes", aspects),
        clip_sizes=entries.sizes(entry, "clip_sizes", aspects),
        fps=entries.whole(entry, "fps", default=24),
        lengths=entries.lengths(entry),
        min_seconds=entries.seconds_from(entry),
        options=entries.options(entry),
        setup=entries.table(entry, "setup"),
    )
    _agree(entry, profile)
    return profile


def _agree(entry: Entry, profile: ModelProfile) -> None:
    """What no key is wrong about by itself."""
    for kind in profile.kinds:
        for aspect in profile.aspects:
            if profile.size(kind, aspect) is None:
                key = "clip_sizes" if kind == "video" else "still_sizes"
                raise wrong(entry, f"{key} must say how large {aspect[0]}:{aspect[1]} is")
    if any(not 0 < length <= profile.max_seconds for length in profile.lengths):
        raise wrong(entry, "lengths must lie between 0 and seconds")
    if (profile.first_frame or profile.last_frame or profile.keyframe) and "video" not in profile.kinds:
        raise wrong(entry, "first_frame, last_frame and keyframe are for models that make clips")
    if profile.keyframe and not profile.first_frame:
        raise wrong(entry, "keyframe is for a model that takes a first_frame")
    known = {option.name for option in profile.options}
    for step in profile.closer:
        if profile.options and not {name for name, _ in step} <= known:
            raise wrong(entry, "closer names an option that options does not have")


def _keys(entry: Entry) -> None:
    missing, unknown = sorted(_REQUIRED - set(entry)), sorted(set(entry) - _REQUIRED - _OPTIONAL)
    if missing:
        raise wrong(entry, f"{missing[0]} is missing")
    if unknown:
        raise wrong(entry, f"there is no key {unknown[0]}")


def _seconds(entry: Entry, kinds: tuple[str, ...]) -> float:
    value = entries.number(entry, "seconds", least=0, most=3600)
    if (value > 0) != ("video" in kinds):
        raise wrong(entry, "seconds must be 0 exactly where it makes no clips")
    return value


def _cost(entry: Entry, kinds: tuple[str, ...]) -> Cost | None:
    """The price of every kind it makes, or of none: a kind without one would be taken for free."""
    wanted = {"image": "cost_per_image", "video": "cost_per_second"}
    given = {kind for kind, key in wanted.items() if key in entry}
    if not given and "cost_per_reference" in entry:
        raise wrong(entry, "cost_per_reference needs a price of what it makes")
    if not given:
        return None
    if given != set(kinds):
        needed = " and ".join(key for kind, key in wanted.items() if kind in kinds)
        raise wrong(entry, f"what it makes is priced by {needed}, all or none")
    image, second = (entries.micros(entry, key) if key in entry else 0 for key in wanted.values())
    reference = entries.micros(entry, "cost_per_reference") if "cost_per_reference" in entry else 0
    return Cost(per_image=image, per_second=second, per_reference=reference)
