"""`samecast encoders`: what likeness is read with, fetching a better one, and calibrating one on one's own pictures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from samecast.cli.terminal import err, escape, out, print_json, say, studio_of
from samecast.core.calibrating import Rate
from samecast.core.calibrations import Fitted
from samecast.core.encoders import EncoderEntry, EncoderKind, EncoderState, Pulled, Weights
from samecast.services.calibrating import Calibrated
from samecast.services.encoders import Encoders

app = typer.Typer(help="What likeness is read with.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; words go to stderr.")]
TONES = {"ready": "green", "not pulled": "dim", "not calibrated": "yellow", "broken": "red"}


@app.command("list")
def list_encoders(context: typer.Context, json: Json = False) -> None:
    """Every encoder, its licence, whether it is ready, and what its calibration was measured on."""
    encoders = encoders_of(context)
    states = encoders.all()
    for kind in get_args(EncoderKind):
        _warn_of(encoders.in_use(kind), kind, states)
    if json:
        print_json({"encoders": [_state(state) for state in states]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("encoder", no_wrap=True)
    for column in ("of", "version", "licence"):
        table.add_column(column, no_wrap=True)
    table.add_column("here", no_wrap=True)
    table.add_column("calibration", overflow="fold")
    for state in states:
        entry, used = state.entry, " [green]in use[/]" if state.in_use else ""
        words = (entry.kind, entry.version, entry.licence)
        here = f"[{TONES[state.readiness]}]{state.readiness}[/]{used}"
        table.add_row(escape(entry.name), *map(escape, words), here, escape(_told(state)))
    out.print(table)


@app.command()
def pull(context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME")], json: Json = False) -> None:
    """Fetch an encoder from the hub: that commit, that file, that sha256, and nothing else."""
    encoders = encoders_of(context)
    entry = encoders.entry(name)
    if entry.weights is not None:
        _announce(entry, entry.weights)
    with _bar() as bar:
        pulled = encoders.pull(name, lambda here, total: bar("bytes", here, total))
    if json:
        print_json(_pulled(pulled))
        return
    _print_pulled(pulled)


@app.command()
def calibrate(
    context: typer.Context,
    index: Annotated[Path, typer.Argument(metavar="INDEX.csv", help="Columns: path, subject_id, and kind if known.")],
    encoder: Annotated[
        str | None, typer.Option("--encoder", metavar="NAME", help="Which one; the face encoder in use if left out.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the calibration here, and keep the present one.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure what an encoder's distances mean on labelled pictures, and keep that for its scores."""
    encoders = encoders_of(context)
    with _bar() as bar:
        found = encoders.calibrate(index, encoder, out=file, watch=bar)
    if json:
        print_json(_calibrated(found, kept=file is None))
        return
    _print_calibrated(found, kept=file is None)


def encoders_of(context: typer.Context) -> Encoders:
    return studio_of(context).encoders


def _warn_of(name: str, kind: str, states: Sequence[EncoderState]) -> None:
    """Say so where the settings choose an encoder that no score can come from."""
    chosen = next((state for state in states if state.entry.name == name and state.entry.kind == kind), None)
    if chosen is None:
        say(f"SAMECAST_{kind.upper()}_ENCODER is '{name}', and there is no such encoder of {kind}.")
    elif chosen.readiness != "ready":
        say(f"SAMECAST_{kind.upper()}_ENCODER is '{name}', which is {chosen.readiness}: no score can come from it.")


def _told(state: EncoderState) -> str:
    match state.readiness:
        case "not pulled":
            return f"samecast encoders pull {state.entry.name}"
        case "not calibrated":
            told = f"samecast encoders calibrate INDEX.csv --encoder {state.entry.name}"
            return f"{state.trouble} {told}".strip()
        case "broken":
            return state.trouble
        case "ready":
            return f"your own, {state.calibration}" if state.own else state.calibration


def _announce(entry: EncoderEntry, weights: Weights) -> None:
    """What is about to be fetched, and under which licence, before a byte of it comes."""
    size = f", {weights.size / 1e6:.0f} MB" if weights.size else ""
    say(f"{entry.name} {entry.version}: {weights.repo}, {weights.file}{size}")
    say(f"Licence: {entry.licence}. {entry.about}".strip())
    if not entry.run_here:
        say("It was not run where samecast was written: your calibration will be the first word on it.")
    if weights.sha256 is None:
        say("No sha256 is known for it beforehand: what the hub has now is trusted, and kept to ever after.")


def _print_pulled(pulled: Pulled) -> None:
    name, pin = pulled.entry.name, pulled.pin
    state = "fetched" if pulled.fresh else "here already"
    out.print(f"{escape(name)}  {state}, {pin.size / 1e6:.1f} MB, sha256 {pin.sha256}", soft_wrap=True)
    if pulled.first_seen:
        say("That sha256 was not known beforehand; it is kept, and any other is refused from now on.")
    say(f"Next, so that it can be used: samecast encoders calibrate INDEX.csv --encoder {name}")


def _print_calibrated(found: Calibrated, *, kept: bool) -> None:
    calibration = found.calibration
    out.print(
        f"[bold]{escape(calibration.encoder)}[/] on {escape(calibration.pooled.figures.sentence)}", soft_wrap=True
    )
    _print_fitted(calibration.pooled)
    for kind, fitted in calibration.kinds:
        out.print(f"[bold]{escape(kind)}[/] {escape(fitted.figures.sentence)}", soft_wrap=True)
        _print_fitted(fitted)
    for kind, why in found.thin:
        say(f"{kind}: no calibration of its own. {why}")
    if found.skipped:
        say("Not used: " + ", ".join(f"{count} {why}" for why, count in found.skipped) + ".")
    say(f"{'Kept in' if kept else 'Written to'} {found.path}")


def _print_fitted(fitted: Fitted) -> None:
    figures = fitted.figures
    lines = [f"  P(same) = 1 / (1 + exp({fitted.curve.slope:.4g} (d - {fitted.curve.midpoint:.4g})))"]
    lines += [f"  FAR {_share(rate.far)}: TAR {_share(rate.tar)} at d < {rate.distance:.4g}" for rate in fitted.rates]
    lines += [f"  FAR {_share(far)}: too few pairs to say" for far in fitted.untold]
    told = [("EER", figures.equal_error_rate), ("EER out of fold", figures.equal_error_rate_out_of_fold)]
    told += [("calibration error out of fold", figures.calibration_error_out_of_fold)]
    lines += [f"  {name} {_share(value)}" for name, value in told if value is not None]
    lines += [
        f"  heads up to {band.up_to:g} degrees apart: median d {band.median:.3f}, 95 of 100 within {band.p95:.3f}"
        for band in fitted.angles
    ]
    for line in lines:
        out.print(escape(line), soft_wrap=True)


def _share(value: float) -> str:
    return f"{100 * value:.4g} %"


@contextmanager
def _bar() -> Iterator["_Bar"]:
    """A bar on stderr that names its step; none without a terminal."""
    step = TextColumn("{task.description:<8}", style="dim")
    columns = (step, BarColumn(bar_width=None), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(
        *columns, TimeRemainingColumn(), console=err, transient=True, disable=not err.is_terminal
    ) as progress:
        yield _Bar(progress)


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def __call__(self, step: str, done: int, total: int | None) -> None:
        self._progress.update(self._task, description=step, completed=done, total=total)


def _state(state: EncoderState) -> dict[str, object]:
    entry = state.entry
    return {
        "name": entry.name,
        "kind": entry.kind,
        "version": entry.version,
        "licence": entry.licence,
        "state": state.readiness.replace(" ", "_"),
        "in_use": state.in_use,
        "sha256": state.sha256,
        "calibration": state.calibration or None,
        "own_calibration": state.own,
        "threshold": state.threshold,
        "rates": _rates(state.rates),
        "trouble": state.trouble or None,
        "built_in": entry.built_in,
        "run_here": entry.run_here,
        "source": None
        if entry.weights is None
        else {
            "repo": entry.weights.repo,
            "revision": entry.weights.revision,
            "file": entry.weights.file,
            "size": entry.weights.size,
        },
        "about": entry.about,
    }


def _pulled(pulled: Pulled) -> dict[str, object]:
    pin = pulled.pin
    return {
        "name": pulled.entry.name,
        "licence": pulled.entry.licence,
        "fetched": pulled.fresh,
        "repo": pin.repo,
        "revision": pin.revision,
        "file": pin.file,
        "sha256": pin.sha256,
        "size": pin.size,
        "first_seen": pulled.first_seen,
    }


def _calibrated(found: Calibrated, *, kept: bool) -> dict[str, object]:
    calibration = found.calibration
    return {
        "encoder": calibration.encoder,
        "version": calibration.version,
        "sha256": calibration.sha256,
        "path": str(found.path),
        "kept": kept,
        "used": found.used,
        "skipped": dict(found.skipped),
        **_fitted(calibration.pooled),
        "kinds": {kind: _fitted(fitted) for kind, fitted in calibration.kinds},
        "too_few": dict(found.thin),
    }


def _fitted(fitted: Fitted) -> dict[str, object]:
    figures = fitted.figures
    return {
        "set": figures.set,
        "index_sha256": figures.index_sha256,
        "pictures": figures.pictures,
        "identities": figures.identities,
        "same_pairs": figures.same_pairs,
        "different_pairs": figures.different_pairs,
        "slope": fitted.curve.slope,
        "midpoint": fitted.curve.midpoint,
        "threshold": fitted.threshold,
        "auc": figures.auc,
        "equal_error_rate": figures.equal_error_rate,
        "folds": figures.folds,
        "auc_out_of_fold": figures.auc_out_of_fold,
        "equal_error_rate_out_of_fold": figures.equal_error_rate_out_of_fold,
        "tar_out_of_fold": figures.tar_out_of_fold,
        "far_out_of_fold": figures.far_out_of_fold,
        "calibration_error_out_of_fold": figures.calibration_error_out_of_fold,
        "rates": _rates(fitted.rates),
        "too_few_pairs_for": list(fitted.untold),
        "angles": [
            {"up_to": band.up_to, "median": band.median, "p95": band.p95, "pairs": band.pairs} for band in fitted.angles
        ],
    }


def _rates(rates: tuple[Rate, ...]) -> list[dict[str, float]]:
    return [{"far": rate.far, "tar": rate.tar, "distance": rate.distance} for rate in rates]
