"""A roster is the best of all under its quotas, and a host region says what it offers."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker import Dataset, UsageError
from matchmaker.cli.program import run
from matchmaker.errors import DataError
from matchmaker.session.host import rank_hosts
from matchmaker.session.roster import Quota, _draw, pick, quota, worth
from tests.worlds import FEWER


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


@st.composite
def choices(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = generator.integers(2, 8), generator.integers(1, 8)
    relevance = generator.random((n, m)) * (generator.random((n, m)) < 0.7)
    quotas = [
        Quota("q", generator.random(n) < 0.5, *sorted(draw(st.tuples(st.integers(0, 2), st.integers(0, 3)))))
        for _ in range(draw(st.integers(0, 2)))
    ]
    return relevance, int(generator.integers(1, n + 1)), quotas


def allowed(rows, quotas):
    return all(each.least <= each.who[list(rows)].sum() <= each.most for each in quotas)


@FEWER
@given(choices())
def test_a_roster_is_worth_as_much_as_the_best_of_all(case):
    relevance, size, quotas = case
    rosters = [rows for rows in combinations(range(len(relevance)), size) if allowed(rows, quotas)]
    if not rosters:
        with pytest.raises(DataError, match="MM-SES-013"):
            pick(relevance, size, quotas)
        return
    found = pick(relevance, size, quotas)
    best = max(worth(relevance, np.array(rows)) for rows in rosters)
    assert found.value == pytest.approx(best)
    assert found.optimal
    assert sorted(found.members) in [list(rows) for rows in rosters]
    assert sum(map(len, found.served)) == relevance.shape[1]
    assert (found.random <= found.value + 1e-9).all()


@given(choices(), st.integers(0, 99))
def test_random_rosters_keep_to_the_quotas(case, seed):
    relevance, size, quotas = case
    rows = _draw(len(relevance), size, quotas, np.random.default_rng(seed))
    assert rows is None or (len(rows) == size and allowed(rows, quotas))


def test_quotas_are_read_by_region_sector_and_kind(dataset):
    rows = np.arange(len(dataset))
    beijing = quota(dataset, rows, "region:北京 = 1")
    assert (beijing.least, beijing.most) == (1, 1)
    assert {dataset.organization(row).region for row in np.flatnonzero(beijing.who)} == {"cn-beijing"}
    assert quota(dataset, rows, "kind:company>=2")[2:] == (2, len(dataset))
    assert quota(dataset, rows, "sector:pharma<=3")[2:] == (0, 3)


@pytest.mark.parametrize("text", ["beijing=1", "region:cn-beijing", "color:red=1", "region:cn-beijing=x", "region:=1"])
def test_what_is_no_quota_is_refused(dataset, text):
    with pytest.raises(UsageError, match="MM-USE-026"):
        quota(dataset, np.arange(3), text)


def test_the_region_of_the_best_partners_comes_first(dataset):
    members, hosts = np.array([dataset.row("hengrui")]), np.flatnonzero(dataset.side == 1)
    seoul = np.array([place == "kr-seoul" for place in dataset.organizations["region"].to_list()])[hosts]
    first, *others = rank_hosts(dataset, np.where(seoul, 0.5, 0.1)[None, :], members, hosts)
    assert (first.region, first.value, first.served) == ("kr-seoul", 1.5, 1)
    assert all(host.served == 0 for host in others)
    assert first.hosts == seoul.sum()


def test_stated_ties_are_named(dataset):
    members, hosts = np.array([dataset.row("tongrentang")]), np.flatnonzero(dataset.side == 1)
    found = {host.region: host for host in rank_hosts(dataset, np.ones((1, len(hosts))), members, hosts)}
    assert any({"cn-beijing", "kr-seoul"} == set(dataset.region_ties.row(row)[:2]) for row in found["kr-seoul"].ties)


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["roster", "--size", "3", "--quota", "region:cn-beijing=1"], 0, "cn-beijing"),
        (["roster", "--size", "2", "--side", "KR", "--toward", "Hengrui; Luye"], 0, "KR"),
        (["roster", "--size", "0"], 2, "MM-CLI-003"),
        (["roster", "--size", "2", "--quota", "region:cn-beijing=3"], 1, "MM-SES-013"),
        (["regions", "--delegation", "Hengrui; Luye"], 0, "kr-seoul"),
        (["regions", "--delegation", ";"], 2, "MM-CLI-003"),
    ],
)
def test_commands_of_who_and_where(capfdbinary, command, code, said):
    assert run(command) == code
    out, error = capfdbinary.readouterr()
    assert said in (out + error).decode()


def test_a_domain_without_sides_has_no_delegations(tmp_path, capfdbinary):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/organizations.csv").write_text("org_id\na\nb\n", "utf-8")
    assert run(["roster", "--domain", str(tmp_path)]) == 2
    assert b"MM-CLI-014" in capfdbinary.readouterr().err
