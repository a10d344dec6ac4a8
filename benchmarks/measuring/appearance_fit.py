"""Fits the calibration of `vision/appearance` anew, and prints it as `vision/calibrations/appearance.toml` holds it.

Run it with `python -m benchmarks.measuring.appearance_fit` after any change to the encoder's form; the blend's numbers
come first, for the curves belong to the blend that is in place.
"""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.measuring.appearance import (
    FOLDS,
    KINDS,
    Compared,
    Seen,
    all_pairs,
    best_blend,
    described,
    held_out,
    split,
)

from samecast.core.calibrating import (
    Pair,
    auc,
    equal_error_rate,
    fit,
    folds_by_identity,
    out_of_fold,
    rate_at,
    rates,
)
from samecast.core.calibrations import Figures, Fitted, calibration_to_toml
from samecast.core.kinds import SubjectKind
from samecast.vision.appearance import design_digest
from samecast.vision.appearance.encoder import shipped_blend
from samecast.vision.calibration import load_calibration

LEAST_SUBJECTS = 5
"""A kind with fewer subjects is not fitted alone."""


def fitted_anew(seen: Sequence[Seen]) -> str:
    """The blend as it should be, and the calibration that belongs to the blend as it is."""
    compared = all_pairs(seen)
    best = best_blend(compared)
    near, apart = split([c.pair(best) for c in compared])
    plain = fit(*split([Pair(a=c.a, b=c.b, distance=c.colour) for c in compared]))
    curve = fit(near, apart)
    slope = plain.slope / curve.slope
    lines = [
        "# [blend], to be put in place before the rest is believed:",
        f"# weight = {best.weight}",
        f"# plain_start = {curve.midpoint - slope * plain.midpoint:.3f}",
        f"# plain_slope = {slope:.3f}",
    ]
    tried = held_out(compared)
    pooled = fitted(compared, seen, None)
    figures = replace(
        pooled.figures,
        auc_out_of_fold=auc(*tried.odds),
        equal_error_rate_out_of_fold=equal_error_rate(*tried.odds),
        tar_out_of_fold=tried.tar,
        far_out_of_fold=tried.far,
        calibration_error_out_of_fold=tried.reliability.error,
    )
    shipped = load_calibration("appearance")
    kinds = []
    for kind in sorted(set(KINDS.values())):
        if sum(each == kind for each in KINDS.values()) >= LEAST_SUBJECTS:
            chosen = [c for c in compared if c.within(kind)]
            own = fitted(chosen, [s for s in seen if KINDS[s.subject] == kind], kind)
            kinds.append((kind, replace(own, threshold=pooled.threshold)))
    calibration = replace(shipped, sha256=design_digest(), pooled=replace(pooled, figures=figures), kinds=tuple(kinds))
    return "\n".join([*lines, calibration_to_toml(calibration)])


def fitted(compared: Sequence[Compared], seen: Sequence[Seen], kind: SubjectKind | None) -> Fitted:
    pairs = [c.pair(shipped_blend()) for c in compared]
    near, apart = split(pairs)
    names = {each.subject for each in seen}
    tried = out_of_fold(pairs, folds_by_identity([each.subject for each in seen], FOLDS), 0.01)
    return Fitted(
        curve=fit(near, apart),
        threshold=rate_at(near, apart, 0.01).distance,
        rates=rates(near, apart),
        figures=Figures(
            set=f"{len(seen)} pictures of {len(names)} subjects" + (f" ({kind})" if kind else ""),
            same_pairs=len(near),
            different_pairs=len(apart),
            auc=auc(near, apart),
            pictures=len(seen),
            identities=len(names),
            equal_error_rate=equal_error_rate(near, apart),
            folds=tried.folds,
            auc_out_of_fold=tried.auc,
            equal_error_rate_out_of_fold=tried.equal_error_rate,
            calibration_error_out_of_fold=tried.reliability.error,
        ),
    )


if __name__ == "__main__":
    print(fitted_anew(described()[0]))
