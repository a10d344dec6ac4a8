"""What a model's licence allows, as far as it can be held against a use: where, by whom, and for what.

The licence's own words are the catalogue's; nothing here is advice. A use that was not declared excludes nothing.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from samecast.core.errors import LicenceExcludes

Purpose: TypeAlias = Literal["personal", "commercial"]

EU = frozenset(
    {
        "AT",
        "BE",
        "BG",
        "HR",
        "CY",
        "CZ",
        "DK",
        "EE",
        "FI",
        "FR",
        "DE",
        "GR",
        "HU",
        "IE",
        "IT",
        "LV",
        "LT",
        "LU",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SK",
        "SI",
        "ES",
        "SE",
    }
)
"""The member states of the European Union, as ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The limits of a licence. `excludes`: countries (ISO 3166-1 alpha-2, or "EU") where it grants nothing.

    `revenue`: dollars a year from which a business needs another licence; None: no limit. `commercial`: whether
    outputs may be used commercially. `accept`: whether it has to be read and accepted before the first use.
    """

    excludes: tuple[str, ...] = ()
    revenue: int | None = None
    commercial: bool = True
    accept: bool = False

    @property
    def limited(self) -> bool:
        return bool(self.excludes) or self.revenue is not None or not self.commercial


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a user declared. `country`: ISO 3166-1 alpha-2; `revenue`: dollars a year; None: not said."""

    country: str | None = None
    revenue: int | None = None
    purpose: Purpose | None = None


def check_use(terms: Terms, use: Use, model: str, others: str = "") -> None:
    """Raises `LicenceExcludes` where the declared use is outside the terms. `others`: what to shoot on instead."""
    instead = others or "Choose another: samecast models list"
    country = (use.country or "").upper()
    if country and (country in terms.excludes or ("EU" in terms.excludes and country in EU)):
        raise LicenceExcludes(
            f"{model}'s licence grants nothing in {country}, where SAMECAST_COUNTRY says you are.", hint=instead
        )
    if not terms.commercial and use.purpose == "commercial":
        raise LicenceExcludes(
            f"{model}'s licence does not allow commercial use, which SAMECAST_PURPOSE says yours is.", hint=instead
        )
    if terms.revenue is not None and use.revenue is not None and use.revenue >= terms.revenue:
        raise LicenceExcludes(
            f"{model}'s licence ends at ${terms.revenue:,} a year, and SAMECAST_REVENUE says ${use.revenue:,}.",
            hint=instead,
        )


def in_words(terms: Terms) -> str:
    """The limits as one sentence; "" where there are none."""
    parts = []
    if terms.excludes:
        parts.append(f"not in {', '.join(terms.excludes)}")
    if terms.revenue is not None:
        parts.append(f"below ${terms.revenue:,} of revenue a year")
    if not terms.commercial:
        parts.append("not for commercial use")
    return f"Limits: {'; '.join(parts)}." if parts else ""
