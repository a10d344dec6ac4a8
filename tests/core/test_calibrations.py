"""What is kept of a calibration, read back as it was written; and what is too little to keep."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.calibrating import AngleBand, Curve, Pair, Rate
from samecast.core.calibrations import (
    Calibration,
    Figures,
    Fitted,
    Source,
    calibration_to_toml,
    fitted_to,
    parse_calibration,
)
from samecast.core.errors import InvalidInput

SOURCE = Source(name="a set", index_sha256="ab" * 32, pictures=60, identities=12)


def pairs_of(subjects: int, pictures: int, *, apart: float = 3.0, seed: int = 1) -> list[Pair]:
    source = random.Random(seed)
    shown = [(f"s{s}", apart * s + source.gauss(0, 1)) for s in range(subjects) for _ in range(pictures)]
    return [Pair(a=a, b=b, distance=abs(x - y)) for i, (a, x) in enumerate(shown) for b, y in shown[i + 1 :]]


def fitted(number: float = 0.25) -> Fitted:
    figures = Figures(set='a "set"\n', same_pairs=3, different_pairs=4, auc=number, caution="é \\ 漢")
    return Fitted(
        curve=Curve(slope=number, midpoint=-number),
        threshold=number,
        figures=figures,
        rates=(Rate(far=0.01, tar=0.5, distance=number),),
        angles=(AngleBand(up_to=10, median=0.25, p95=0.5, pairs=30),),
    )


def test_what_is_written_is_read_back():
    kept = Calibration(
        encoder="tiny",
        version="1",
        sha256="0" * 64,
        licence="CC0-1.0",
        pooled=fitted(),
        kinds=(("toy", fitted(0.5)), ("ein Tier", fitted(0.75))),
    )

    assert parse_calibration(calibration_to_toml(kept)) == kept
    assert kept.for_kind("toy") == fitted(0.5)
    assert kept.for_kind("boat") == kept.for_kind(None) == fitted()


@given(st.text(max_size=20))
def test_no_name_of_a_set_breaks_its_file(name):
    figures = Figures(set=name or "-", same_pairs=1, different_pairs=1, auc=1.0)
    pooled = Fitted(curve=Curve(slope=1, midpoint=1), threshold=1, figures=figures)
    kept = Calibration(encoder="tiny", version="1", sha256="0", licence="x", pooled=pooled, kinds=((name, pooled),))

    assert parse_calibration(calibration_to_toml(kept)) == kept


def test_a_measured_set_has_its_counts_its_tables_and_its_errors():
    pairs = pairs_of(12, 6)
    turns = [(5.0, 0.1)] * 25

    found = fitted_to(pairs, SOURCE, turns)

    figures = found.figures
    assert (figures.pictures, figures.identities, figures.index_sha256) == (60, 12, "ab" * 32)
    assert (figures.same_pairs, figures.different_pairs, figures.folds) == (180, 2376, 5)
    assert [rate.far for rate in found.rates] == [0.1, 0.05, 0.01]
    assert found.threshold == found.rates[-1].distance
    assert found.untold == (0.001,)
    assert 0.9 < figures.auc < 1
    for value in (figures.equal_error_rate_out_of_fold, figures.far_out_of_fold, figures.calibration_error_out_of_fold):
        assert value is not None
        assert 0 <= value < 0.3
    assert [(band.up_to, band.pairs) for band in found.angles] == [(5, 25)]
    text = calibration_to_toml(Calibration(encoder="e", version="1", sha256="0", licence="x", pooled=found))
    assert "# Too few pairs of different subjects to say anything at: FAR 0.1 %." in text
    again = parse_calibration(text).pooled
    assert again.curve.slope == pytest.approx(found.curve.slope, rel=1e-5)
    assert again.figures.auc_out_of_fold == pytest.approx(figures.auc_out_of_fold, abs=1e-4)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (pairs_of(4, 20), "Too few subjects"),
        ([pair for pair in pairs_of(60, 2) if not pair.same or pair.a < "s2"], "Too few pairs of one subject"),
        (pairs_of(9, 5), "Too few pairs of different subjects for a threshold at FAR 1 %: 900 of 1000"),
    ],
)
def test_too_little_is_refused_in_one_line(pairs, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        fitted_to(pairs, SOURCE)

    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_distances_that_tell_nothing_are_refused():
    turned = [Pair(a=pair.a, b=pair.b, distance=-pair.distance) for pair in pairs_of(12, 6)]

    with pytest.raises(InvalidInput, match="do not tell the subjects apart"):
        fitted_to(turned, SOURCE)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("= 3", "not TOML"),
        ("x = 3", r"lacks its table \[encoder\]"),
        ('[encoder]\nname = "a"\nversion = "1"\nlicence = "x"\n[fit]\n[figures]', "lacks 'sha256'"),
        (
            '[encoder]\nname = "a"\nversion = "1"\nsha256 = "0"\nlicence = "x"\n[fit]\nslope = true\n[figures]',
            "'slope'",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(broken, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        parse_calibration(broken)

    assert "\n" not in str(caught.value)


def test_a_slope_that_would_promise_more_to_those_farther_apart_is_refused():
    text = calibration_to_toml(Calibration(encoder="e", version="1", sha256="0", licence="x", pooled=fitted()))

    with pytest.raises(InvalidInput, match="slope"):
        parse_calibration(text.replace("slope = 0.25", "slope = -0.25"))
