"""What is said of one take: how it was made, what was measured on it, how good it is technically. No elements here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from samecast.core.consistency import AnchorVerdict, Quality, Score, TakeScore, timecode
from samecast.core.estimating import duration
from samecast.core.money import price
from samecast.core.rates import false_accepts, figure
from samecast.core.recipe import Recipe
from samecast.core.story import Take
from samecast.core.telling import Told, told

Fact = tuple[str, str]
ANCHORS: Mapping[AnchorVerdict, str] = {
    "held": "Held",
    "moved": "On the wrong side",
    "lost": "Lost",
    "not_assessable": "Not assessable",
}
SHARP, SOFT = 0.5, 0.2
"""Of 0 to 1: from here on a face looks sharp; below this, soft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was measured of one character: in words, in a sentence, and in figures."""

    handle: str
    told: Told
    reason: str
    figures: tuple[Fact, ...]


def verdicts(score: TakeScore) -> list[Verdict]:
    """Every character's, in the order of the score."""
    return [
        Verdict(
            handle=one.handle,
            told=told(TakeScore(characters=(one,))),
            reason=one.reason,
            figures=tuple(_figures(one)),
        )
        for one in score.characters
    ]


def _figures(score: Score) -> list[Fact]:
    said: list[Fact] = []
    if score.p_same is not None:
        said.append(("Same person", f"{figure(score.p_same)}, a calibrated probability"))
    if score.appearance is not None:
        said.append(("Same look", f"{figure(score.appearance)}, a calibrated probability"))
    if score.worst is not None:
        where = f" at {timecode(score.worst_at)}" if score.worst_at is not None else ""
        said.append(("Worst moment", f"{figure(score.worst)}{where}"))
    if score.failing is not None:
        said.append(("Drifts", f"from {timecode(score.failing.start)} to {timecode(score.failing.end)}"))
    said.append(("Measured", f"in {100 * score.coverage:.0f} % of the judged frames"))
    if score.copy is not None and score.copy.copied is not None:
        said.append(("Pasted", f"{figure(score.copy.copied)}. {score.copy.reason}"))
    said.append(("Encoder", score.encoder))
    if score.calibration:
        said.append(("Calibration", f"{score.calibration} {false_accepts(score.far)} at the limit."))
    return said


def outcomes(score: TakeScore) -> list[str]:
    """What is wrong with who is who, in sentences."""
    return [
        f"{outcome.reason.rstrip('.')}, from {timecode(outcome.start)} to {timecode(outcome.end)}."
        if outcome.end > outcome.start
        else outcome.reason
        for outcome in score.outcomes
    ]


def quality(measured: Quality) -> list[Fact]:
    """How good it is technically; what was not measured is left out."""
    said: list[Fact] = []
    if measured.sharpness is not None:
        word = "Sharp" if measured.sharpness >= SHARP else "Soft" if measured.sharpness < SOFT else "Fairly sharp"
        said.append((word, f"sharpness {measured.sharpness:.2f} of 1"))
    if measured.flicker is not None:
        said.append(("Steady light" if measured.steady else "Flickers", f"{measured.flicker:.1f} of 255 levels"))
    if measured.frozen is not None:
        word = "Moves" if measured.moves else "Stands still"
        said.append((word, f"still for {100 * measured.frozen:.0f} % of it"))
    return said


def recipe(made: Recipe, names: Mapping[str, str]) -> list[Fact]:
    """How it was made, but for prompt and pictures. `names`: of models, by id."""
    size = f"{made.width} x {made.height}"
    if made.kind == "video":
        size += f", {made.seconds:g} s at {made.fps} frames a second"
    said = [
        ("Model", f"{names.get(made.model, made.model)} ({made.model}), engine {made.engine_version}"),
        ("Size", size),
        ("Seed", str(made.seed)),
    ]
    said += [(name.replace("_", " ").capitalize(), value) for name, value in made.options if value]
    said += [(f"@{one.handle}", f"{one.name}, version {one.version}") for one in made.members]
    said += [
        ("LoRA", f"{lora.sha256[:12]}, {lora.scale:g}{', ' + lora.word if lora.word else ''}") for lora in made.loras
    ]
    return [*said, ("Digest", made.digest[:16])]


def given(made: Recipe) -> list[tuple[str, str]]:
    """The pictures that it was made from, as (what it was, sha256), each once."""
    own = {sha256: f"@{one.handle}" for one in made.members for sha256 in one.references}
    named = {made.edited: "What was edited", made.first_frame: "First frame", made.last_frame: "Last frame"}
    found = {sha256: what for sha256, what in named.items() if sha256}
    for sha256 in made.pictures or own:
        found.setdefault(sha256, own.get(sha256, "Picture"))
    return [(what, sha256) for sha256, what in found.items()]


def origin(take: Take) -> list[Fact]:
    """When it was made, how long that took, what it cost, and where its file is."""
    said = [("Made", when(take.made_at))] if take.made_at is not None else []
    if take.seconds is not None:
        said.append(("Took", duration(take.seconds)))
    said.append(("Cost", price(take.cost)))
    if take.path:
        said.append(("File", take.path))
    return said


def when(moment: datetime) -> str:
    """A moment as the machine's own clock shows it."""
    local = moment.astimezone()
    return f"{local.day} {local:%B %Y, %H:%M}"
