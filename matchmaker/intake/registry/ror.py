"""ROR, the register of research organizations: names in many languages, and where they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from matchmaker.intake.registry.published import Published, Row

_LANGUAGE = re.compile("[a-z]{2,3}")


def rows(published: Published) -> Iterator[Row]:
    """Organizations that are active; of a dump with both, the records of schema 2."""
    names = [name for name in published.members if name.casefold().endswith(".json")]
    if not names:
        raise published.refusal("holds no JSON")
    newest = [name for name in names if "schema_v2" in name] or names
    for record in published.json_rows(newest[0]):
        if not isinstance(record.get("id"), str):
            raise published.refusal("a record has no id")
        if record.get("status", "active") == "active":
            yield "organizations", _organization(record)


def _organization(record: Mapping[str, Any]) -> dict[str, Any]:
    identifier = record["id"].rstrip("/").rpartition("/")[2]
    cells = {"org_id": identifier, "source": record["id"], "sector": _sector(record.get("types") or ())}
    if isinstance(record.get("names"), list):
        return cells | _names(record["names"]) | _place(record.get("locations") or ())
    return cells | _old_names(record) | _old_place(record)


def _sector(types: Iterable[str]) -> str | None:
    """What kind it is; that it gives money, too, is no kind."""
    return next((kind.casefold() for kind in types if kind.casefold() != "funder"), None)


def _names(names: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The displayed name as `name`, labels by language, all others as aliases."""
    cells: dict[str, Any] = {}
    others: list[str] = []
    for each in names:
        value, kinds, language = _plain(each.get("value")), each.get("types") or (), each.get("lang") or ""
        if "ror_display" in kinds:
            cells.setdefault("name", value)
        column = f"name_{language}" if "label" in kinds and _LANGUAGE.fullmatch(language) else "aliases"
        if column == "aliases" or cells.setdefault(column, value) != value:
            others.append(value)
    aliases = dict.fromkeys(name for name in others if name and name not in cells.values())
    return cells | {"aliases": ";".join(aliases)}


def _place(locations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    details: Mapping[str, Any] = next((each.get("geonames_details") or {} for each in locations), {})
    country = details.get("country_code")
    city = _plain(details.get("name"))
    return {
        "country": country,
        "region": _plain(details.get("country_subdivision_name")) or country,
        "city": f"{city}, {country}" if city else None,
    }


def _old_names(record: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 1."""
    labels = {
        f"name_{each['iso639']}": _plain(each["label"]) for each in record.get("labels") or () if each.get("iso639")
    }
    others = [*(record.get("aliases") or ()), *(record.get("acronyms") or ())]
    return {"name": _plain(record.get("name")), **labels, "aliases": ";".join(dict.fromkeys(map(_plain, others)))}


def _old_place(record: Mapping[str, Any]) -> dict[str, Any]:
    country = (record.get("country") or {}).get("country_code")
    address: Mapping[str, Any] = next(iter(record.get("addresses") or ()), {})
    city = _plain(address.get("city"))
    region = _plain((address.get("geonames_city") or {}).get("geonames_admin1", {}).get("name"))
    return {"country": country, "region": region or country, "city": f"{city}, {country}" if city else None}


def _plain(text: Any) -> str:
    """A name in one line; a semicolon would divide it."""
    return " ".join(str(text or "").replace(";", ",").split())
