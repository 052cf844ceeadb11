"""Does a store keep what it has said it keeps? Processes are killed, disks filled, logs cut, calls made to fail.

    python experiments/store_trials.py [--postgres postgresql://USER@HOST/DATABASE] [--quick] [-o FILE.csv]

One line a trial: what was done how often, and how many rows were lost, half written, or refused without a reason.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import polars as pl
import sqlalchemy as sa

from matchmaker.errors import DataError, MatchmakerError
from matchmaker.store import Store
from matchmaker.store.layout import VERSION

ROWS = 50  # in each change of a trial
MANY = 5_000  # in the change for which the disk has no room


class Verdict(NamedTuple):
    """What a trial found: how often it was done, and what went wrong."""

    trial: str
    done: int
    lost: int = 0
    half: int = 0
    refused: int = 0  # without need, or not in words

    @property
    def kept(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.half or self.refused)


def batch(number: int, rows: int = ROWS, writer: int = 0) -> pl.DataFrame:
    """Organizations that only this change brings."""
    ids = [f"w{writer}-c{number}-{row}" for row in range(rows)]
    return pl.DataFrame({"org_id": ids, "name_en": [f"Organization {each}" for each in ids]})


def write_forever(url: str, writer: str, most: str) -> None:
    """What a writing process does: it says each number after the change is kept."""
    with Store.open(url) as store:
        for number in range(int(most)):
            change = store.put({"organizations": batch(number, writer=int(writer))}, author=writer, source="trial")
            print(change.number, flush=True)


def put_much(url: str, limit: str) -> None:
    """What a process does whose files may not grow beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        with Store.open(url) as store:
            store.put({"organizations": batch(999, MANY)}, author="full", source="trial")
    except MatchmakerError as error:
        print(error.problems[0].code)
    else:
        print("kept")


def child(name: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that runs one of the functions above."""
    command = [sys.executable, __file__, name, *arguments]
    home = str(Path(__file__).resolve().parents[1])
    environment = os.environ | {"PYTHONPATH": home}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603  # ours


def changes_in(url: str) -> dict[int, int]:
    """By number of each change: how many rows of it are there; -1 for rows of a change that is not written down."""
    with Store.open(url, create=False) as store:
        said = {change.number: 0 for change in store.history()}
        for number in store.stated("organizations")["change"]:
            said[number if number in said else -1] = said.get(number if number in said else -1, 0) + 1
    return said


def is_sound(url: str) -> bool:
    """Whether the database itself finds nothing wrong."""
    if not url.startswith("sqlite"):
        return True
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return whole and not connection.execute("PRAGMA foreign_key_check").fetchall()


def killed(url: str, times: int, seed: int = 0) -> Verdict:
    """G3: a writer is killed at any moment; what it has said is kept, and nothing else is there in part."""
    chance, lost, half = random.Random(seed), 0, 0  # noqa: S311  # a moment, not a secret
    for writer in range(times):
        process = child("write_forever", url, str(writer), "100000")
        acknowledged = [int(process.stdout.readline())] if process.stdout else []
        time.sleep(chance.random() * 0.15)
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.communicate()[0].split()]
        there = changes_in(url)
        lost += sum(number not in there for number in acknowledged)
        half += sum(rows != ROWS for rows in there.values()) + (sorted(there) != list(range(1, len(there) + 1)))
        half += not is_sound(url)
    return Verdict("kill -9 while writing", times, lost, half)


def many_writers(url: str, writers: int, writes: int) -> Verdict:
    """G4: processes write at the same time; each change is kept, and none is refused."""
    processes = [child("write_forever", url, str(writer), str(writes)) for writer in range(writers)]
    said = [int(line) for process in processes for line in process.communicate()[0].split()]
    there = changes_in(url)
    lost = sum(there.get(number) != ROWS for number in said) + (len(set(said)) != len(said))
    return Verdict(
        f"{writers} writers at once", writers * writes, lost, not is_sound(url), writers * writes - len(said)
    )


def disk_full(folder: Path, points: int) -> Verdict:
    """G5: the disk is full at some size; the store is as before, and the refusal says why."""
    whole = folder / "whole.db"
    with Store.open(f"sqlite:///{whole}") as store:
        store.put({"organizations": batch(0)}, author="trial", source="trial")
    before, start = changes_in(f"sqlite:///{whole}"), whole.stat().st_size
    shutil.copy(whole, folder / "grown.db")
    with Store.open(f"sqlite:///{folder}/grown.db") as store:
        store.put({"organizations": batch(999, MANY)}, author="full", source="trial")
        end = Path(f"{folder}/grown.db-wal").stat().st_size
    lost = half = refused = 0
    for point in range(points):
        path = folder / f"full{point}.db"
        shutil.copy(whole, path)
        limit = start + (end - start) * point // (points + 1)
        answer = child("put_much", f"sqlite:///{path}", str(limit)).communicate()[0].strip()
        refused += answer != "MM-STO-006"
        after = changes_in(f"sqlite:///{path}")
        lost += before != after and not set(before.items()) <= set(after.items())
        half += before != after or not is_sound(f"sqlite:///{path}")
    return Verdict("disk full", points, lost, half, refused)


def log_cut(folder: Path, cuts: int, seed: int = 0) -> Verdict:
    """G6: the end of the log is missing; the store opens and holds the first changes, each of them whole."""
    path = folder / "log.db"
    Store.open(f"sqlite:///{path}").close()
    with contextlib.closing(sqlite3.connect(path)) as reader, Store.open(f"sqlite:///{path}") as store:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM change").fetchall()  # as long as someone reads that, the log is kept
        for number in range(20):
            store.put({"organizations": batch(number)}, author="trial", source="trial")
        base, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    chance, half = random.Random(seed), 0  # noqa: S311  # an offset, not a secret
    for number in range(cuts):
        copy = folder / f"cut{number}.db"
        copy.write_bytes(base)
        Path(f"{copy}-wal").write_bytes(log[: chance.randrange(len(log) + 1)])
        there = changes_in(f"sqlite:///{copy}")
        whole = all(rows == ROWS for rows in there.values()) and sorted(there) == list(range(1, len(there) + 1))
        half += not whole or not is_sound(f"sqlite:///{copy}")
        copy.unlink()
    return Verdict("log cut", cuts, half=half)


FAILURES: tuple[Callable[[], BaseException], ...] = (
    lambda: OSError(errno.ENOSPC, "No space left on device"),
    lambda: OSError(errno.EIO, "Input/output error"),
    MemoryError,
    lambda: sqlite3.OperationalError("disk I/O error"),
)


@contextlib.contextmanager
def failing(store: Store, moment: int, failure: Callable[[], BaseException]) -> Iterator[list[int]]:
    """Within it, statement or commit number `moment` of the store fails; the list counts them."""
    count = [0]

    def step(*_: object) -> None:
        count[0] += 1
        if count[0] == moment:
            raise failure()

    events = ("before_cursor_execute", "commit")
    for event in events:
        sa.event.listen(store._engine, event, step)  # faults are planted inside
    try:
        yield count
    finally:
        for event in events:
            sa.event.remove(store._engine, event, step)


def call_fails(url: str, failures: int = len(FAILURES)) -> Verdict:
    """G7: each statement in turn fails; the store is as before, and the next writer succeeds."""
    done = half = refused = 0
    with Store.open(url) as store:
        store.put({"organizations": batch(0)}, author="trial", source="trial")
        before = _dump(store)
        for failure in FAILURES[:failures]:
            moment = 1
            while True:
                with failing(store, moment, failure) as count:
                    try:
                        store.put({"organizations": batch(1).with_columns(city=pl.lit("x"))}, author="t", source="t")
                    except MatchmakerError:
                        pass
                    except BaseException:  # noqa: BLE001  # that is what is counted
                        refused += 1
                if count[0] < moment:
                    break
                half += _dump(store) != before
                done, moment = done + 1, moment + 1
            store.undo(store.history(1)[0].number, author="trial")
            half += _dump(store) != before
    return Verdict("a call fails", done, half=half, refused=refused)


def _dump(store: Store) -> dict[str, list[dict[str, object]]]:
    return {name: frame.to_dicts() for name, frame in store.texts().items()}


def newer(folder: Path) -> Verdict:
    """G18: a store of a later version is refused by its version, and left as it is."""
    path = folder / "newer.db"
    Store.open(f"sqlite:///{path}").close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
        connection.commit()
    before, refused = path.read_bytes(), 1
    try:
        Store.open(f"sqlite:///{path}").close()
    except DataError as error:
        refused = error.problems[0].code != "MM-STO-005"
    return Verdict("a newer store", 1, half=path.read_bytes() != before, refused=int(refused))


def main() -> None:
    """Run all trials and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", help="address of an empty database")
    parser.add_argument("--quick", action="store_true", help="a tenth of each")
    parser.add_argument("-o", dest="output", help="where to write the table, too")
    given = parser.parse_args()
    rows = []
    share = 10 if given.quick else 1
    print(f"{'trial':36} {'done':>6} {'lost':>6} {'half':>6} {'refused':>8} {'seconds':>8}")
    with TemporaryDirectory() as name:
        folder = Path(name)
        trials: list[tuple[str, Callable[[], Verdict]]] = [
            ("SQLite", lambda: killed(f"sqlite:///{folder}/kill.db", 100 // share)),
            ("SQLite", lambda: many_writers(f"sqlite:///{folder}/many.db", 8, 50 // share)),
            ("SQLite", lambda: disk_full(folder, 40 // share)),
            ("SQLite", lambda: log_cut(folder, 500 // share)),
            ("SQLite", lambda: call_fails(f"sqlite:///{folder}/call.db")),
            ("SQLite", lambda: newer(folder)),
        ]
        if given.postgres:
            trials += [
                ("Postgres", lambda: many_writers(given.postgres, 8, 50 // share)),
                ("Postgres", lambda: killed(given.postgres, 100 // share)),
            ]
        for database, trial in trials:
            start = time.perf_counter()
            found = trial()
            seconds = time.perf_counter() - start
            label = f"{database}: {found.trial}"
            rows.append({"database": database, **found._asdict()})
            print(
                f"{label:36} {found.done:6} {found.lost:6} {found.half:6} {found.refused:8} {seconds:8.1f}", flush=True
            )
    if given.output:
        pl.DataFrame(rows).write_csv(given.output)


if __name__ == "__main__":
    chosen = {"write_forever": write_forever, "put_much": put_much}
    if sys.argv[1:2] and sys.argv[1] in chosen:
        chosen[sys.argv[1]](*sys.argv[2:])
    else:
        main()
