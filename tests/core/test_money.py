"""Money is exact, and a budget is what people mean when they type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput
from samecast.core.money import DOLLAR, MOST_DOLLARS, MOST_TAKES, Budget, dollars, parse_budget, parse_dollars, price


@pytest.mark.parametrize(("typed", "takes"), [("6", 6), (" 1 ", 1), ("06", 6), (str(MOST_TAKES), MOST_TAKES)])
def test_a_bare_whole_number_is_takes(typed: str, takes: int):
    assert parse_budget(typed) == Budget(takes=takes)


@pytest.mark.parametrize(
    ("typed", "micros"),
    [
        ("2.50", 2_500_000),
        ("$2.50", 2_500_000),
        ("$3", 3_000_000),
        ("$ 3", 3_000_000),
        ("3.0", 3_000_000),
        ("2.5usd", 2_500_000),
        ("2.5 USD", 2_500_000),
        ("3$", 3_000_000),
        (".5", 500_000),
        ("0.000001", 1),
        ("$10000", MOST_DOLLARS * DOLLAR),
    ],
)
def test_a_point_or_a_sign_makes_it_dollars(typed: str, micros: int):
    assert parse_budget(typed) == Budget(money=micros)


NOT_BUDGETS = (
    "", " ", "0", "00", "0.00", "$0", "-1", "-2.50", "$-3", "+3", "six", "1e3", "1_000", "1,50", "2.50.1", "2.", ".",
    "$", "usd", "$3usd", "3 €", "٣", "１", "nan", "inf", "0x10", "1001", "9" * 400, "$10000.01", "$" + "9" * 400,
    "0.1234567891", "0.0000001", "6\n7", "1" + "." + "0" * 400,
)  # fmt: skip


@pytest.mark.parametrize("typed", NOT_BUDGETS)
def test_nonsense_is_refused_in_one_short_line(typed: str):
    with pytest.raises(InvalidInput) as refused:
        parse_budget(typed)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200
    assert "2.50" in refused.value.hint


@given(st.text())
def test_any_text_is_a_budget_within_bounds_or_refused(typed: str):
    try:
        budget = parse_budget(typed)
    except InvalidInput:
        return
    assert (budget.takes is None) != (budget.money is None)
    assert 0 < (budget.takes or 1) <= MOST_TAKES
    assert 0 < (budget.money or 1) <= MOST_DOLLARS * DOLLAR


def test_amounts_are_told_exactly():
    amounts = (40_000, 1_200_000, 400, 0, 1, 2_345_678, 12_000_000)
    assert [dollars(amount) for amount in amounts] == [
        "$0.04", "$1.20", "$0.0004", "$0.00", "$0.000001", "$2.345678", "$12.00",
    ]  # fmt: skip
    assert [price(amount) for amount in (0, 40_000)] == ["free", "$0.04"]
    with pytest.raises(ValueError, match="-1"):
        dollars(-1)


@given(st.integers(1, MOST_DOLLARS * DOLLAR))
def test_what_is_told_reads_back_as_the_same(micros: int):
    assert parse_budget(dollars(micros)) == Budget(money=micros)
    assert parse_dollars(dollars(micros).removeprefix("$")) == micros


@pytest.mark.parametrize("text", ["", ".", "-1", "1e3", "0.0000001", "four cents", "$1", "1,50", " 1"])
def test_a_price_is_a_plain_amount(text: str):
    with pytest.raises(ValueError, match="'"):
        parse_dollars(text)
