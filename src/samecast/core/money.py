"""Money as whole millionths of a US dollar ("micros"), and budgets as people type them. Never a float.

What a take costs is the catalogue's to say, what a shot may cost is `story.Goal`'s.
"""

import re
from dataclasses import dataclass

from samecast.core.errors import InvalidInput

DOLLAR = 1_000_000
"""One dollar in micros."""
DECIMALS = 6
"""How many decimals of a dollar can be kept."""
MOST_DOLLARS = 10_000
MOST_TAKES = 1_000
"""The largest budgets that are taken for meant; more is taken for a slip of the hand."""

_DOLLARS = re.compile(r"([0-9]{0,12})(?:\.([0-9]+))?")
_BUDGET = re.compile(r"(?P<before>\$\s*)?(?P<number>[0-9]*\.?[0-9]+)(?P<after>\s*(?:\$|usd|dollars?))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A ceiling: of takes, or of money in micros; exactly one of the two is set."""

    takes: int | None = None
    money: int | None = None


def parse_budget(text: str) -> Budget:
    """Read '6' as 6 takes, and '2.50', '$3' or '2.5usd' as money. Raises `InvalidInput` for anything else.

    A bare whole number is takes; a decimal point, `$` or `usd` makes it dollars.
    """
    typed = text.strip()
    found = _BUDGET.fullmatch(typed)
    if found is None or (found["before"] and found["after"]):
        raise _refused(text, "is no budget")
    number = found["number"]
    if found["before"] or found["after"] or "." in number:
        return Budget(money=_money(text, number))
    return Budget(takes=_takes(text, number))


def parse_dollars(text: str) -> int:
    """'0.04' as 40000 micros, exactly. Raises `ValueError` for what is no such amount, or has too many decimals."""
    found = _DOLLARS.fullmatch(text)
    if found is None or not (found[1] or found[2]):
        raise ValueError(f"'{text}' is not an amount in dollars, such as '0.04'")
    decimals = found[2] or ""
    if len(decimals) > DECIMALS:
        raise ValueError(f"'{text}' has more than {DECIMALS} decimals")
    return int(found[1] or 0) * DOLLAR + int(decimals.ljust(DECIMALS, "0"))


def dollars(micros: int) -> str:
    """'$0.04', '$1.20', '$0.0004', '$0.00': exact, with at least two decimals. Raises `ValueError` below zero."""
    if micros < 0:
        raise ValueError(f"{micros} micros are no amount")
    whole, rest = divmod(micros, DOLLAR)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"${whole}.{decimals}"


def price(micros: int) -> str:
    """What something costs: '$0.04', and 'free' for nothing."""
    return dollars(micros) if micros else "free"


def _money(text: str, number: str) -> int:
    try:
        micros = parse_dollars(number)
    except ValueError as error:
        raise _refused(text, f"cannot be a budget: an amount has at most {DECIMALS} decimals") from error
    if not 0 < micros <= MOST_DOLLARS * DOLLAR:
        raise _refused(text, f"cannot be a budget: give more than nothing and at most ${MOST_DOLLARS}")
    return micros


def _takes(text: str, number: str) -> int:
    if len(number) > 9 or not 0 < int(number) <= MOST_TAKES:
        raise _refused(text, f"cannot be a budget: give 1 to {MOST_TAKES} takes")
    return int(number)


def _refused(text: str, why: str) -> InvalidInput:
    shown = " ".join(text.split())
    shown = shown if len(shown) <= 40 else f"{shown[:39]}…"
    return InvalidInput(f"'{shown}' {why}.", hint="Give takes, such as 6, or dollars, such as 2.50.")
