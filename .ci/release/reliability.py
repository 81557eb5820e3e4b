#!/usr/bin/env python3
"""Runs what is too long for every commit, and writes docs/RELIABILITY.md from what was seen.

    .ci/release/reliability.py [--leads 10000] [--kills 1000] [--sequences 20000] [--cases 1000000] [--postgres URL]

Every figure in the page comes from a command of this run; a step that fails ends it, and nothing is written.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def run(command, **environment):
    """Runs a command; its standard output. Shows what goes on."""
    print("+", " ".join(command), file=sys.stderr, flush=True)
    env = {**__import__("os").environ, **environment}
    ended = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout[-4000:]}")
    return ended.stdout


def torture(binary, leads, kills, seed, extra=()):
    """One torture; its report and the command as a reader would type it."""
    arguments = ["torture", "--seed", str(seed), "--leads", str(leads), "--kills", str(kills), "--faults", "all", "--json"]
    report = json.loads(run([str(binary), *arguments, *extra]))
    broken = {name: report[name] for name in ("lost", "doubled", "overruled", "mismatched") if report[name]}
    if broken or not report["chain_ok"]:
        sys.exit(f"a promise was broken: {broken}, chain_ok {report['chain_ok']}")
    return report, "leadboard " + " ".join(arguments)


def tests(arguments, **environment):
    """One cargo test; how many tests passed."""
    out = run(["cargo", "test", "--release", "--locked", *arguments], **environment)
    passed = sum(int(n) for n in re.findall(r"test result: ok\. (\d+) passed", out))
    if passed == 0:
        sys.exit(f"{arguments}: no test ran")
    return passed, out


def section(title, command, words):
    return f"## {title}\n\n```sh\n{command}\n```\n\n{words}\n"


def torture_words(report):
    kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(report["faults_by_kind"].items()))
    return (
        f"Store {report['store']}: {report['leads']:,} leads, {report['kills']:,} kills, {report['faults']:,} injected faults, "
        f"{report['acts_of_people']:,} acts of people in between. **Lost {report['lost']}, doubled {report['doubled']}, "
        f"overruled {report['overruled']}, audit chain whole.** {report['ended']['written']:,} decisions were written, on "
        f"{report['ended']['superseded']:,} leads a person was faster. The conservation rule was checked at "
        f"{report['conservation']['checks']:,} restarts and broken at {report['conservation']['broken']}.\n\n"
        f"Faults by kind: {kinds}."
    )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--leads", type=int, default=10_000)
    options.add_argument("--kills", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument("--sequences", type=int, default=20_000)
    options.add_argument("--cases", type=int, default=1_000_000)
    options.add_argument("--postgres", help="URL of an empty PostgreSQL database for a second torture")
    asked = options.parse_args()

    run(["cargo", "build", "--release", "--locked"])
    target = json.loads(run(["cargo", "metadata", "--format-version", "1", "--no-deps"]))["target_directory"]
    binary = Path(target) / "release" / "leadboard"
    commit = run(["git", "rev-parse", "--short", "HEAD"]).strip()
    parts = []

    report, command = torture(binary, asked.leads, asked.kills, asked.seed)
    parts.append(section("Torture", command, torture_words(report)))
    if asked.postgres:
        report, command = torture(binary, asked.leads, asked.kills, asked.seed, ["--database-url", asked.postgres])
        parts.append(section("Torture on PostgreSQL", command + " --database-url postgres://…", torture_words(report)))

    _, out = tests(["--test", "it", "powercut::every", "--", "--ignored", "--nocapture"])
    disks = re.search(r"(\d+) disks after a power cut", out)
    if not disks:
        sys.exit("the power-cut test did not say how many disks it looked at (is strace installed?)")
    parts.append(section(
        "Power cuts", "cargo test --release --test it powercut::every -- --ignored --nocapture",
        f"{int(disks[1]):,} disks as they may be found after a power cut at any write, with what was not synced missing whole "
        "or in part, sector by sector: the store opened on each, whole, with everything that had been acknowledged. On a disk "
        "that lies about syncing the same test finds losses."))

    tests(["--test", "it", "store_model::"], PROPTEST_CASES=str(asked.sequences))
    parts.append(section(
        "Sequences of calls", f"PROPTEST_CASES={asked.sequences} cargo test --release --test it store_model::",
        f"{asked.sequences:,} random sequences of 40 to 160 calls over the real SQL, with crashes, lost leases, stale answers and "
        "time that passes, each compared with a model after every step."))

    run([".ci/release/fuzz.sh", str(asked.cases)])
    parts.append(section(
        "Hostile input", f".ci/release/fuzz.sh {asked.cases}",
        f"{asked.cases:,} cases for each decoder of the CRM's answers, the config and mapping parsers, the SOQL escaper and the "
        "text sanitiser: no panic, nothing dangerous passed."))

    page = ROOT / "docs" / "RELIABILITY.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(
        "# What it survived\n\n"
        f"Written by `.ci/release/reliability.py` from one run at commit {commit}; run it yourself. It says what was survived, "
        "not that nothing can fail. Every commit runs a small part of each (`.ci/run`).\n\n" + "\n".join(parts))
    print(page)


if __name__ == "__main__":
    main()
