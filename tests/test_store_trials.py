"""The trials of experiments/store_trials.py, a few of each: nothing is lost, half written or refused without need."""

import pytest

from experiments import store_trials


def test_what_a_killed_writer_said_is_kept_and_nothing_is_there_in_part(url):
    assert store_trials.killed(url, 2).kept


def test_writers_at_once_are_all_served(url):
    assert store_trials.many_writers(url, 3, 5).kept


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path):
    assert store_trials.disk_full(tmp_path, 3).kept


def test_a_log_without_its_end_is_a_prefix_of_the_changes(tmp_path):
    assert store_trials.log_cut(tmp_path, 25).kept


def test_whatever_call_fails_the_store_is_as_before(url):
    verdict = store_trials.call_fails(url, 2)
    assert verdict.kept
    assert verdict.done > 10


def test_a_newer_store_is_refused_by_its_version(tmp_path):
    assert store_trials.newer(tmp_path).kept


def test_the_verdict_counts_what_goes_wrong():
    assert store_trials.Verdict("", 1).kept
    assert not any(store_trials.Verdict("", 1, **{fault: 1}).kept for fault in ("lost", "half", "refused"))


@pytest.mark.parametrize("fault", range(len(store_trials.FAILURES)))
def test_the_planted_faults_do_happen(tmp_path, fault):
    with store_trials.Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        with (
            store_trials.failing(store, 2, store_trials.FAILURES[fault]),
            pytest.raises(store_trials.MatchmakerError, match=r"MM-STO-00[67]"),
        ):
            store.put({"organizations": store_trials.batch(0)}, author="a", source="s")
        assert store.texts()["organizations"].is_empty()
