"""Organizations, reasons and scores in words and in records."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset, Organization
    from matchmaker.scorers import Reason

MOST_REASONS = 3
DIGITS = 12


def place(dataset: Dataset, organization: Organization) -> str:
    """`CN Shenzhen`, as far as it is known."""
    region = organization.city or organization.region
    label = dataset.regions.label(region) if region else ""
    return " ".join(filter(None, (organization.country, label)))


def sector(dataset: Dataset, organization: Organization) -> str:
    """The label of its sector."""
    return dataset.sectors.label(organization.sector) if organization.sector else ""


def summary(dataset: Dataset, organization: Organization) -> str:
    """`CN Shenzhen · biotechnology`."""
    return " · ".join(filter(None, (place(dataset, organization), sector(dataset, organization))))


def name_columns(dataset: Dataset) -> list[str]:
    """The columns of the table of organizations that hold names, in every language that it has."""
    return [f"name_{language}" if language else "name" for language in dataset.languages]


def organization_record(dataset: Dataset, organization: Organization, prefix: str = "") -> dict[str, Any]:
    """Identifier, names in every language, country, region and sector."""
    names = zip(name_columns(dataset), dataset.languages, strict=True)
    record: dict[str, Any] = {"org_id": organization.id}
    record |= {column: organization.names.get(language) for column, language in names}
    record |= {key: getattr(organization, key) for key in ("country", "region", "sector")}
    return {prefix + key: value for key, value in record.items()}


def score_record(score: float, forward: float, backward: float, met: bool) -> dict[str, Any]:
    """The mutual score, both directions, and whether the two have met."""
    return {"score": figure(score), "forward": figure(forward), "backward": figure(backward), "met": met}


def reason_record(reason: Reason) -> dict[str, Any]:
    """A reason as an object."""
    return {
        "text": reason.text,
        "contribution": figure(reason.contribution),
        "source": reason.source,
        "day": iso(reason.day),
        "derived": reason.derived,
    }


def iso(day: date | None) -> str | None:
    """A day in ISO 8601."""
    return None if day is None else day.isoformat()


def figure(value: float) -> float:
    """A number as files show it: 12 digits, no negative zero."""
    return round(value, DIGITS) + 0.0


def best_reasons(forward: Sequence[Reason], backward: Sequence[Reason]) -> list[tuple[Reason, bool]]:
    """The weightiest reasons of both sides, and whether a reason is the other side's only."""
    ours = {reason.text for reason in forward}
    both = [(reason, False) for reason in forward]
    both += [(reason, True) for reason in backward if reason.text not in ours]
    evidence = [each for each in both if each[0].contribution > 0]
    return sorted(evidence, key=lambda each: -each[0].contribution)[:MOST_REASONS]


def why(forward: Sequence[Reason], backward: Sequence[Reason]) -> list[tuple[str, str]]:
    """The best reasons, each with what it adds."""
    return [
        (signed(reason.contribution), f"{'for them: ' if theirs else ''}{reason.text}")
        for reason, theirs in best_reasons(forward, backward)
    ] or [("", "no evidence")]


def signed(value: float) -> str:
    """`+1.92`, `−0.10`; what would show as nothing is nothing."""
    return two_digits(value) if abs(value) >= 0.005 else "0.00"


def two_digits(value: float) -> str:
    """Two digits with the sign, a real minus among them."""
    return f"{value:+.2f}".replace("-", "−")


def shares(parts: Sequence[float], total: float, digits: int = 2) -> list[str]:
    """The parts rounded so that what is shown adds up to the total that is shown (largest remainders).

    >>> shares([0.333, 0.333, 0.334], 1.0)
    ['+0.33', '+0.33', '+0.34']
    """
    unit = 10.0**-digits
    units = [part / unit for part in parts]
    floors = [math.floor(value) for value in units]
    missing = round(round(total, digits) / unit) - sum(floors)
    order = sorted(range(len(units)), key=lambda k: (floors[k] - units[k], k))
    for k in order[: max(0, missing)]:
        floors[k] += 1
    return [f"{value * unit:+.{digits}f}".replace("-", "−") for value in floors]


def score_text(score: float) -> str:
    """A score for a person: four digits, so that small ones can be told apart."""
    return f"{score:.4f}"


def unknown(dataset: Dataset, organization: Organization) -> Iterator[str]:
    """What the data do not tell of an organization, in words that follow its name."""
    wanted = {"interests": "what it works on", "offers": "what it offers", "seeks": "what it seeks"}
    missing = [words for name, words in wanted.items() if not getattr(organization, name)]
    if missing:
        yield f"does not say {listed(missing)}"
    for what in ("sector", "region"):
        if getattr(organization, what) is None:
            yield f"has no known {what}"
    if silent(dataset, organization):
        yield "has no recorded event or agreement" + (f" up to {dataset.today}" if dataset.cut else "")


def listed(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def silent(dataset: Dataset, organization: Organization) -> bool:
    """Whether no event and no agreement of an organization is recorded."""
    known = organization.id in set(dataset.ids)
    return not known or not _has_a_past(dataset, dataset.row(organization.id))


def _has_a_past(dataset: Dataset, row: int) -> bool:
    pairs = (dataset.participation_pairs.left, dataset.partner_pairs.left, dataset.partner_pairs.right)
    return any(bool((rows == row).any()) for rows in pairs)
