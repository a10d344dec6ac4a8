"""A calibration as it is kept: whose distances, measured on which pictures, and what they mean. Values and their TOML.

How the numbers are found is in `calibrating`; where a file lies, and which encoder it belongs to, is decided elsewhere.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

from samecast.core.calibrating import (
    TOLD,
    AngleBand,
    Curve,
    Pair,
    Rate,
    angle_bands,
    auc,
    enough_for,
    equal_error_rate,
    fit,
    folds_by_identity,
    out_of_fold,
    rate_at,
    rates,
)
from samecast.core.errors import InvalidInput

LIMIT = 0.01
"""The false accept rate of the threshold that every calibration has."""
LEAST_SAME = 20
LEAST_IDENTITIES = 5
FOLDS = 5

Table: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a calibration was measured on, and how well the encoder does there; None or 0 where that is not told."""

    set: str
    same_pairs: int
    different_pairs: int
    auc: float
    pictures: int = 0
    identities: int = 0
    equal_error_rate: float | None = None
    folds: int = 0
    auc_out_of_fold: float | None = None
    equal_error_rate_out_of_fold: float | None = None
    tar_out_of_fold: float | None = None
    far_out_of_fold: float | None = None
    calibration_error_out_of_fold: float | None = None
    index_sha256: str = ""
    caution: str = ""

    @property
    def sentence(self) -> str:
        return (
            f"{self.set}: {self.same_pairs} pairs of the same subject and "
            f"{self.different_pairs} of different ones, AUC {self.auc:.4f}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What distances mean on one set: the curve, the distance at a false accept rate of 1 %, and the tables."""

    curve: Curve
    threshold: float
    figures: Figures
    rates: tuple[Rate, ...] = ()
    angles: tuple[AngleBand, ...] = ()

    @property
    def untold(self) -> tuple[float, ...]:
        """The false accept rates that these pairs are too few to tell."""
        return tuple(far for far in TOLD if not enough_for(far, self.figures.different_pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """An encoder's stored calibration. `sha256`: of the very weights it was made with.

    `kinds`: the same by kind of subject, for appearance; a kind that was measured on too little is not there.
    """

    encoder: str
    version: str
    sha256: str
    licence: str
    pooled: Fitted
    kinds: tuple[tuple[str, Fitted], ...] = ()

    def for_kind(self, kind: str | None) -> Fitted:
        """What was measured for this kind, or for all of them where it was not."""
        return dict(self.kinds).get(kind or "", self.pooled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the pairs were made from: the set's name, its index's digest, and how many pictures of whom."""

    name: str
    index_sha256: str
    pictures: int
    identities: int


def fitted_to(pairs: Sequence[Pair], source: Source, turns: Sequence[tuple[float, float]] = ()) -> Fitted:
    """Fit and measure. `turns`: difference of yaw (degrees) and distance of pairs of one person, for faces.

    Raises `InvalidInput` where the pairs are too few to give a threshold, or the distances tell nothing.
    """
    same, different = [pair for pair in pairs if pair.same], [pair for pair in pairs if not pair.same]
    check_counts(len({name for pair in pairs for name in (pair.a, pair.b)}), len(same), len(different))
    near, apart = [pair.distance for pair in same], [pair.distance for pair in different]
    curve = fit(near, apart)
    if curve.slope <= 0:
        raise InvalidInput(
            "These distances do not tell the subjects apart: pairs of one lie no closer than pairs of different ones.",
            hint="Check the subject_id column, or use another encoder.",
        )
    names = [name for pair in same + different for name in (pair.a, pair.b)]
    tried = out_of_fold(same + different, folds_by_identity(names, FOLDS), LIMIT)
    return Fitted(
        curve=curve,
        threshold=rate_at(near, apart, LIMIT).distance,
        rates=rates(near, apart),
        angles=angle_bands(turns),
        figures=Figures(
            set=source.name,
            index_sha256=source.index_sha256,
            pictures=source.pictures,
            identities=source.identities,
            same_pairs=len(near),
            different_pairs=len(apart),
            auc=auc(near, apart),
            equal_error_rate=equal_error_rate(near, apart),
            folds=tried.folds,
            auc_out_of_fold=tried.auc,
            equal_error_rate_out_of_fold=tried.equal_error_rate,
            tar_out_of_fold=tried.tar,
            far_out_of_fold=tried.far,
            calibration_error_out_of_fold=tried.reliability.error,
        ),
    )


def check_counts(identities: int, same: int, different: int) -> None:
    """Raises `InvalidInput` where so many subjects and pairs are too few to calibrate on."""
    least = round(10 / LIMIT)
    if identities < LEAST_IDENTITIES:
        raise InvalidInput(
            f"Too few subjects to calibrate on: {identities}, and at least {LEAST_IDENTITIES} are needed.",
            hint="Each needs at least two usable pictures.",
        )
    if same < LEAST_SAME:
        raise InvalidInput(
            f"Too few pairs of one subject to calibrate on: {same}, and at least {LEAST_SAME} are needed.",
            hint="Add more pictures of the same subjects.",
        )
    if not enough_for(LIMIT, different):
        raise InvalidInput(
            f"Too few pairs of different subjects for a threshold at FAR 1 %: {different} of {least}.",
            hint="Add subjects: 50 usable pictures of 10 subjects are enough.",
        )


def parse_calibration(text: str) -> Calibration:
    """Read the TOML form. Raises `InvalidInput` for anything else, in one line that says what is wrong."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"A calibration is not TOML: {error}.") from error
    encoder = _table(tree, "encoder")
    kinds = tree.get("kinds", {})
    return Calibration(
        encoder=_text(encoder, "name"),
        version=_text(encoder, "version"),
        sha256=_text(encoder, "sha256"),
        licence=_text(encoder, "licence"),
        pooled=_fitted(tree),
        kinds=tuple((name, _fitted(_table(kinds, name))) for name in kinds) if isinstance(kinds, dict) else (),
    )


def calibration_to_toml(calibration: Calibration) -> str:
    """The form that `parse_calibration` reads."""
    lines = [
        "# What a distance between two vectors of this encoder means. Made by `samecast encoders calibrate`.",
        "# P(same) = 1 / (1 + exp(slope * (distance - midpoint))), for equal priors.",
        "",
        "[encoder]",
        f"name = {_quoted(calibration.encoder)}",
        f"version = {_quoted(calibration.version)}",
        f"sha256 = {_quoted(calibration.sha256)}",
        f"licence = {_quoted(calibration.licence)}",
        *_lines(calibration.pooled, ""),
    ]
    for kind, fitted in calibration.kinds:
        lines += _lines(fitted, f"kinds.{_key(kind)}.")
    return "\n".join(lines) + "\n"


def _fitted(tree: Table) -> Fitted:
    curve, figures = _table(tree, "fit"), _table(tree, "figures")
    slope, midpoint, threshold = (_number(curve, key) for key in ("slope", "midpoint", "threshold"))
    if slope <= 0:
        raise InvalidInput("A calibration's slope has to be more than 0.")
    return Fitted(
        curve=Curve(slope=slope, midpoint=midpoint),
        threshold=threshold,
        figures=_figures(figures),
        rates=tuple(
            Rate(far=_number(row, "far"), tar=_number(row, "tar"), distance=_number(row, "distance"))
            for row in _rows(tree, "rates")
        ),
        angles=tuple(
            AngleBand(
                up_to=_number(row, "up_to"),
                median=_number(row, "median"),
                p95=_number(row, "p95"),
                pairs=int(_number(row, "pairs")),
            )
            for row in _rows(tree, "angles")
        ),
    )


def _figures(tree: Table) -> Figures:
    """The figures by name; a calibration may hold others beside them, for people to read."""
    known: dict[str, str | float | int] = {}
    for field in fields(Figures):
        match tree.get(field.name):
            case str() | int() | float() as value if not isinstance(value, bool):
                known[field.name] = value
    for key in ("set", "same_pairs", "different_pairs", "auc"):
        if key not in known:
            raise InvalidInput(f"A calibration lacks '{key}' in its figures.")
    return Figures(**known)  # type: ignore[arg-type]


def _table(tree: Table, key: str) -> Table:
    found = tree.get(key)
    if not isinstance(found, dict):
        raise InvalidInput(f"A calibration lacks its table [{key}].")
    return found


def _rows(tree: Table, key: str) -> list[Table]:
    found = tree.get(key, [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise InvalidInput(f"A calibration's [[{key}]] are not tables.")
    return found


def _text(tree: Table, key: str) -> str:
    found = tree.get(key)
    if not isinstance(found, str) or not found:
        raise InvalidInput(f"A calibration lacks '{key}'.")
    return found


def _number(tree: Table, key: str) -> float:
    found = tree.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise InvalidInput(f"A calibration lacks the number '{key}'.")
    return float(found)


def _lines(fitted: Fitted, under: str) -> list[str]:
    lines = [
        "",
        f"[{under}fit]",
        f"slope = {fitted.curve.slope:.6g}",
        f"midpoint = {fitted.curve.midpoint:.6g}",
        "# The distance at a false accept rate of 1 % on the pairs counted below.",
        f"threshold = {fitted.threshold:.6g}",
        "",
        f"[{under}figures]",
    ]
    for field in fields(Figures):
        match getattr(fitted.figures, field.name):
            case None | "":
                pass
            case str() as text:
                lines.append(f"{field.name} = {_quoted(text)}")
            case float() as number:
                lines.append(f"{field.name} = {number:.4f}")
            case count:
                lines.append(f"{field.name} = {count}")
    if fitted.untold:
        shares = ", ".join(f"FAR {100 * far:g} %" for far in fitted.untold)
        lines.append(f"# Too few pairs of different subjects to say anything at: {shares}.")
    for rate in fitted.rates:
        lines += ["", f"[[{under}rates]]", f"far = {rate.far:g}", f"tar = {rate.tar:.4f}"]
        lines.append(f"distance = {rate.distance:.6g}")
    for band in fitted.angles:
        lines += ["", f"[[{under}angles]]", f"up_to = {band.up_to:g}", f"median = {band.median:.4f}"]
        lines += [f"p95 = {band.p95:.4f}", f"pairs = {band.pairs}"]
    return lines


def _quoted(text: str) -> str:
    """A TOML basic string: quotes, backslashes and control characters escaped."""
    escaped = "".join(
        f"\\{c}" if c in '"\\' else c if c.isprintable() else f"\\U{ord(c):08X}"
        for c in text
        if ord(c) < 0xD800 or ord(c) > 0xDFFF
    )
    return f'"{escaped}"'


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else _quoted(name)
