"""CORDIS, the register of research projects of the European Union: a project is an event of its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from matchmaker.intake.registry.published import Published, Row

SECTORS = {"HES": "higher_education", "REC": "research", "PRC": "private", "PUB": "public", "OTH": "other"}
COUNTRIES = {"EL": "GR", "UK": "GB"}  # where the Union and ISO 3166 differ
ROLES = {
    "associatedpartner": "associated_partner", "thirdparty": "third_party", "internationalpartner": "partner",
}  # fmt: skip


def rows(published: Published) -> Iterator[Row]:
    """Organizations, events, participations and topics of the files, in the order in which they stand there."""
    projects = published.find("project", ".csv", ".json")
    members = published.find("organization", ".csv", ".json")
    documents = [name for name in published.members if name.casefold().endswith(".xml")]
    if projects and members:
        yield from _tables(published, projects, members)
    elif documents:
        for name in documents:
            yield from _document(published.xml(name))
    else:
        raise published.refusal("holds neither project and organization files nor XML of projects")


def _tables(published: Published, projects: str, members: str) -> Iterator[Row]:
    for record in _records(published, projects, "id"):
        yield "events", _event(record["id"], record)
    for record in _records(published, members, "projectID", "organisationID"):
        yield from _member(record["projectID"], record)
    fields = published.find("euroscivoc", ".csv", ".json")
    for record in _records(published, fields, "projectID", "euroSciVocPath") if fields else ():
        yield "topics", {"event_id": str(record["projectID"]), "term": _path(record["euroSciVocPath"])}


def _records(published: Published, name: str, *needed: str) -> Iterator[Mapping[str, Any]]:
    for record in published.csv_rows(name, ";") if name.casefold().endswith(".csv") else published.json_rows(name):
        for column in needed:
            if column not in record:
                raise published.refusal(f"{name} has no column {column}")
        yield record


def _event(identifier: Any, cells: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event_id": str(identifier),
        "date": _text(cells.get("startDate")),
        "end_date": _text(cells.get("endDate")),
        "title": _text(cells.get("title")) or _text(cells.get("acronym")),
        "kind": "project",
        "source": f"https://cordis.europa.eu/project/id/{identifier}",
    }


def _member(project: Any, cells: Mapping[str, Any]) -> Iterator[Row]:
    identifier = _text(cells.get("organisationID"))
    if not identifier:
        return
    yield "organizations", _organization(identifier, cells)
    role = str(cells.get("role") or "participant")
    yield "participations", {
        "event_id": str(project), "org_id": identifier, "role": ROLES.get(role.casefold(), role.casefold()),
    }  # fmt: skip


def _organization(identifier: str, cells: Mapping[str, Any]) -> dict[str, Any]:
    country = _country(_text(cells.get("country")))
    region, city = _text(cells.get("nutsCode")), _text(cells.get("city"))
    return {
        "org_id": identifier,
        "name": _text(cells.get("name")),
        "aliases": _text(cells.get("shortName")),
        "country": country,
        "region": _country(region[:2]) + region[2:] if region else country,
        "city": f"{city}, {country}" if city else None,
        "sector": SECTORS.get(_text(cells.get("activityType"))),
        "source": _text(cells.get("organizationURL")),
    }


def _country(code: str) -> str:
    return COUNTRIES.get(code, code)


def _path(path: str) -> str:
    """`/natural sciences/biology/` as a term: a path below its field."""
    return path.strip("/").casefold()


def _text(value: Any) -> str:
    """A cell as one line; a semicolon would divide names."""
    return " ".join(str(value).replace(";", ",").split()) if value is not None else ""


# --- XML ----------------------------------------------------------------------------------------------------------


def _document(root: Element) -> Iterator[Row]:
    for element in root.iter():  # namespaces differ from year to year
        element.tag = element.tag.rpartition("}")[2]
    identifier = root.findtext("id") or root.findtext("rcn") or ""
    names = ("startDate", "endDate", "title", "acronym")
    yield "events", _event(identifier, {name: root.findtext(name) for name in names})
    for element in root.iterfind("relations/associations/organization"):
        yield from _member(identifier, _cells(element))
    for category in root.iterfind("relations/categories/category"):
        if category.get("classification") == "euroSciVoc" and (path := category.findtext("displayCode")):
            yield "topics", {"event_id": identifier, "term": _path(path)}


def _cells(element: Element) -> dict[str, str | None]:
    """An organization of an XML document under the names of the CSV."""
    categories = element.iterfind("relations/categories/category")
    kinds = (each.findtext("code") for each in categories if each.get("classification") == "organizationActivityType")
    regions = element.iterfind("relations/regions/region")
    nuts = (each.findtext("nutsCode") for each in regions)
    return {
        "organisationID": element.findtext("id") or element.findtext("rcn"),
        "name": element.findtext("legalName"),
        "shortName": element.findtext("shortName"),
        "country": element.findtext("address/country"),
        "city": element.findtext("address/city"),
        "organizationURL": element.findtext("address/url"),
        "nutsCode": next((code for code in nuts if code), None),
        "activityType": next(kinds, None),
        "role": element.get("type"),
    }
