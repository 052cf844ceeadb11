"""How long does it take to find a name among a million?

    python benchmarks/names.py [names]

Made from ../shared/data/ror: its names, and more of them with a word or two exchanged for those of others, until there
are so many. Goals, in processor time (all runs on one core): built in under 60 s, a lookup in under 20 ms.
"""

import random
import resource
import statistics
import sys
import time
from pathlib import Path

from benchmarks.rounds import verdict
from matchmaker.names import Entry, Resolver

ROR = Path(__file__).parent.parent.parent / "shared" / "data" / "ror"
SEED, QUESTIONS = 5, 300


def entries(names: int, folder: Path) -> list[Entry]:
    """So many names: all of the registry's organizations, then made ones of three names each."""
    import polars as pl

    known = pl.read_parquet(folder / "aliases.parquet").filter(pl.col("kind") != "acronym")
    grouped = known.group_by("org_id", maintain_order=True).agg(pl.col("name"))
    found = [Entry(identifier, spellings) for identifier, spellings in grouped.iter_rows()]
    words, chance = [spelling.split() for spelling in known["name"]], random.Random(SEED)  # noqa: S311
    count = sum(len(entry.names) for entry in found)
    while count < names:
        made = [" ".join(_mixed(chance.choice(words), chance.choice(words), chance)) for _ in range(3)]
        found.append(Entry(f"made-{count}", made))
        count += 3
    return found


def _mixed(one, other, chance):
    """A name with one of its words taken from another."""
    if len(one) == 1:
        return [*one, chance.choice(other)]
    place = chance.randrange(len(one))
    return [*one[:place], chance.choice(other), *one[place + 1 :]]


def asked(found: list[Entry]) -> dict[str, list[str]]:
    """Names as they are, with a letter left out, and a word of them."""
    chance = random.Random(SEED)  # noqa: S311
    names = [chance.choice(entry.names) for entry in chance.sample(found, QUESTIONS)]
    places = [chance.randrange(len(name)) for name in names]
    typos = [name[:place] + name[place + 1 :] for name, place in zip(names, places, strict=True)]
    return {"exact": names, "typo": typos, "a word": [chance.choice(name.split()) for name in names]}


def main(names: int = 1_000_000) -> None:
    """Build, ask, print."""
    if not ROR.is_dir():
        sys.exit(f"{ROR} is not there: nothing to measure")
    found = entries(names, ROR)
    start = time.process_time()
    resolver = Resolver.of(found)
    for text in ("University of Nowhere", "nowhere near anything"):
        resolver.resolve(text)
    built = time.process_time() - start
    print(f"{len(found):,} organizations, {sum(len(entry.names) for entry in found):,} names")
    verdict("built in under 60 s", built, 60.0, most=True)
    for kind, texts in asked(found).items():
        times = []
        for text in texts:
            start = time.process_time()
            resolver.resolve(text)
            times.append(1000 * (time.process_time() - start))
        times.sort()
        verdict(f"{kind}: a lookup in under 20 ms (median)", statistics.median(times), 20.0, most=True)
        verdict(f"{kind}: a lookup in under 20 ms (95 %)", times[int(0.95 * len(times))], 20.0, most=True)
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.1f} GiB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
