"""The best-of-N trap: what is told of the best of several takes must not rise only because there were more of them.

On made takes (likeness plus error of measurement, errors of neighbouring frames alike) and on real ones (different
photographs of one person, as takes against another photograph of theirs). Beside the figure that is told stand those
that were tried and not taken.
"""

import csv
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samecast.core.rates import selected
from samecast.media import LocalMedia
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.identity import DlibIdentity

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
COUNTS = (1, 2, 4, 8, 16, 32)
SHOTS = 2000
FRAMES = 32
MIDDLE, NOISE = 0.7, 0.15
"""Made takes have this likeness on average; each frame's error of measurement has this standard deviation."""

Doubles = npt.NDArray[np.float64]


def measure() -> str:
    """The section on best-of-N, as Markdown."""
    return "\n\n".join(
        [
            "## Best of N",
            "Expected figure for a shot of N takes, over many shots (standard error).",
            "### Made takes, all equally like: nothing improves with N",
            _figures(lambda chance, n: _takes(chance, n, between=0.0)),
            "### Made takes that truly differ (standard deviation 0.05)",
            _figures(lambda chance, n: _takes(chance, n, between=0.05)),
            "### Tried for the winner, and not taken: picked on some frames, told on the others, equal takes",
            _splits(),
            "### Shooting until one take holds, each with a chance of one half",
            _until_it_holds(),
            "### Real photographs as takes",
            _real(),
        ]
    )


def _errors(chance: np.random.Generator, shape: tuple[int, ...], alike: float) -> Doubles:
    """Errors with standard deviation 1, neighbours on the last axis correlated by `alike`."""
    fresh = chance.normal(size=shape)
    found = fresh.copy()
    for index in range(1, shape[-1]):
        found[..., index] = alike * found[..., index - 1] + np.sqrt(1 - alike**2) * fresh[..., index]
    return found


def _takes(chance: np.random.Generator, takes: int, *, between: float, alike: float = 0.8) -> Doubles:
    """Likeness of N takes by frame, N x FRAMES."""
    true = MIDDLE + between * chance.normal(size=(takes, 1))
    return np.asarray(true + NOISE * _errors(chance, (takes, FRAMES), alike), np.float64)


def _figures(make: Callable[[np.random.Generator, int], Doubles]) -> str:
    lines = ["| N | the winner's own figure | told: the mean over all takes |", "|---|---|---|"]
    for takes in COUNTS:
        chance = np.random.default_rng(takes)
        shots = [_told(make(chance, takes).mean(axis=1).tolist()) for _ in range(SHOTS)]
        lines.append(f"| {takes} | {_mean([best for best, _ in shots])} | {_mean([told for _, told in shots])} |")
    return "\n".join(lines)


def _told(figures: Sequence[float]) -> tuple[float, float]:
    """The winner's own figure, and the one that is told."""
    shot = selected(figures, max(range(len(figures)), key=figures.__getitem__))
    assert shot.headline is not None
    return shot.best, shot.headline


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.fmean(values):.3f} ({statistics.stdev(values) / len(values) ** 0.5:.3f})"


def _splits() -> str:
    index = np.arange(FRAMES)
    ways = {
        "even and odd frames": index % 2 == 0,
        "alternate quarters": index // 8 % 2 == 0,
        "first and second half": index < FRAMES // 2,
    }
    lines = [f"| neighbouring frames err alike by | N | {' | '.join(ways)} |", "|---|---|" + "---|" * len(ways)]
    for alike in (0.0, 0.5, 0.8, 0.95):
        for takes in (1, 32):
            chance = np.random.default_rng(takes)
            shots = [_takes(chance, takes, between=0.0, alike=alike) for _ in range(SHOTS)]
            cells = [_mean([_crossed(shot, half) for shot in shots]) for half in ways.values()]
            lines.append(f"| {alike} | {takes} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _crossed(shot: Doubles, half: npt.NDArray[np.bool_]) -> float:
    """Picked on either half of the frames and told on the other, on average."""
    here, there = shot[:, half].mean(axis=1), shot[:, ~half].mean(axis=1)
    return float(there[int(here.argmax())] + here[int(there.argmax())]) / 2


def _until_it_holds() -> str:
    """True likeness does not matter here: a take holds (0.9) or does not (0.1), and on average is at 0.5."""
    lines = ["| ordered at first | takes shot | mean over all shot | told: over those ordered |", "|---|---|---|---|"]
    for ordered in (1, 3):
        chance = np.random.default_rng(5)
        shots = []
        for _ in range(SHOTS):
            figures = [0.9 if chance.random() < 0.5 else 0.1 for _ in range(ordered)]
            while max(figures) < 0.5 and len(figures) < 12:
                figures.append(0.9 if chance.random() < 0.5 else 0.1)
            shots.append(figures)
        told = [selected(f, f.index(max(f)), ordered=ordered).headline or 0.0 for f in shots]
        every = [statistics.fmean(f) for f in shots]
        lines.append(f"| {ordered} | {_mean([len(f) for f in shots])} | {_mean(every)} | {_mean(told)} |")
    return "\n".join(lines)


def _real() -> str:
    """For each photograph as the reference, N takes drawn with replacement from the person's other photographs."""
    if not EVAL.is_dir():
        return "Not measured: the pictures to measure on are not beside the repository."
    likeness = _likeness()
    lines = [
        f"{len(likeness)} references of people with 4 to {max(len(entry) for entry in likeness) + 1} photographs; 200"
        " shots for each.",
        "",
        "| N | the winner's own figure | told: the mean over all takes |",
        "|---|---|---|",
    ]
    for takes in COUNTS:
        chance = np.random.default_rng(takes)
        shots = [_told(chance.choice(entry, takes).tolist()) for entry in likeness for _ in range(200)]
        lines.append(f"| {takes} | {_mean([best for best, _ in shots])} | {_mean([told for _, told in shots])} |")
    return "\n".join(lines)


def _likeness() -> list[list[float]]:
    """For each reference, the calibrated probabilities of the same person's other photographs."""
    media, reader, encoder = LocalMedia(), MediaPipeFaces(), DlibIdentity()
    people: dict[str, list[npt.NDArray[np.float32]]] = {}
    with (EVAL / "index.csv").open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["kind"] != "human" or not row["subject_id"]:
                continue
            rgb = media.fit_picture(media.read_picture(EVAL / row["path"]), 1024).rgb
            faces = reader.faces(rgb)
            if faces and encoder.doubt(rgb, faces[0]) is None:
                people.setdefault(row["subject_id"], []).append(encoder.encode(rgb, faces[0]))
    card = encoder.card
    return [
        [
            1 / (1 + float(np.exp(card.slope * (encoder.distance(one, other) - card.midpoint))))
            for place, other in enumerate(vectors)
            if place != own
        ]
        for vectors in people.values()
        if len(vectors) >= 4
        for own, one in enumerate(vectors)
    ]


if __name__ == "__main__":
    print(measure())
