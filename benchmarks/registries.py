"""Seconds and memory to read a public registry, on files of the published form that are made here.

    python benchmarks/registries.py [-n 100000]

Each registry is read in a process of its own, in parts that are counted and dropped.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

_READ = """
import resource, sys, time
from matchmaker.domain import Domain
from matchmaker.intake.registry import read_registry
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, rows = time.perf_counter(), 0
for part in read_registry(sys.argv[1], [sys.argv[2]], domain=Domain()):
    rows += sum(frame.height for frame in part.tables.values())
seconds = time.perf_counter() - start
print(rows, round(seconds, 1), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)
"""


def cordis(path: Path, n: int) -> None:
    """`n` projects of six members each."""
    days = {"startDate": "2020-01-01", "endDate": "2023-01-01"}
    projects = ({"id": k, "title": f"Project {k}", **days, "objective": "text " * 200} for k in range(n))
    members = (
        {"projectID": k, "organisationID": (7 * k + 31 * m * m) % (n // 2 + 1), "name": f"Organization {m} of {k}",
         "shortName": "", "activityType": "HES", "country": "DE", "nutsCode": "DE21", "city": "Munich",
         "organizationURL": "", "role": "coordinator" if m == 0 else "participant"}
        for k in range(n) for m in range(6)
    )  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, records in (("project.csv", projects), ("organization.csv", members)):
            with archive.open(name, "w") as target, io.TextIOWrapper(target, "utf-8", newline="") as text:
                first = next(records)
                writer = csv.DictWriter(text, first, delimiter=";", quoting=csv.QUOTE_ALL)
                writer.writeheader()
                writer.writerow(first)
                writer.writerows(records)


def clinicaltrials(path: Path, n: int) -> None:
    """`n` studies in the JSON of the API."""
    with path.open("w") as target:
        target.write('{"studies": [')
        for k in range(n):
            study = {"protocolSection": {
                "identificationModule": {"nctId": f"NCT{k:08}", "briefTitle": f"Trial {k}"},
                "statusModule": {"studyFirstSubmitDate": "2015-01-01"},
                "descriptionModule": {"briefSummary": "text " * 400},
                "sponsorCollaboratorsModule": {
                    "leadSponsor": {"name": f"Sponsor {k % 9973}", "class": "INDUSTRY"},
                    "collaborators": [{"name": f"Hospital {k % 997}", "class": "OTHER"}],
                },
                "conditionsModule": {"conditions": ["Asthma", f"Condition {k % 500}"]},
            }}  # fmt: skip
            target.write(("," if k else "") + json.dumps(study))
        target.write("]}")


def ror(path: Path, n: int) -> None:
    """`n` records of schema 2."""
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("v2_schema_v2.json", "w") as target:
        for k in range(n):
            names = [{"value": f"University {k}", "types": ["label", "ror_display"], "lang": "en"},
                     {"value": f"대학교 {k}", "types": ["label"], "lang": "ko"}]  # fmt: skip
            place = {"geonames_details": {"country_code": "KR", "country_subdivision_name": "Seoul", "name": "Seoul"}}
            record = {"id": f"https://ror.org/{k:09}", "status": "active", "types": ["education"], "names": names,
                      "locations": [place], "external_ids": [{"all": [str(j) for j in range(40)]}]}  # fmt: skip
            target.write(("[" if k == 0 else ",").encode() + json.dumps(record, indent=1).encode())
        target.write(b"]")


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds and memory to read a public registry.")
    parser.add_argument("-n", type=int, default=100_000, help="projects, studies and records")
    n = parser.parse_args().n
    print("registry,file_mib,rows,seconds,memory_mib")
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("cordis", cordis), ("clinicaltrials", clinicaltrials), ("ror", ror)):
            path = Path(folder) / f"{name}.{'json' if name == 'clinicaltrials' else 'zip'}"
            write(path, n)
            answer = subprocess.run([sys.executable, "-c", _READ, name, str(path)], capture_output=True, check=True)
            print(f"{name},{path.stat().st_size / 2**20:.0f},{','.join(answer.stdout.decode().split())}", flush=True)


if __name__ == "__main__":
    main()
