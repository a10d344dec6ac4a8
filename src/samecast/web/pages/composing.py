"""What somebody is about to shoot, as the composer holds it, and the order it comes to. No elements here."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from samecast.core.brief import NOT_SAID
from samecast.core.errors import InvalidInput, SamecastError
from samecast.core.estimating import sentence
from samecast.core.lint import Finding
from samecast.core.money import parse_budget
from samecast.core.prompt import explain
from samecast.core.recipe import TakeKind
from samecast.core.rounds import goal_of
from samecast.ports import ModelProfile
from samecast.services.comparing import AUTO
from samecast.services.ordering import Order
from samecast.services.shooting import Plan
from samecast.services.studio import Studio

USUAL_TAKES = {"video": 3, "image": 4}
NEGATIVE = "negative"


@dataclass(slots=True, kw_only=True)
class Draft:
    """Everything that the composer asks for, as it was typed; "" lets the prompt, then the model, decide."""

    prompt: str = ""
    kind: TakeKind = "video"
    model: str = "storyboard"
    aspect: str = ""
    seconds: str = ""
    takes: str = ""
    seed: str = ""
    until: str = ""
    budget: str = ""
    options: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    """`first_frame` or `edit`, by the name that the picture has among those that came in."""

    def order(self, studio: Studio, under: Path) -> Order:
        """Raises `InvalidInput` for what was typed into a field and cannot be meant, `NotFound` for a lost picture."""

        def number(name: str, text: str) -> float | None:
            if not text.strip():
                return None
            try:
                return float(text)
            except ValueError:
                raise InvalidInput(
                    f"{name} cannot be '{text[:20]}'.", hint="Give a number, or leave it empty."
                ) from None

        paths = {what: studio.receiving.path(name) for what, name in self.pictures.items()}
        takes, seed = number("Takes", self.takes), number("The seed", self.seed)
        budget = parse_budget(self.budget) if self.budget.strip() else None
        return Order(
            prompt=self.prompt,
            model=self.model,
            kind=self.kind,
            aspect=self.aspect or None,
            seconds=number("The length", self.seconds) if self.kind == "video" else None,
            takes=int(takes) if takes is not None else None,
            seed=int(seed) if seed is not None else None,
            goal=goal_of(until=number("The likeness", self.until), enough=1, budget=budget),
            options={name: text for name, text in self.options.items() if text.strip()},
            first_frame=paths.get("first_frame") if self.kind == "video" else None,
            edit=paths.get("edit") if self.kind == "image" else None,
            under=under,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a draft is understood as. `problem`: why it cannot be shot as it is, with what to do; "" where it can."""

    brief: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    estimate: str = ""
    problem: str = ""
    hint: str = ""
    plans: tuple[Plan, ...] = ()
    """The clip's, and where it needs one, its first frame's."""
    why: str = ""
    """Why this model, where it was chosen automatically."""


def read(studio: Studio, draft: Draft, under: Path) -> Reading:
    """Read a draft, plan it, and estimate it. Nothing is stored. Errors become the reading's `problem`."""
    brief: tuple[tuple[str, str], ...] = ()
    try:
        order, why = draft.order(studio, under), ""
        if not order.prompt.strip():
            return Reading()
        asked = studio.shooting.ask(order)
        brief = tuple((label, value) for label, value in explain(asked.brief) if value != NOT_SAID)
        if order.model == AUTO:
            choice = studio.comparing.choose(asked)
            order, why = replace(order, model=choice.model), choice.why
        if studio.keyframing.needed(order):
            first, plan = studio.keyframing.plan(order)
            plans: tuple[Plan, ...] = (plan, first)
        else:
            plans = (studio.shooting.plan(order, asked),)
        findings = plans[0].findings
        plans, estimate = priced(studio, plans)
        return Reading(
            brief=brief,
            findings=findings,
            notes=tuple(note for each in plans for note in each.notes),
            estimate=estimate,
            plans=plans,
            why=why,
        )
    except SamecastError as error:
        return Reading(brief=brief, problem=error.message, hint=error.hint or "")


def priced(studio: Studio, plans: tuple[Plan, ...]) -> tuple[tuple[Plan, ...], str]:
    """The plans as their budgets allow them, and what they will take, in words."""
    prepared = [studio.estimating.prepare(each.shot, studio.models[each.shot.model]) for each in plans]
    allowed = tuple(replace(each, shot=ready.shot) for each, ready in zip(plans, prepared, strict=True))
    return allowed, " ".join(sentence(each.estimate) for each in reversed(prepared))


def begin(studio: Studio, plans: tuple[Plan, ...]) -> str:
    """Keep planned shots and have them queued; returns the id of the one that was asked for."""
    shot = studio.shooting.start(*plans)
    studio.producing.submit(shot, urgent=True)
    return shot.id


def facts(profile: ModelProfile) -> list[tuple[str, str]]:
    """What a model can do, in a few lines, for whoever chooses it."""
    makes = {"image": "images", "video": "clips"}
    said = [("Makes", " and ".join(makes.get(kind, kind) for kind in profile.kinds))]
    if "video" in profile.kinds:
        said.append(("Length", _lengths(profile)))
    said.append(("Characters", _characters(profile)))
    said.append(("Price", profile.price))
    said.append(("Licence", profile.licence))
    if profile.faces != "unknown":
        said.append(("Real people", f"Photographs of them are {profile.faces}."))
    if profile.notes:
        said.append(("Note", profile.notes))
    return said


def _lengths(profile: ModelProfile) -> str:
    if profile.lengths:
        return f"{', '.join(f'{length:g}' for length in profile.lengths)} s"
    return f"{profile.min_seconds:g} to {profile.max_seconds:g} s"


def _characters(profile: ModelProfile) -> str:
    if not profile.takes_characters:
        return "None: it takes no references."
    if profile.references == 0:
        return f"By a first frame, which {profile.keyframe} makes and which is measured before it is animated."
    pictures = "" if profile.references is None else f", {profile.references} pictures in all"
    return f"Up to {profile.max_characters}{pictures}"
