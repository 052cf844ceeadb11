"""Files of experiments/bad_files.py that are read quickly: none breaks intake, none is passed over in silence."""

from itertools import chain

import pytest

from experiments.bad_files import database_files, encoded_files, hostile_files, json_files, table, text_files, trial

KINDS = {
    "text and magic": lambda: (file for file in text_files() if len(file.data) < 10**6),
    "encodings and JSON": lambda: chain(encoded_files(), json_files()),
    "hostile cells and databases": lambda: chain(hostile_files(), database_files(3)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_bad_file_is_at_fault(kind):
    outcomes, _ = trial(KINDS[kind]())
    assert {outcome.file.name: outcome.faults for outcome in outcomes if outcome.faults} == {}
    assert len(outcomes) > 50


def test_a_damaged_row_is_named():
    outcomes, _ = trial(file for file in text_files() if file.name.startswith("ragged"))
    assert table(outcomes)[-1]["names_row"] == 1.0
