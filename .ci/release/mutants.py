#!/usr/bin/env python3
"""Do the tests notice when the store, the routing or what escapes and hides is broken? cargo-mutants breaks it, one place
at a time, and says which tests failed.

    .ci/release/mutants.py --sample 150 --seed 1      a random sample of the mutants; the same seed, the same sample
    .ci/release/mutants.py --again REPORT             those that an earlier report calls missed, to see what new tests kill
    .ci/release/mutants.py --only REGEX               those whose names match
    .ci/release/mutants.py --list                     the names of all

What was seen is printed as one JSON object; `--again` prints the earlier one, brought up to date. `.cargo/mutants.toml` names the files that are broken and what is left out.

A mutant must be compiled, and the whole crate takes long. So each area is a crate of its own under `target/mutants`:
its sources, what is beneath them (see `tests/it/arch.rs`) as a library that is compiled once, and those integration tests
that ask the area alone, as unit tests, so that each mutant costs one run of the compiler. A mutant that only a test
elsewhere would kill counts as missed.
"""

import argparse
import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = ROOT / "target" / "mutants"
CONFIG = ROOT / ".cargo" / "mutants.toml"
VERSION = "27.1.0"
# A mutant that loops is caught by the clock. Long, because a slow machine catches nothing.
SECONDS = 300
# Random cases of each property: a mutant is tried many times less often than every commit is.
UNTIL_FAILURE = "--until-failure"
ENVIRONMENT = {"PROPTEST_CASES": "16", "LEADBOARD_REQUIRE_POSTGRES": "1", "CARGO_TERM_COLOR": "never"}


@dataclass(frozen=True)
class Area:
    """A part of the crate that compiles without what is above it."""

    own: tuple[str, ...]  # its modules
    beneath: tuple[str, ...] = ()  # modules that it uses
    tests: tuple[str, ...] = ()  # integration tests that need no more


AREAS = {
    "routing": Area(("domain", "policy")),
    "store": Area(
        ("app", "store"), ("domain", "history", "model", "policy"),
        ("audit", "drift", "hot", "routing", "store_cluster", "store_companies", "store_conformance", "store_filter",
         "store_fixtures", "store_model", "store_postgres", "store_sqlite")),
    "security": Area(("config", "crm"), ("app", "domain", "history", "model", "policy")),
}


def fail(words):
    sys.exit(f"mutants: {words}")


def update(file, text):
    """Writes a file unless it says so already: its time tells cargo whether to compile it."""
    if not file.exists() or file.read_text() != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def copy(source, target, change=lambda text: text):
    """Copies a file, or a folder without what is no longer in it; sources may be changed on the way."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for gone in {file.name for file in target.iterdir()} - {file.name for file in source.iterdir()}:
            shutil.rmtree(target / gone) if (target / gone).is_dir() else (target / gone).unlink()
        for file in source.iterdir():
            copy(file, target / file.name, change)
    elif source.suffix == ".rs":
        update(target, change(source.read_text()))
    else:
        shutil.copyfile(source, target)


def modules(names, parent, place, change=lambda text: text):
    """Copies modules: a file, and a folder if it has one."""
    for name in names:
        copy(parent / f"{name}.rs", place / f"{name}.rs", change)
        if (parent / name).is_dir():
            copy(parent / name, place / name, change)


def manifest(name, beneath="", lib=""):
    """The manifest of the whole crate, as far as an area needs it; `beneath` is the package of what is beneath it."""
    text = (ROOT / "Cargo.toml").read_text()
    shared = text[text.index("[features]"):text.index("[lints.")]
    if beneath:
        needs = f'beneath = {{ path = "beneath", package = "{beneath}" }}'
        shared = shared.replace("[dependencies]\n", f"[dependencies]\n{needs}\n", 1)
    package = {"name": name, "version": "0.1.0", "edition": "2024", "publish": False, "autotests": False, "autobenches": False}
    head = "".join(f"{key} = {json.dumps(value)}\n" for key, value in package.items())
    called = f'name = "{lib}"\n' if lib else ""
    return f"[package]\n{head}\n[lib]\n{called}doctest = false\n\n{shared}"


def crate(name):
    """Writes an area's crate; where it is."""
    area, place = AREAS[name], PLACE / name
    modules([*area.own, "testing"], ROOT / "src", place / "src")
    modules(area.tests, ROOT / "tests" / "it", place / "src")
    lib = "extern crate self as leadboard;\n"
    lib += f"pub use beneath::{{{', '.join(area.beneath)}}};\n" if area.beneath else ""
    lib += "".join(f"pub mod {module};\n" for module in area.own)
    lib += "".join(f"#[cfg(test)]\nmod {module};\n" for module in ("testing", *area.tests))
    update(place / "src" / "lib.rs", lib)
    # All areas share the place of what is compiled, so none may be called like another.
    package = f"leadboard-beneath-{name}" if area.beneath else ""
    update(place / "Cargo.toml", manifest(f"leadboard-{name}", package))
    if area.beneath:
        # What the whole crate may use is then used from another.
        public = lambda text: text.replace("pub(crate) ", "pub ")
        modules([*area.beneath, "testing"], ROOT / "src", place / "beneath" / "src", public)
        lib = "".join(f"pub mod {module};\n" for module in area.beneath) + "#[cfg(test)]\nmod testing;\n"
        update(place / "beneath" / "src" / "lib.rs", lib)
        update(place / "beneath" / "Cargo.toml", manifest(package, lib="beneath").split("\n[profile.")[0] + "\n")
    for home in [place, place / "beneath"] if area.beneath else [place]:
        for other in ("assets", "tests", "config.example.toml"):
            if not (home / other).exists():
                (home / other).symlink_to(ROOT / other)
    if not (place / "Cargo.lock").exists():
        shutil.copyfile(ROOT / "Cargo.lock", place / "Cargo.lock")
    return place


def runner():
    """The variable that tells cargo what runs the tests."""
    told = subprocess.run(["rustc", "-vV"], stdout=subprocess.PIPE, text=True, check=True).stdout
    host = re.search(r"^host: (\S+)$", told, re.MULTILINE)[1]
    return f"CARGO_TARGET_{host.upper().replace('-', '_')}_RUNNER"


def until_failure(command):
    """Runs tests until one fails: a mutant is dead then. Those nearest to what is broken come first. An exit code."""
    src = Path.cwd() / "src"
    files = [file.relative_to(src) for file in src.rglob("*.rs") if file != src / "lib.rs"]
    ours = [file for file in files if (ROOT / "src" / file).exists()]
    broken = [file for file in ours if not filecmp.cmp(src / file, ROOT / "src" / file, shallow=False)]
    near = ["::".join(file.with_suffix("").parts[:2]) + "::" for file in broken]
    with tempfile.TemporaryDirectory(prefix="leadboard-mutant-") as place:
        for filters in [near, []] if near else [[]]:
            tests = subprocess.Popen([*command, *filters], env=os.environ | {"TMPDIR": place}, stdout=subprocess.PIPE, text=True)
            for line in tests.stdout:
                print(line, end="", flush=True)
                if re.match(r"test .* \.\.\. FAILED$", line):
                    tests.kill()
            if code := tests.wait():
                return 101 if code < 0 else code
    return 0


def cargo_mutants(place, *arguments):
    """Runs cargo-mutants on an area."""
    command = ["cargo", "mutants", "--config", CONFIG, "--dir", place, "--colors", "never", *arguments]
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | ENVIRONMENT
    env |= {"CARGO_TARGET_DIR": str(ROOT / "target"), runner(): f"{sys.executable} {__file__} {UNTIL_FAILURE}"}
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)


def mutants():
    """The names of all mutants and the area of each."""
    found = {}
    for name in AREAS:
        ended = cargo_mutants(crate(name), "--list")
        if ended.returncode != 0:
            fail(f"they cannot be listed: exit code {ended.returncode}")
        found |= dict.fromkeys(ended.stdout.splitlines(), name)
    if not found:
        fail("there are none")
    return found


def identity(name):
    """A mutant's name that stays as lines come and go."""
    return re.sub(r":\d+:\d+:", ":", name)


def sample(names, count, seed):
    """A random choice; another mutant that comes or goes changes it by one at most."""
    nth, lots = Counter(), {}
    for name in sorted(names):
        what = identity(name)
        nth[what] += 1
        lots[name] = hashlib.sha256(f"{seed} {what} {nth[what]}".encode()).digest()
    return sorted(lots, key=lots.get)[:count]


def run(area, names, every, baseline="run"):
    """Tests mutants of an area, after what is not broken unless that is skipped; what became of each."""
    place = crate(area)
    # A choice by regular expression lets every deleted field through (27.1.0). What it calls caught before it leaves out.
    out = place / "mutants.out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    others = every.keys() - set(names)
    (out / "previously_caught.txt").write_text("".join(f"{name}\n" for name in sorted(others) if every[name] == area))
    ended = cargo_mutants(
        place, "--in-place", "--iterate", "--baseline", baseline, "--no-times", "--timeout", str(SECONDS), "--", "--lib")
    print(ended.stdout, file=sys.stderr)
    # 2: some were missed; 3: some took too long.
    if ended.returncode not in (0, 2, 3):
        fail(f"{area}: exit code {ended.returncode}")
    outcomes = json.loads((place / "mutants.out" / "outcomes.json").read_text())["outcomes"]
    return {one["scenario"]["Mutant"]["name"]: one["summary"] for one in outcomes if one["scenario"] != "Baseline"}


def installed():
    """The version of cargo-mutants."""
    asked = subprocess.run(["cargo", "mutants", "--version"], stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode != 0:
        fail(f"cargo-mutants is missing: cargo install cargo-mutants --version {VERSION} --locked")
    return asked.stdout.strip().removeprefix("cargo-mutants ")


def told(every, became):
    """The report."""
    count = Counter(became.values())
    missed = sorted(name for name, end in became.items() if end == "MissedMutant")
    return {
        "version": installed(), "areas": sorted(set(every.values())), "mutants": len(every),
        "files": len({name.split(":")[0] for name in every}), "sampled": len(became), "caught": count["CaughtMutant"],
        "timeouts": count["Timeout"], "unviable": count["Unviable"], "missed": missed, "mended": [], "excluded": []}


def main():
    if sys.argv[1:2] == [UNTIL_FAILURE]:
        sys.exit(until_failure(sys.argv[2:]))
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sample", type=int, metavar="N", help="so many, chosen at random; all without it")
    options.add_argument("--seed", type=int, default=1, help="decides which are chosen")
    options.add_argument("--again", metavar="REPORT", help="those that this earlier report calls missed")
    options.add_argument("--only", metavar="REGEX", help="mutants with such a name")
    options.add_argument("--area", choices=AREAS, help="only this area; it is what the sample is drawn from")
    options.add_argument("--list", action="store_true", help="only name them")
    asked = options.parse_args()
    installed()
    earlier = json.loads(Path(asked.again).read_text()) if asked.again else None
    areas = earlier["areas"] if earlier else [asked.area] if asked.area else AREAS
    every = {name: area for name, area in mutants().items() if area in areas}
    chosen = sample(every, asked.sample or len(every), asked.seed)
    if earlier:
        chosen = [name for name in earlier["missed"] if name in every]
    chosen = [name for name in chosen if re.search(asked.only or "", name)]
    if asked.list:
        print("\n".join(chosen))
        return
    became = {}
    for area in AREAS:
        if names := [name for name in chosen if every[name] == area]:
            became |= run(area, names, every)
    if missing := set(chosen) - set(became):
        fail(f"{len(missing)} were not tried, such as {min(missing)}")
    report = told(every, became)
    if earlier:
        missed = report["missed"]
        gone = [name for name in earlier["missed"] if name not in missed]
        mended = [name for name in gone if name in became]
        report = earlier | {
            "mutants": len(every), "caught": earlier["caught"] + len(mended), "missed": missed,
            "mended": sorted(earlier["mended"] + mended),
            "excluded": sorted(earlier["excluded"] + [name for name in gone if name not in became])}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
