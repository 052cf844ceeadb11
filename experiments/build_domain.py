"""Turn a folder of EU research consortia or of clinical trials into a domain (docs/format.md).

    python experiments/build_domain.py cordis ../shared/data/cordis -o cordis-domain
    python experiments/build_domain.py clinical_trials ../shared/data/clinical_trials -o trials-domain

Nothing may tell what was not known yet. Topics hang on dated events, so that `Dataset.before` takes them away, and the
row of an organization holds nothing that is there only because it came back later (see `as_first_recorded`). Sides are
chosen when the domain is used (`--sides DE,FR`), not here.

A trial makes two events: its sponsor and collaborators (kind `trial`, the strong link) and, where sites are listed,
everyone in it (kind `sites`, down-weighted). So the two kinds of links are weighed and judged apart by what every event
has, its kind; a table of partnerships would forget how many took part.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from matchmaker.cell import normalized_term

Frames = dict[str, pl.DataFrame]
Terms = dict[str, dict[str, str | float]]
ISO_COUNTRY = {"EL": "GR", "UK": "GB"}  # where NUTS and ISO 3166 differ
TRIAL_SETTINGS = "[graph.kind]\ntrial = 0.8\nsites = 0.3  # two of a hundred sites hardly know each other\n"


def cordis(folder: Path) -> tuple[Frames, dict[str, str]]:
    """A project is an event; fields are EuroSciVoc paths, places are cities in NUTS regions."""
    tables = read(folder, "organizations", "events", "event_meta", "event_topics", "aliases")
    recorded = as_first_recorded(tables["organizations"], tables["events"], tables["aliases"])
    organizations = with_places(recorded)
    topics = tables["event_topics"].select("event_id", "kind", term=normalized("tag"))
    fields = topics.filter(pl.col("kind") == "field")["term"].unique()
    frames = {
        "organizations": organizations.select("org_id", "name", "aliases", "country", "region", "city", "sector"),
        "events": tables["event_meta"].select(
            "event_id", "end_date", date="start_date", kind=pl.lit("project"), size="n_orgs"
        ),
        "participations": tables["events"].select("event_id", "org_id", "role"),
        "topics": topics.select("event_id", "term").unique(maintain_order=True),
    }
    interests = {term: {} for term in topics["term"].unique().sort()} | chained(above(field) for field in fields)
    return frames, {"interests": toml(interests), "regions": toml(places(organizations))}


def clinical_trials(folder: Path) -> tuple[Frames, dict[str, str]]:
    """A trial is known from its registration; left out: a country taken from trials, other spellings of later ones."""
    tables = read(folder, "organizations", "trials", "events")
    links = tables["events"].select("event_id", "org_id", "role")
    listed = links.join(links.filter(pl.col("role") == "site"), on="event_id", how="semi")
    members = pl.concat(
        [links.filter(pl.col("role") != "site"), listed.with_columns(pl.concat_str("event_id", pl.lit("/sites")))]
    )
    trials = tables["trials"].select("event_id", "conditions", "interventions", date="registered", kind=pl.lit("trial"))
    sites = trials.with_columns(pl.concat_str("event_id", pl.lit("/sites")), kind=pl.lit("sites"))
    events = pl.concat([trials, sites]).join(members, on="event_id", how="semi")
    terms = pl.concat_str("conditions", "interventions", separator=";", ignore_nulls=True).str.split(";")
    topics = events.select("event_id", term=terms).explode("term").with_columns(normalized("term"))
    frames = {
        "organizations": tables["organizations"].select(
            "org_id", "name", "region", "city", "sector",
            country=pl.when(pl.col("country_source") != "trial_sites").then("country"),
        ),
        "events": events.select("event_id", "date", "kind"),
        "participations": members.group_by("event_id", "org_id").agg(pl.col("role").unique().sort().str.join(";")),
        "topics": topics.filter(pl.col("term") != "").unique(maintain_order=True),
    }  # fmt: skip
    return frames, {"settings": TRIAL_SETTINGS}


def read(folder: Path, *names: str) -> Frames:
    """The tables of a layout, all of them."""
    missing = [f"{name}.parquet" for name in names if not (folder / f"{name}.parquet").is_file()]
    if missing:
        sys.exit(f"error: {folder} is not of this layout: there is no {', '.join(missing)}")
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in names}


def normalized(column: str) -> pl.Expr:
    """Terms as the engine writes them, so that none stands twice."""
    return pl.col(column).map_batches(
        lambda terms: terms.replace_strict({term: normalized_term(term) for term in terms.unique().drop_nulls()}),
        return_dtype=pl.String,
    )


def as_first_recorded(organizations: pl.DataFrame, events: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Names and places as the records of an organization's first programme had them.

    Places, and the names of one in three, come from the records of Horizon Europe: of an organization of Horizon 2020
    they would tell that it comes back. The exports of Horizon 2020 itself give no place for all.
    """
    recent = events.group_by("org_id").agg(recent=pl.col("event_id").str.starts_with("HE-").all())
    names = aliases.join(recent, on="org_id").filter(pl.col("kind").str.ends_with("2025") == pl.col("recent"))
    by_organization = names.sort("kind", "name").group_by("org_id", maintain_order=True)
    names = by_organization.agg(pl.col("name").first(), aliases=pl.col("name").unique().sort().str.join(";"))
    known = organizations.drop("name").join(recent, on="org_id").join(names, on="org_id", how="left")
    return known.with_columns(
        pl.when("recent").then(column).alias(column) for column in ("nuts", "city", "geolocation")
    )


def with_places(organizations: pl.DataFrame) -> pl.DataFrame:
    """Region: NUTS code, else country. City: with its country, since names repeat. Coordinates as numbers."""
    point = pl.col("geolocation").str.split(",")
    return organizations.with_columns(
        region=pl.coalesce(
            pl.col("nuts").str.slice(0, 2).replace(ISO_COUNTRY) + pl.col("nuts").str.slice(2), "country"
        ),
        city=pl.concat_str("city", "country", separator=", "),
        latitude=point.list.get(0).str.strip_chars().cast(pl.Float64),
        longitude=point.list.get(1).str.strip_chars().cast(pl.Float64),
    ).with_columns(normalized("city"))


def above(path: str) -> list[str]:
    """A path after all paths that it lies in."""
    steps = path.split("/")
    return ["/".join(steps[: depth + 1]) for depth in range(len(steps))]


def chained(chains: Iterable[list[str]]) -> Terms:
    """Terms, each with the one before it in a chain as its parent."""
    return {
        term: {"parent": parent} if parent else {}
        for chain in sorted(chains)
        for term, parent in zip(chain, [None, *chain[:-1]], strict=True)
    }


def places(organizations: pl.DataFrame) -> Terms:
    """Countries, NUTS regions below them, cities below these; each where its organizations lie in the mean."""
    codes = organizations["region"].drop_nulls().unique()
    terms = chained([code[:length] for length in range(2, len(code) + 1)] for code in codes)
    region = pl.coalesce(pl.col("region").filter(pl.col("nuts").is_not_null()).mode().min(), pl.col("country").min())
    cities = organizations.drop_nulls("city").group_by("city").agg(region)
    terms |= {city: {"parent": parent} for city, parent in cities.sort("city").iter_rows()}
    for column in ("region", "city"):
        means = organizations.drop_nulls(column).group_by(column).agg(pl.col("latitude", "longitude").mean().round(3))
        for place, latitude, longitude in means.drop_nulls().iter_rows():
            terms[place] |= {"latitude": latitude, "longitude": longitude}
    return terms


def toml(terms: Terms) -> str:
    """One table a term."""
    tables = (
        [f"[{json.dumps(term, ensure_ascii=False)}]", *(f"{key} = {json.dumps(value)}" for key, value in cells.items())]
        for term, cells in terms.items()
    )
    return "\n".join(line for table in tables for line in table) + "\n"


def write(target: Path, frames: Frames, features: Mapping[str, str]) -> None:
    """Write the domain beside its place and move it there, so that it is whole or not there."""
    if target.exists():
        sys.exit(f"error: {target} is there already: remove it, or choose another name")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".domain-") as scratch:
        domain = Path(scratch) / "domain"
        for folder in ("data", "features"):
            (domain / folder).mkdir(parents=True)
        for name, frame in frames.items():
            frame.write_parquet(domain / "data" / f"{name}.parquet")
        for name, text in features.items():
            (domain / "features" / f"{name}.toml").write_text(text, "utf-8")
        domain.rename(target)


def main() -> None:
    """Read the arguments, build, say what was built."""
    parser = argparse.ArgumentParser(description="Turn a folder of a known layout into a domain.")
    parser.add_argument("layout", choices=("cordis", "clinical_trials"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DOMAIN")
    arguments = parser.parse_args()
    layouts = {"cordis": cordis, "clinical_trials": clinical_trials}
    try:
        frames, features = layouts[arguments.layout](arguments.folder)
    except pl.exceptions.PolarsError as error:
        sys.exit(f"error: {arguments.folder} is not of this layout: {str(error).splitlines()[0]}")
    write(arguments.output, frames, features)
    print(f"{arguments.output}: " + ", ".join(f"{frame.height:,} {name}" for name, frame in frames.items()))


if __name__ == "__main__":
    main()
