"""Public registries: small files in the published formats become the same tables, in parts of any size."""

import io
import json
import zipfile

import polars as pl
import pytest

from matchmaker.dataset import Dataset
from matchmaker.domain import Domain
from matchmaker.errors import DataError, UsageError
from matchmaker.intake.registry import REGISTRIES, read_registry
from matchmaker.vocabulary import Term, Vocabulary

FLAT = Domain()

# --- samples ------------------------------------------------------------------------------------------------------

PROJECTS = [
    {
        "id": "101000001",
        "acronym": "ALPHA",
        "status": "SIGNED",
        "title": "First; a project",
        "startDate": "2021-01-01",
        "endDate": "2024-12-31",
        "totalCost": "1000,5",
        "ecMaxContribution": "900",
        "legalBasis": "H2020-EU.3.1.",
        "topics": "SC1-BHC-01",
        "ecSignatureDate": "2020-11-01",
        "frameworkProgramme": "H2020",
        "masterCall": "x",
        "subCall": "y",
        "fundingScheme": "RIA",
        "nature": "",
        "objective": 'Says "quoted"\nin two lines',
        "contentUpdateDate": "2022-01-01 10:00:00",
        "rcn": "1",
        "grantDoi": "",
    },
    {
        "id": "101000002",
        "acronym": "BETA",
        "status": "SIGNED",
        "title": "Second",
        "startDate": "2022-06-01",
        "endDate": "2023-05-31",
        "totalCost": "",
        "ecMaxContribution": "",
        "legalBasis": "",
        "topics": "",
        "ecSignatureDate": "",
        "frameworkProgramme": "HORIZON",
        "masterCall": "",
        "subCall": "",
        "fundingScheme": "",
        "nature": "",
        "objective": "",
        "contentUpdateDate": "",
        "rcn": "2",
        "grantDoi": "",
    },
]
MEMBERS = [
    ("101000001", "999999001", "UNIVERSITY OF ATHENS", "UOA", "HES", "EL", "EL30", "Athens", "coordinator"),
    ("101000001", "999999002", "ACME LTD", "", "PRC", "UK", "", "London", "thirdParty"),
    ("101000002", "999999001", "UNIVERSITY OF ATHENS", "UOA", "HES", "EL", "EL30", "Athens", "participant"),
]
FIELDS = [("101000001", "/23/45", "/medical and health sciences/basic medicine", "basic medicine")]


def organization(project, identifier, name, short, kind, country, nuts, city, role):
    empty = dict.fromkeys(
        ("vatNumber", "street", "postCode", "geolocation", "contactForm", "contentUpdateDate", "rcn"), ""
    )
    more = {
        "SME": "false",
        "order": "1",
        "ecContribution": "1,0",
        "netEcContribution": "",
        "totalCost": "",
        "active": "",
    }
    return (
        {
            "projectID": project,
            "projectAcronym": "",
            "organisationID": identifier,
            "name": name,
            "shortName": short,
            "activityType": kind,
            "city": city,
            "country": country,
            "nutsCode": nuts,
            "organizationURL": "",
            "role": role,
            "endOfParticipation": "false",
        }
        | empty
        | more
    )


def delimited(records, delimiter, *, quoted=False):
    header = list(records[0])
    quote = (lambda cell: '"' + str(cell).replace('"', '""') + '"') if quoted else str
    lines = [header, *([record[column] for column in header] for record in records)]
    return "\n".join(delimiter.join(map(quote, line)) for line in lines) + "\n"


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def fields():
    return [
        dict(zip(("projectID", "euroSciVocCode", "euroSciVocPath", "euroSciVocTitle"), row, strict=True))
        for row in FIELDS
    ]


def cordis_csv(path):
    tables = {"project": PROJECTS, "organization": [organization(*row) for row in MEMBERS], "euroSciVoc": fields()}
    return archive(
        path, {f"csv/{name}.csv": "\ufeff" + delimited(rows, ";", quoted=True) for name, rows in tables.items()}
    )


def cordis_json(path):
    tables = {"project": PROJECTS, "organization": [organization(*row) for row in MEMBERS], "euroSciVoc": fields()}
    return archive(path, {f"json/{name}.json": json.dumps(rows, indent=1) for name, rows in tables.items()})


def cordis_xml(path):
    return archive(path, {f"project-rcn-{project['rcn']}_en.xml": project_xml(project) for project in PROJECTS})


def project_xml(project):
    members = "".join(
        f"""<organization type="{role}" order="1"><id>{identifier}</id><legalName>{name}</legalName>
        <shortName>{short}</shortName>
        <address><city>{city}</city><country>{country}</country></address><relations>
        <regions><region type="relatedNutsCode"><nutsCode>{nuts}</nutsCode></region></regions><categories>
        <category classification="organizationActivityType"><code>{kind}</code></category></categories></relations>
        </organization>"""
        for at, identifier, name, short, kind, country, nuts, city, role in MEMBERS
        if at == project["id"]
    )
    topics = "".join(
        f'<category classification="euroSciVoc"><code>{code}</code><displayCode>{text}</displayCode></category>'
        for at, code, text, _ in FIELDS
        if at == project["id"]
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?><project xmlns="http://cordis.europa.eu"><rcn>{project["rcn"]}</rcn>
    <id>{project["id"]}</id><acronym>{project["acronym"]}</acronym><title>{project["title"]}</title>
    <startDate>{project["startDate"]}</startDate><endDate>{project["endDate"]}</endDate><relations>
    <associations>{members}</associations><categories>{topics}</categories></relations></project>"""


STUDIES = [
    (
        "NCT00000001",
        "A trial",
        "2015-03-02",
        [("Hanmi Pharm", "INDUSTRY"), ("Seoul National University Hospital", "OTHER")],
        ["Gastric Cancer", "Nausea"],
        [("DRUG", "HM781")],
    ),
    ("NCT00000002", "Another | trial", "2018-07-28", [("Hanmi Pharm", "INDUSTRY")], ["Asthma"], []),
]


def trials_json(path):
    studies = [
        {
            "protocolSection": {
                "identificationModule": {"nctId": trial, "briefTitle": title},
                "statusModule": {"studyFirstSubmitDate": day},
                "sponsorCollaboratorsModule": {
                    "leadSponsor": dict(zip(("name", "class"), sponsors[0], strict=True)),
                    "collaborators": [dict(zip(("name", "class"), each, strict=True)) for each in sponsors[1:]],
                },
                "conditionsModule": {"conditions": conditions},
                "armsInterventionsModule": {
                    "interventions": [{"type": kind, "name": name} for kind, name in interventions]
                },
            },
            "hasResults": False,
        }
        for trial, title, day, sponsors, conditions, interventions in STUDIES
    ]
    path.write_text(json.dumps({"totalCount": 2, "studies": studies, "nextPageToken": "x"}))
    return path


def trials_csv(path):
    records = [
        {
            "NCT Number": trial,
            "Study Title": title,
            "Study URL": "",
            "Conditions": "|".join(conditions),
            "Interventions": "|".join(f"{kind}: {name}" for kind, name in interventions),
            "Sponsor": sponsors[0][0],
            "Collaborators": "|".join(name for name, _ in sponsors[1:]),
            "Funder Type": sponsors[0][1],
            "First Posted": day,
        }
        for trial, title, day, sponsors, conditions, interventions in STUDIES
    ]
    path.write_text(delimited(records, ",", quoted=True))
    return path


def trials_aact(path):
    studies = [
        {"nct_id": trial, "study_first_submitted_date": day, "brief_title": title} for trial, title, day, *_ in STUDIES
    ]
    sponsors = [
        {
            "id": "1",
            "nct_id": trial,
            "agency_class": kind,
            "lead_or_collaborator": "collaborator" if k else "lead",
            "name": name,
        }
        for trial, _, _, named, *_ in STUDIES
        for k, (name, kind) in enumerate(named)
    ]
    conditions = [
        {"id": "1", "nct_id": study[0], "name": name, "downcase_name": name.lower()}
        for study in STUDIES
        for name in study[4]
    ]
    interventions = [
        {"id": "1", "nct_id": study[0], "intervention_type": kind, "name": name, "description": ""}
        for study in STUDIES
        for kind, name in study[5]
    ]
    tables = {"studies": studies, "sponsors": sponsors, "conditions": conditions, "interventions": interventions}
    return archive(path, {f"{name}.txt": delimited(rows, "|", quoted=True) for name, rows in tables.items()})


NEW_ROR = {
    "id": "https://ror.org/04h9pn542",
    "status": "active",
    "established": 1946,
    "types": ["funder", "education"],
    "names": [
        {"value": "Seoul National University", "types": ["label", "ror_display"], "lang": "en"},
        {"value": "서울대학교", "types": ["label"], "lang": "ko"},
        {"value": "SNU", "types": ["acronym"], "lang": None},
    ],
    "locations": [
        {
            "geonames_id": 1835848,
            "geonames_details": {
                "country_code": "KR",
                "country_name": "South Korea",
                "country_subdivision_name": "Seoul",
                "name": "Seoul",
                "lat": 37.5,
                "lng": 127.0,
            },
        }
    ],
    "links": [],
    "relationships": [],
    "external_ids": [],
    "domains": [],
}
OLD_ROR = {
    "id": "https://ror.org/04h9pn542",
    "name": "Seoul National University",
    "types": ["Education"],
    "status": "active",
    "acronyms": ["SNU"],
    "aliases": [],
    "labels": [{"label": "서울대학교", "iso639": "ko"}],
    "country": {"country_code": "KR", "country_name": "South Korea"},
    "addresses": [{"city": "Seoul", "lat": 37.5, "geonames_city": {"geonames_admin1": {"name": "Seoul"}}}],
}


def ror(path, *records, name="v2.9-2026-06-01-ror-data_schema_v2.json"):
    return archive(path, {name: json.dumps(records, ensure_ascii=False), "v2.9.csv": "id\n"})


def whole(name, path, domain=FLAT, part=3):
    parts = list(read_registry(name, [path], domain=domain, part=part))
    assert all(sum(frame.height for frame in each.tables.values()) <= part for each in parts)
    tables = {table for each in parts for table in each.tables}
    return {
        table: pl.concat([each.tables[table] for each in parts if table in each.tables], how="diagonal")
        for table in tables
    }


# --- what they say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [cordis_csv, cordis_json, cordis_xml])
def test_cordis_in_each_format_is_the_same_dataset(tmp_path, write):
    tables = whole("cordis", write(tmp_path / "cordis.zip"))
    dataset = Dataset.from_frames(**tables)
    assert dataset.ids == ["999999001", "999999002"]
    athens = dataset.organization(0)
    assert (athens.country, athens.region, athens.sector, athens.aliases) == (
        "GR",
        "gr30",
        "higher_education",
        ("UOA",),
    )
    assert dataset.organization(1).country == "GB"
    assert dataset.events.select("event_id", "title").rows()[0] == ("101000001", "First, a project")
    assert dataset.participations["role"].to_list() == [["coordinator"], ["third_party"], ["participant"]]
    assert dataset.topics.rows() == [("101000001", "medical and health sciences/basic medicine")]


@pytest.mark.parametrize(("write", "name"), [(trials_json, "a.json"), (trials_csv, "a.csv"), (trials_aact, "a.zip")])
def test_trials_in_each_format_are_the_same_dataset(tmp_path, write, name):
    dataset = Dataset.from_frames(**whole("clinicaltrials", write(tmp_path / name)))
    assert dataset.ids == ["hanmi-pharm", "seoul-national-university-hospital"]
    assert dataset.organization(0).sector == "industry"
    assert dataset.events["date"].to_list() == ["2015-03-02", "2018-07-28"]
    assert [role for (role,) in dataset.participations["role"].to_list()] == ["sponsor", "collaborator", "sponsor"]
    assert dataset.topics["term"].to_list() == ["gastric cancer", "hm781", "nausea", "asthma"]


@pytest.mark.parametrize("record", [NEW_ROR, OLD_ROR])
def test_ror_in_both_schemas_gives_names_by_language(tmp_path, record):
    dataset = Dataset.from_frames(
        **whole("ror", ror(tmp_path / "ror.zip", record, record | {"id": "https://ror.org/x", "status": "withdrawn"}))
    )
    assert dataset.ids == ["04h9pn542"]
    university = dataset.organization(0)
    assert (university.names["ko"], university.country, university.sector) == ("서울대학교", "KR", "education")
    assert university.aliases == ("SNU",)


def test_of_a_dump_with_both_schemas_the_newer_is_read(tmp_path):
    path = archive(
        tmp_path / "ror.zip",
        {
            "v2.json": json.dumps([OLD_ROR | {"id": "https://ror.org/old"}]),
            "v2_schema_v2.json": json.dumps([NEW_ROR]),
        },
    )
    assert whole("ror", path)["organizations"]["org_id"].to_list() == ["04h9pn542"]


@pytest.mark.parametrize("part", [1, 2, 7, 1000])
def test_the_size_of_a_part_changes_nothing(tmp_path, part):
    path = cordis_csv(tmp_path / "cordis.zip")
    expected, found = whole("cordis", path, part=3), whole("cordis", path, part=part)
    assert all(found[table].equals(expected[table].select(found[table].columns)) for table in expected)


def test_terms_of_the_domain_are_taken_and_others_counted(tmp_path):
    regions = Vocabulary({"kr-seoul": Term("kr-seoul", labels={"en": "Seoul"})}, "regions")
    domain = Domain(regions=regions, sectors=Vocabulary.flat(["university"]))
    parts = list(read_registry("ror", [ror(tmp_path / "ror.zip", NEW_ROR)], domain=domain))
    assert parts[0].tables["organizations"]["region"].to_list() == ["kr-seoul"]
    assert parts[0].tables["organizations"]["sector"].to_list() == [None]
    assert {problem.code for problem in parts[-1].problems} == {"MM-REG-003"}


def test_records_longer_than_a_block_are_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("matchmaker.intake.registry.published._BLOCK", 16)
    assert whole("ror", ror(tmp_path / "ror.zip", NEW_ROR))["organizations"].height == 1


# --- what is refused ----------------------------------------------------------------------------------------------

WRONG = [
    ("cordis", {"a.txt": "x"}),
    ("cordis", {"project.csv": '"x";"y"\n"1";"2"\n', "organization.csv": '"z"\n"1"\n'}),
    ("cordis", {"a.xml": "<project>"}),
    ("cordis", {"a.xml": '<!DOCTYPE x [<!ENTITY a "b">]><project/>'}),
    ("cordis", {"project.json": '[{"id": "1"}', "organization.json": "[]"}),
    ("cordis", {"project.json": "{}", "organization.json": "[]"}),
    ("clinicaltrials", {"a.json": '{"studies": [{"x": 1}]}'}),
    ("clinicaltrials", {"a.json": '{"studies": [1]}'}),
    ("clinicaltrials", {"a.csv": "a,b\n1,2\n"}),
    ("clinicaltrials", {"studies.txt": "a|b\n1|2\n", "sponsors.txt": "a\n"}),
    ("clinicaltrials", {"a.csv": b"NCT Number\n\xff\xfe\n"}),
    ("ror", {"a.csv": "x"}),
    ("ror", {"a.json": "[{}]"}),
    ("ror", {"a.json": '[{"id": "x"}, '}),
]


@pytest.mark.parametrize(("name", "members"), WRONG)
def test_what_is_not_as_published_is_refused(tmp_path, name, members):
    with pytest.raises(DataError, match="MM-REG-001"):
        list(read_registry(name, [archive(tmp_path / "a.zip", members)], domain=FLAT))


def test_a_damaged_archive_is_refused(tmp_path):
    path = cordis_csv(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="MM-REG-001"):
        list(read_registry("cordis", [path], domain=FLAT))


def test_another_registry_or_no_file_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="MM-REG-002"):
        list(read_registry("scopus", [tmp_path], domain=FLAT))
    for name in REGISTRIES:
        with pytest.raises(UsageError, match="MM-USE-001"):
            list(read_registry(name, [tmp_path / "none.zip"], domain=FLAT))


def test_what_people_write_into_a_registry_stays_text(tmp_path):
    record = NEW_ROR | {"names": [{"value": "=cmd|'x'; <b>", "types": ["ror_display", "label"], "lang": "en"}]}
    frame = whole("ror", ror(tmp_path / "ror.zip", record))["organizations"]
    assert frame["name_en"].to_list() == ["=cmd|'x', <b>"]
    assert io.StringIO(frame.write_csv()).readline().startswith("org_id")
