"""experiments/build_domain.py: two layouts of public networks become domains that hold nothing before its day."""

import datetime
import importlib.util
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matchmaker.dataset import Dataset

SCRIPT = Path(__file__).resolve().parents[1] / "experiments" / "build_domain.py"
DAY = datetime.date(2022, 1, 1)
OLD, NEW = datetime.date(2021, 5, 1), datetime.date(2023, 5, 1)


@pytest.fixture(scope="module")
def build():
    """Run the script in this process: `build(layout, folder, target)`."""
    spec = importlib.util.spec_from_file_location("build_domain", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        before, sys.argv = sys.argv, ["build_domain.py", *(str(argument) for argument in arguments)]
        try:
            module.main()
        finally:
            sys.argv = before

    return run


def write(folder, **tables):
    folder.mkdir(parents=True)
    for name, columns in tables.items():
        pl.DataFrame(columns).write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def consortia(tmp_path):
    return write(
        tmp_path / "consortia",
        organizations={
            "org_id": ["1", "2", "3", "4"],
            "name": ["University", None, "Firm", "Shop"],
            "country": ["GR", "GB", "GB", "GB"],
            "nuts": ["EL303", None, "UKI31", None],
            "city": ["Athens", "LONDON", "London", "LONDON"],
            "geolocation": ["38.0, 23.7", None, "51.5,-0.1", None],
            "sector": ["higher_education", "private", "private", "private"],
        },
        aliases={
            "org_id": ["1", "1", "3", "4", "4"],
            "name": ["UNI OF 2017", "University", "Firm", "Shop", "SH"],
            "kind": ["legal_2017", "legal_2025", "legal_2025", "legal_2025", "short_2025"],
        },
        event_meta={
            "event_id": ["H2020-1", "HE-2"],
            "start_date": [OLD, NEW],
            "end_date": [NEW, None],
            "n_orgs": [2, 4],
        },
        event_topics={
            "event_id": ["H2020-1", "H2020-1", "HE-2"],
            "kind": ["field", "keyword", "keyword"],
            "tag": ["natural sciences/optics", "Lasers", "fusion"],
        },
        events={
            "event_id": ["H2020-1", "H2020-1", "HE-2", "HE-2", "HE-2", "HE-2"],
            "org_id": ["1", "2", "1", "2", "3", "4"],
            "role": ["coordinator", "participant", "coordinator", "participant", "partner", "partner"],
        },
    )


@pytest.fixture
def trials(tmp_path):
    return write(
        tmp_path / "trials",
        organizations={
            "org_id": ["A", "B", "C"],
            "name": ["Pharma", "Charity", "Hospital"],
            "other_names": ["Pharma Inc; Pharma Ltd", None, None],
            "country": ["US", "US", "FR"],
            "country_source": ["curated", "trial_sites", "facility_address"],
            "region": [None, None, "Île-de-France"],
            "city": [None, None, "Paris"],
            "sector": ["industry", "nonprofit", "hospital"],
        },
        trials={
            "event_id": ["NCT1", "NCT2"],
            "registered": [OLD, NEW],
            "conditions": ["Asthma;COPD", "gout"],
            "interventions": ["", "Colchicine"],
        },
        events={
            "event_id": ["NCT1", "NCT1", "NCT1", "NCT1", "NCT2", "NCT2"],
            "org_id": ["A", "B", "C", "A", "A", "C"],
            "role": ["sponsor", "collaborator", "site", "site", "sponsor", "collaborator"],
        },
    )


def test_consortia_become_projects_whose_topics_are_dated(build, consortia, tmp_path):
    build("cordis", consortia, "-o", tmp_path / "domain")
    dataset = Dataset.read(tmp_path / "domain")
    assert dataset.problems == ()
    assert dataset.events["kind"].unique().to_list() == ["project"]
    assert dataset.participations.height == 6
    assert all(not organization for organization in dataset.organizations["interests"].to_list())
    past = dataset.before(DAY)
    assert sorted(past.topics["term"].to_list()) == ["lasers", "natural sciences/optics"]
    assert dataset.interests.ancestors("natural sciences/optics") == ["natural sciences/optics", "natural sciences"]
    assert np.diff(past.features.interests.indptr)[2] == 0  # the firm came later
    assert dataset.domain.with_sides("GR", "GB").sides


def test_nothing_in_a_row_tells_that_an_organization_comes_back_later(build, consortia, tmp_path):
    """The university came in 2021 and again in 2023, when its place was recorded; the firm is new in 2023."""
    build("cordis", consortia, "-o", tmp_path / "domain")
    dataset = Dataset.read(tmp_path / "domain")
    university, stranger, firm, shop = (dataset.organization(row) for row in range(4))
    assert (university.name, university.city, university.region) == ("UNI OF 2017", None, "GR")
    assert (stranger.names, stranger.city, stranger.region) == ({}, None, "GB")
    assert (firm.name, firm.city, firm.region) == ("Firm", "london, gb", "GBI31")
    assert (shop.name, shop.aliases, shop.region) == ("Shop", ("SH", "Shop"), "GB")


def test_a_city_lies_in_the_region_of_those_there_and_where_they_are(build, consortia, tmp_path):
    build("cordis", consortia, "-o", tmp_path / "domain")
    dataset = Dataset.read(tmp_path / "domain")
    assert dataset.places[3] == "london, gb"
    assert dataset.regions.ancestors("london, gb") == ["london, gb", "GBI31", "GBI3", "GBI", "GB"]
    assert dataset.regions.attribute("london, gb", "latitude") == 51.5


def test_trials_become_a_strong_and_a_weak_event(build, trials, tmp_path):
    build("clinical_trials", trials, "-o", tmp_path / "domain")
    dataset = Dataset.read(tmp_path / "domain")
    assert dataset.problems == ()
    assert dataset.events.select("event_id", "kind").rows() == [
        ("NCT1", "trial"), ("NCT1/sites", "sites"), ("NCT2", "trial"),
    ]  # fmt: skip
    guests = dataset.participations.group_by("event_id", maintain_order=True).agg("org_id").rows()
    assert guests == [("NCT1", ["A", "B"]), ("NCT1/sites", ["A", "B", "C"]), ("NCT2", ["A", "C"])]
    assert sorted(dataset.before(DAY).topics["term"].unique().to_list()) == ["asthma", "copd"]
    assert dataset.organizations["country"].to_list() == ["US", None, "FR"]
    kinds = dataset.domain.settings["graph"]["kind"]
    assert kinds["trial"] > kinds["sites"]


def test_a_folder_of_another_layout_is_refused_and_nothing_is_left_behind(build, consortia, trials, tmp_path):
    with pytest.raises(SystemExit, match=r"is not of this layout: there is no event_meta\.parquet, event_topics"):
        build("cordis", trials, "-o", tmp_path / "domain")
    pl.DataFrame({"org_id": ["1"]}).write_parquet(consortia / "organizations.parquet")
    with pytest.raises(SystemExit, match="is not of this layout"):
        build("cordis", consortia, "-o", tmp_path / "domain")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["consortia", "trials"]


def test_what_is_there_already_is_not_overwritten(build, trials, tmp_path):
    target = tmp_path / "domain"
    target.mkdir()
    with pytest.raises(SystemExit, match="is there already"):
        build("clinical_trials", trials, "-o", target)
    assert list(target.iterdir()) == []
