"""Organizations that are not in the data: from files, from standard input, from a line of text in any language."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaker.dataset import Dataset
from matchmaker.errors import DataError, MatchmakerError, UsageError
from matchmaker.profile import read_profile, side_country
from matchmaker.recommender import Recommender


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


TEXTS = [
    ("Korean biotech seeks a production site in China", (), ("production-site",), (), "biotech", "KR"),
    ("we make antivirals; we offer technology transfer", ("antiviral-drug",), (), ("technology-transfer",), None, None),
    ("항바이러스제를 개발하고, 생산 부지를 찾습니다", ("antiviral-drug",), ("production-site",), (), None, "KR"),
    ("백신, 항바이러스제를 찾습니다", (), ("antiviral-drug", "vaccine"), (), None, "KR"),
    ("从事抗病毒药物研发，寻求生产基地", ("antiviral-drug",), ("production-site",), (), None, "CN"),
    ("韩国公司，提供疫苗。寻求生产基地", ("vaccine",), ("production-site",), ("vaccine",), "company", "KR"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "interests", "seeks", "offers", "sector", "country"), TEXTS)
def test_a_line_of_text_says_what_is_worked_on_sought_and_offered(
    dataset, text, interests, seeks, offers, sector, country
):
    organization, notes = read_profile(text, dataset)
    found = (set(organization.interests), set(organization.seeks), set(organization.offers))
    assert found == (set(interests), set(seeks), set(offers))
    assert (organization.sector, organization.country) == (sector, country)
    assert organization.description == text
    assert notes[0].startswith("read as: ")


def test_the_side_that_is_given_wins_and_one_that_is_not_known_is_asked_for(dataset):
    assert read_profile("疫苗", dataset, "KR").organization.country == "KR"
    assert any("--side CN or KR" in note for note in read_profile("vaccines", dataset).notes)


def test_a_text_without_a_known_term_is_compared_by_its_wording(dataset):
    organization, notes = read_profile("zzz qqq", dataset)
    assert organization.description == "zzz qqq"
    assert notes[0].startswith("nothing was understood, so only the wording counts: write what it works on")
    example = notes[0].split('such as "')[1].rstrip('"')
    understood = read_profile(example, dataset).organization
    assert understood.interests
    assert understood.seeks
    bare = Dataset.from_frames(organizations={"org_id": ["a"]})
    assert read_profile("zzz", bare).notes[0].endswith("what it seeks")


def test_what_the_ranking_does_not_use_is_said(dataset):
    notes = read_profile("looking for a hospital in Shandong", dataset).notes
    assert "sought but not used for ranking: Hospital, Shandong (see --sector, --region)" in notes
    assert "side KR, across from what it names (--side changes it)" in notes[0]
    assert "without Vaccine, which the text denies" in read_profile("不做疫苗", dataset).notes[0]


@pytest.mark.parametrize("name", ["KR", "kr", "Korea", "korea", "한국", "韩国", "South Korea", "대한민국"])
def test_a_side_is_named_by_its_country_in_any_language(dataset, tmp_path, name):
    assert side_country(name, dataset) == "KR"
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({"country": name}, ensure_ascii=False), encoding="utf-8")
    assert read_profile(str(path), dataset).organization.country == "KR"


def test_what_is_no_side_names_none(dataset, tmp_path):
    assert [side_country(name, dataset) for name in ("", "JP", "Seoul")] == [None] * 3
    assert side_country("KR", Dataset.from_frames(organizations={"org_id": ["a"]})) is None
    path = tmp_path / "profile.json"
    path.write_text('{"country": "JP"}')
    organization, notes = read_profile(str(path), dataset)
    assert organization.country == "JP"
    assert "--side CN or KR" in notes[0]


FILE = {
    "name_ko": "우리회사",
    "country": "KR",
    "sector": "Biotechnology company",
    "region": "서울",
    "interests": ["Antiviral drug", "疫苗"],
    "seeks": "production-site; 분만",
}


@pytest.mark.parametrize("ending", ["json", "toml"])
def test_a_file_names_terms_by_identifier_label_or_synonym(dataset, tmp_path, ending):
    table = {**FILE, "seeks": "production-site"}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    path = tmp_path / f"profile.{ending}"
    path.write_text(json.dumps(table) if ending == "json" else "\n".join(lines), encoding="utf-8")
    organization = read_profile(str(path), dataset).organization
    assert organization.sector == "biotech"
    assert organization.region == "kr-seoul"
    assert organization.interests == ("antiviral-drug", "vaccine")
    assert organization.seeks == ("production-site",)
    assert organization.names == {"ko": "우리회사"}


def test_every_problem_of_a_file_is_named_at_once(dataset, tmp_path):
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({"interests": ["antiviral-drgu", "qqqqqq"], "sector": "pharmaa"}))
    with pytest.raises(DataError, match="MM-PRO-004") as refusal:
        read_profile(str(path), dataset)
    assert len(refusal.value.problems) == 3
    assert "antiviral-drug" in refusal.value.problems[1].fix


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("MM-PRO-001", '{"name": "x",}'),
        ("MM-PRO-001", '{"name": "x", "name": "y"}'),
        ("MM-PRO-001", "[1]"),
        ("MM-PRO-001", "[" * 100_000),
        ("MM-PRO-001", '{"name": ' + "9" * 5000 + "}"),
        ("MM-PRO-002", '{"nmae": "x"}'),
        ("MM-PRO-003", '{"name": 1}'),
        ("MM-PRO-003", '{"interests": [1]}'),
        ("MM-PRO-003", '{"names": ["x"]}'),
        ("MM-PRO-003", '{"name": NaN}'),
        ("MM-PRO-001", '{"name": "\\ud800"}'),
        ("MM-CSV-003", b"\x89PNG\r\n"),
        ("MM-CSV-005", '{"name": "한미약품"}'.encode("cp949")),
    ],
)
def test_a_bad_file_is_refused_in_a_line(dataset, tmp_path, code, content):
    path = tmp_path / "profile.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=code) as refusal:
        read_profile(str(path), dataset)
    assert all("\n" not in str(problem) for problem in refusal.value.problems)


def test_bad_toml_names_the_line(dataset, tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text('name = "x"\ninterests = [')
    with pytest.raises(DataError, match=r"MM-PRO-001.*profile\.toml:2"):
        read_profile(str(path), dataset)


@pytest.mark.parametrize(
    ("ending", "content", "lines"),
    [
        ("json", '{\n"nmae": "x",\n\n"sector": 1}', [2, 4]),
        ("json", '{"name": "x",\n "sector": "pharmaa", "seeks": [\n"qqqqqq"]}', [2, 2]),
        ("toml", 'name = "x"\nsector = "pharmaa"\nseeks = ["qqqqqq"]', [2, 3]),
        ("toml", "[nmae]\nx = 1", [1]),
        ("json", '{"n\\u0061me": 1}', [0]),
        ("json", '{"name":\n"\\udfff"}', [2]),
    ],
)
def test_a_problem_of_a_file_names_the_line_of_its_key(dataset, tmp_path, ending, content, lines):
    path = tmp_path / f"profile.{ending}"
    path.write_text(content)
    with pytest.raises(DataError) as refusal:
        read_profile(str(path), dataset)
    assert [problem.line for problem in refusal.value.problems] == lines


def test_an_empty_profile_is_called_empty(dataset, tmp_path, monkeypatch):
    path = tmp_path / "profile.json"
    path.write_bytes(b"\xef\xbb\xbf \r\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n"), encoding="utf-8"))
    for source in ("", "-", str(path)):
        with pytest.raises(UsageError, match=r"MM-USE-020.*the profile is empty"):
            read_profile(source, dataset)


@pytest.mark.parametrize("text", ['{"name": "한미약품"}', "항바이러스제를 개발하는 기업입니다"])
def test_another_encoding_is_named_and_the_mend_is_one_that_a_profile_has(dataset, tmp_path, text):
    path = tmp_path / "profile.txt"
    path.write_bytes(text.encode("cp949"))
    with pytest.raises(DataError, match=r"MM-CSV-005.*CP949.*save it as UTF-8") as refusal:
        read_profile(str(path), dataset)
    assert "--encoding" not in str(refusal.value)


def test_a_file_in_utf_16_with_its_mark_is_read(dataset, tmp_path):
    path = tmp_path / "profile.txt"
    path.write_bytes("疫苗".encode("utf-16"))
    assert read_profile(str(path), dataset).organization.interests == ("vaccine",)


def test_a_text_that_is_also_the_name_of_a_folder_is_a_text(dataset, tmp_path, monkeypatch):
    (tmp_path / "vaccine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read_profile("vaccine", dataset).organization.interests == ("vaccine",)
    with pytest.raises(UsageError, match="MM-USE-003"):
        read_profile("./vaccine", dataset)
    (tmp_path / "fillers").write_text("fillers")
    assert read_profile("fillers", dataset).organization.description == "fillers"


def test_a_text_with_half_a_character_is_refused(dataset):
    with pytest.raises(DataError, match="MM-PRO-001"):
        read_profile("vaccine \udcff", dataset)


def test_wrong_use_is_said(dataset, tmp_path):
    for code, source in (("MM-USE-001", "missing.json"), ("MM-USE-003", str(tmp_path)), ("MM-USE-020", "  ")):
        with pytest.raises(UsageError, match=code):
            read_profile(source, dataset)
    path = tmp_path / "profile.json"
    path.write_text('{"id": "gennbio"}')
    with pytest.raises(UsageError, match="MM-USE-011"):
        read_profile(str(path), dataset)


def test_standard_input_may_be_text_json_or_toml(dataset, monkeypatch):
    for content in ("vaccines", '{"interests": ["vaccine"]}', '# ours\ninterests = ["vaccine"]'):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode()), encoding="utf-8"))
        assert read_profile("-", dataset).organization.interests == ("vaccine",)


@settings(deadline=None)  # the first call reads the settings
@given(st.text(max_size=60).filter(lambda text: text.strip() != "-"))  # that reads standard input
def test_any_text_is_a_profile_or_refused(text):
    dataset = Dataset.from_frames(organizations={"org_id": ["a"], "interests": ["vaccine"], "sector": ["pharma"]})
    try:
        organization = read_profile(text, dataset).organization
    except MatchmakerError:
        return
    assert organization.id not in dataset.row_of


def test_who_seeks_a_production_site_finds_parks_before_drug_developers(dataset):
    recommender = Recommender(dataset)
    for text in (
        "Korean biotech company looking for a production site",
        "생산 부지를 찾는 바이오기업",
        "韩国药企，寻求生产基地",
    ):
        matches = recommender.match(read_profile(text, dataset, "KR").organization, 60)
        kinds = [dataset.sectors.root(match.organization.sector) for match in matches if match.organization.sector]
        sectors = [match.organization.sector for match in matches]
        best = {sector: sectors.index(sector) for sector in ("pharma", "biotech") if sector in sectors}
        assert kinds.index("park") < min(best.values())
        assert kinds[:5].count("park") >= 2
