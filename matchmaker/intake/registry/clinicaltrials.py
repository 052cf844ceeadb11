"""ClinicalTrials.gov: a trial is an event of its sponsor and its collaborators, about conditions and interventions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from matchmaker.cell import normalized_term
from matchmaker.intake.identifier import made_identifier
from matchmaker.intake.registry.published import Published, Row

SECTORS = {
    "INDUSTRY": "industry", "NIH": "government", "FED": "government", "U.S. FED": "government",
    "OTHER_GOV": "government", "NETWORK": "network", "OTHER": "other",
}  # fmt: skip
PERSONS = ("INDIV",)  # a sponsor of this class is a person, and not taken


def rows(published: Published) -> Iterator[Row]:
    """Organizations, events, participations and topics; the registry knows an organization by its name alone."""
    if published.find("studies", ".txt") and published.find("sponsors", ".txt"):
        yield from _tables(published)
        return
    readers = {".json": _from_json, ".csv": _from_csv}
    names = [(name, read) for name in published.members for ending, read in readers.items() if name.endswith(ending)]
    if not names:
        raise published.refusal("holds neither studies as CSV or JSON nor the tables of AACT")
    for name, read in names:
        yield from read(published, name)


def _trial(identifier: str, title: str, registered: str) -> Row:
    source = f"https://clinicaltrials.gov/study/{identifier}"
    return "events", {
        "event_id": identifier, "date": registered, "title": title, "kind": "trial", "source": source,
    }  # fmt: skip


def _member(trial: str, name: str, kind: str, role: str) -> Iterator[Row]:
    name = " ".join(name.split())
    if kind in PERSONS or not (identifier := made_identifier(name)):
        return
    yield "organizations", {"org_id": identifier, "name": name, "sector": SECTORS.get(kind.upper())}
    yield "participations", {"event_id": trial, "org_id": identifier, "role": role}


def _topics(trial: str, terms: Iterable[str]) -> Iterator[Row]:
    """Each once; `DRUG: aspirin` is about aspirin."""
    for text in terms:
        if term := normalized_term(text.replace(";", ",")):
            yield "topics", {"event_id": trial, "term": term}


# --- JSON of the API ----------------------------------------------------------------------------------------------


def _from_json(published: Published, name: str) -> Iterator[Row]:
    for study in published.json_rows(name, "studies"):
        yield from _study(study.get("protocolSection") or {}, published)


def _study(sections: Mapping[str, Any], published: Published) -> Iterator[Row]:
    about = sections.get("identificationModule") or {}
    trial = about.get("nctId")
    if not trial:
        raise published.refusal("a study has no nctId")
    status = sections.get("statusModule") or {}
    yield _trial(trial, about.get("briefTitle", ""), status.get("studyFirstSubmitDate", ""))
    sponsors = sections.get("sponsorCollaboratorsModule") or {}
    lead = sponsors.get("leadSponsor") or {}
    yield from _member(trial, lead.get("name", ""), lead.get("class", ""), "sponsor")
    for each in sponsors.get("collaborators") or ():
        yield from _member(trial, each.get("name", ""), each.get("class", ""), "collaborator")
    yield from _topics(trial, (sections.get("conditionsModule") or {}).get("conditions") or ())
    arms = (sections.get("armsInterventionsModule") or {}).get("interventions") or ()
    yield from _topics(trial, (each.get("name", "") for each in arms))


# --- CSV ----------------------------------------------------------------------------------------------------------


def _from_csv(published: Published, name: str) -> Iterator[Row]:
    for record in published.csv_rows(name, ","):
        trial = record.get("NCT Number")
        if not trial:
            raise published.refusal(f"{name} has no column NCT Number, or a row without one")
        yield _trial(
            trial, record.get("Study Title", ""), record.get("First Posted", "") or record.get("Start Date", "")
        )
        yield from _member(trial, record.get("Sponsor", ""), record.get("Funder Type", ""), "sponsor")
        for collaborator in record.get("Collaborators", "").split("|"):
            yield from _member(trial, collaborator, "", "collaborator")
        yield from _topics(trial, record.get("Conditions", "").split("|"))
        yield from _topics(trial, (text.partition(": ")[2] for text in record.get("Interventions", "").split("|")))


# --- AACT ---------------------------------------------------------------------------------------------------------


def _tables(published: Published) -> Iterator[Row]:
    for record in _table(published, "studies"):
        yield _trial(record["nct_id"], record.get("brief_title", ""), record.get("study_first_submitted_date", ""))
    for record in _table(published, "sponsors"):
        role = "sponsor" if record.get("lead_or_collaborator") == "lead" else "collaborator"
        yield from _member(record["nct_id"], record.get("name", ""), record.get("agency_class", ""), role)
    for name in ("conditions", "interventions"):
        for record in _table(published, name):
            yield from _topics(record["nct_id"], [record.get("name", "")])


def _table(published: Published, name: str) -> Iterator[dict[str, str]]:
    member = published.find(name, ".txt")
    for record in published.csv_rows(member, "|") if member else ():
        if "nct_id" not in record:
            raise published.refusal(f"{name}.txt has no column nct_id")
        yield record
