"""A declared use is held against a licence's limits; what was not declared excludes nothing."""

import pytest

from samecast.core.errors import LicenceExcludes
from samecast.core.terms import Terms, Use, check_use, in_words

H3 = Terms(excludes=("US", "EU", "GB", "KR"), revenue=20_000_000)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (Use(country="US"), "grants nothing in US"),
        (Use(country="de"), "grants nothing in DE"),
        (Use(revenue=20_000_000), "ends at $20,000,000 a year"),
    ],
)
def test_a_use_outside_the_limits_is_named(use: Use, said: str):
    with pytest.raises(LicenceExcludes) as error:
        check_use(H3, use, "minimax-h3")
    assert said in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize("use", [Use(), Use(country="CH"), Use(country="JP", revenue=19_999_999, purpose="commercial")])
def test_a_use_inside_them_or_not_declared_passes(use: Use):
    check_use(H3, use, "minimax-h3")


def test_commercial_use_of_what_is_not_for_it():
    research = Terms(commercial=False)
    check_use(research, Use(purpose="personal"), "m")
    with pytest.raises(LicenceExcludes, match="does not allow commercial use"):
        check_use(research, Use(purpose="commercial"), "m")


def test_limits_in_words():
    assert in_words(Terms()) == ""
    assert in_words(H3) == "Limits: not in US, EU, GB, KR; below $20,000,000 of revenue a year."
