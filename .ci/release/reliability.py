#!/usr/bin/env python3
"""Runs what is too long for every commit, keeps what was seen, and writes docs/RELIABILITY.md from it.

    .ci/release/reliability.py [PART ...]     run these parts (all without names), then write the page
    .ci/release/reliability.py --page         write the page from what is kept
    .ci/release/reliability.py --list         name the parts
    .ci/release/reliability.py --quick [PART ...]
                                              a little of these parts, to see that they run; nothing is kept
    .ci/release/reliability.py --program FILE [PART ...]
                                              with this optimised program, instead of one that is built first
    .ci/release/reliability.py --keep PART COMMIT COMMAND < report.json
                                              keep what a torture elsewhere, or `mutants.py --again`, printed

Each part leaves a file in .ci/release/seen: the commit it ran on, its commands as a reader would type them, and its
figures. A part that breaks a promise, or fails, leaves nothing and ends the run with exit code 1. PostgreSQL's programs,
strace, npm and cargo-mutants are needed by the parts that name them.
"""

import argparse
import contextlib
import functools
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SEEN = ROOT / ".ci" / "release" / "seen"
PAGE = ROOT / "docs" / "RELIABILITY.md"
SEED = 20261122
PULL_MEGABYTES = 100
SOAK_PER_MINUTE = 500
SOAK_ON_TIME = 0.999
# Caches fill, and the file of the write-ahead log stays as long as it ever was. What leaks for ever grows by four fifths
# from the middle of the run to its end; what has settled does not.
SOAK_GROWTH = 1.25
MUTANTS_KILLED = 0.9
MUTANT_AREAS = {
    "routing": "the routing (with what makes text harmless)",
    "store": "the store (with what decides and sends)",
    "security": "what quotes SOQL and keeps secrets",
}
# A worker on PostgreSQL starts more slowly, so that fewer calls are made between two kills; more of them fail.
POSTGRES_FAULTS = "all,slow=0.15,late_commit=0.3,short_page=0.7,ties=0.1"


@dataclass(frozen=True)
class Amounts:
    """How much is done."""

    leads: int
    kills: int
    faults: int
    kill_loop: int
    soak: int
    sequences: int
    seeds: int
    cases: int
    deals: int
    mutants: int
    whole: bool  # every step and every disk, not a sample


BEFORE_RELEASE = Amounts(10_000, 1_000, 5_000, 5_000, 60_000, 5_000, 20_000, 1_000_000, 200_000, 100, True)
QUICK = Amounts(100, 6, 20, 60, 200, 20, 12, 300, 4_000, 2, False)
amounts = BEFORE_RELEASE
program = None  # built when it is needed


def fail(words):
    sys.exit(f"reliability: {words}")


def run(command, **environment):
    """Runs a command; what it printed. Shows that it runs."""
    print("+", " ".join(map(str, command)), file=sys.stderr, flush=True)
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | environment
    ended = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        fail(f"{' '.join(map(str, command))} ended with {ended.returncode}:\n{ended.stdout[-4000:]}")
    return ended.stdout


def commit():
    """The commit that is checked out, with a mark if the sources differ from it."""
    head = run(["git", "rev-parse", "--short=7", "HEAD"]).strip()
    changed = run(["git", "status", "--porcelain", "--untracked-files=no", "--", "src", "assets", "Cargo.lock", "tests"])
    return head + ("+" if changed else "")


def binary():
    """The optimised program."""
    global program
    if program is None:
        run(["cargo", "build", "--release", "--locked"])
        metadata = json.loads(run(["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"]))
        program = str(Path(metadata["target_directory"]) / "release" / "leadboard")
    return program


def tests(*filters, **environment):
    """Integration tests; the command as a reader would type it, what they printed on both outputs, how many passed."""
    command = ["cargo", "test", "--locked", "--test", "it", *filters]
    shown = " ".join([*(f"{name}={value}" for name, value in environment.items()), *command])
    print("+", shown, file=sys.stderr, flush=True)
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | environment
    with tempfile.TemporaryFile("w+") as errors:
        ended = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=errors, text=True, check=False)
        errors.seek(0)
        said = ended.stdout + errors.read()
    passed = sum(int(number) for number in re.findall(r"test result: ok\. (\d+) passed", ended.stdout))
    if ended.returncode != 0 or passed == 0:
        fail(f"{shown}: {passed} passed, exit code {ended.returncode}:\n{said[-4000:]}")
    return shown.replace(" --locked", ""), said, passed


def figure(pattern, said):
    """A number that a test tells."""
    found = re.search(pattern, said)
    if not found:
        fail(f"the test did not tell {pattern!r}")
    return int(found[1])


@contextlib.contextmanager
def postgres():
    """The URL of an empty database on a server of its own."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    places = [*packaged, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    # A place may have links to some of the programs alone.
    needed = ("initdb", "pg_ctl", "createdb")
    bin_ = next((place for place in places if all((place / name).exists() for name in needed)), None)
    if bin_ is None:
        fail(f"PostgreSQL is not installed (no place has {', '.join(needed)})")
    with tempfile.TemporaryDirectory(prefix="leadboard-pg-") as place:
        os.chmod(place, 0o777)
        # PostgreSQL refuses to run as root.
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        data = f"{place}/data"
        run([*user, bin_ / "initdb", "-D", data, "-U", "leadboard", "-A", "trust", "-E", "UTF8", "--locale=C"])
        control = [*user, bin_ / "pg_ctl", "-D", data, "-w", "-l", f"{place}/log"]
        run([*control, "-o", f"-k {place} -c listen_addresses=''", "start"])
        try:
            run([bin_ / "createdb", "-h", place, "-U", "leadboard", "torture"])
            yield f"postgres://leadboard@localhost/torture?host={place}"
        finally:
            run([*control, "-m", "immediate", "stop"])


def torture(faults, extra=(), shown=""):
    arguments = ["torture", "--seed", SEED, "--leads", amounts.leads, "--kills", amounts.kills, "--faults", faults, "--json"]
    arguments = list(map(str, arguments))
    report = json.loads(run([binary(), *arguments, *extra]))
    check_torture(report)
    return ["leadboard " + " ".join(arguments) + shown], report


def check_promise(report):
    """That no promise was broken."""
    broken = {name: report[name] for name in ("lost", "doubled", "overruled", "mismatched") if report[name]}
    if broken or not report["chain_ok"] or not report["quiet"] or report["conservation"]["broken"]:
        fail(f"a promise was broken: {json.dumps(report)}")


def check_torture(report):
    """The promise, and that enough was done to test it."""
    check_promise(report)
    done = [report["leads"] >= amounts.leads, report["kills"] >= amounts.kills, report["faults"] >= amounts.faults]
    if not all(done):
        fail(f"too little was done: {report['leads']} leads, {report['kills']} kills, {report['faults']} faults")


def torture_sqlite():
    return torture("all")


def torture_postgres():
    with postgres() as url:
        return torture(POSTGRES_FAULTS, ["--database-url", url], " --database-url postgres://…")


def kill_loop():
    command, said, _ = tests("kill_loop::", "--", "--nocapture", LEADBOARD_KILLS=str(amounts.kill_loop))
    server = r"kills on PostgreSQL, (\d+) of the server"
    return [command], {
        "sqlite": figure(r"(\d+) kills on SQLite", said), "postgres": figure(r"(\d+) kills on PostgreSQL", said),
        "servers": figure(server, said), "leads": sum(map(int, re.findall(r"(\d+) leads acknowledged", said)))}


def soak():
    arguments = ["torture", "--seed", SEED, "--leads", amounts.soak, "--per-minute", SOAK_PER_MINUTE, "--faults", "all", "--json"]
    arguments = list(map(str, arguments))
    report = json.loads(run([binary(), *arguments]))
    check_soak(report)
    return ["leadboard " + " ".join(arguments)], report


def check_soak(report):
    """The promise; that leads were on time; that nothing grew any more in the second half."""
    check_promise(report)
    soak = report["soak"]
    if report["leads"] < amounts.soak or soak["on_time"] < SOAK_ON_TIME:
        fail(f"too few leads, or too many late ones: {json.dumps(soak)}")
    for what in ("memory_mb", "files", "log_mb") if amounts.whole else ():
        series = soak[what]
        if not series or series[-1] > SOAK_GROWTH * series[len(series) // 2]:
            fail(f"{what} grew, or was not seen: {series}")


def power_cuts():
    filters = ["powercut::every", "--", "--ignored"] if amounts.whole else ["powercut::what", "--"]
    command, said, _ = tests(*filters, "--nocapture")
    return [command], {"disks": figure(r"(\d+) disks after a power cut", said)}


def sequences():
    command, said, _ = tests("store_model::", "--", "--nocapture", PROPTEST_CASES=str(amounts.sequences))
    return [command], {"sequences": figure(r"(\d+) sequences", said), "calls": figure(r"(\d+) calls", said)}


def simulation():
    command, said, _ = tests("simulation::", "--", "--nocapture", PROPTEST_CASES=str(amounts.seeds))
    return [command], {
        "seeds": figure(r"(\d+) seeds", said), "calls": figure(r"(\d+) calls", said),
        "deaths": figure(r"(\d+) deaths of a process", said)}


def failpoints():
    command, said, _ = tests("failpoints::", "--", "--nocapture", *["--include-ignored"] * amounts.whole)
    found = re.findall(r"^(\d+) failures at (\d+) steps: (.*)$", said, re.MULTILINE)
    if not found:
        fail("the tests did not tell how many steps they failed at")
    # A sample of the steps on PostgreSQL is what every commit runs; here all of them are.
    found = [one for one in found if "sample" not in one[2]]
    runs = [{"failures": int(count), "steps": int(steps), "where": where} for count, steps, where in sorted(found, key=lambda f: f[2])]
    return [command], {"runs": runs}


def chaos():
    command, said, passed = tests("chaos::", "--", "--nocapture", "--include-ignored")
    return [command], {
        "scenarios": sorted(set(re.findall(r"^test chaos::(\S+) \.\.\. ", said, re.MULTILINE))), "passed": passed}


def team():
    command, said, _ = tests("two_thousand_leads", "--", "--ignored", "--nocapture")
    found = re.findall(r"^(\d+) leads, news at the terminal of (\w+): \[(.*?)\] while all decide, \[(.*?)\] when all is quiet$",
                       said, re.MULTILINE)
    if len(found) != 3:
        fail("the test did not tell how soon each of three terminals had its news")
    return [command], {
        "leads": int(found[0][0]),
        "terminals": {name: {"busy": busy.split(", "), "quiet": quiet.split(", ")} for _, name, busy, quiet in found}}


def fuzz():
    said = run([".ci/release/fuzz.sh", str(amounts.cases)])
    return [f".ci/release/fuzz.sh {amounts.cases}"], {
        "cases": amounts.cases, "properties": sorted(re.findall(r"^test (\S+) \.\.\. ok$", said, re.MULTILINE))}


def salesforce_cli():
    said = run([".ci/release/salesforce_cli.sh", binary()])
    return [".ci/release/salesforce_cli.sh target/release/leadboard"], {
        "version": re.search(r"Salesforce CLI (.*): agrees", said)[1], "checks": re.findall(r"^ok +(.*)$", said, re.MULTILINE)}


def mutants(area):
    """Each area by itself: the smallest is the one in which a slip costs most."""
    command = [".ci/release/mutants.py", "--area", area, "--sample", str(amounts.mutants), "--seed", str(SEED)]
    report = json.loads(run(command))
    check_mutants(report)
    return [" ".join(command)], report


def killed(report):
    """Mutants that the tests killed, and those that they could have: what does not compile is none."""
    dead = report["caught"] + report["timeouts"]
    return dead, dead + len(report["missed"])


def wilson(part, whole):
    """The 95 % interval of a share that a sample shows, after Wilson (1927): it is good near 0 and 1, and for few."""
    z, share = 1.959964, part / whole
    middle, spread = share + z * z / (2 * whole), z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return (middle - spread) / (1 + z * z / whole), (middle + spread) / (1 + z * z / whole)


def check_mutants(report):
    """That the tests notice enough of what is broken."""
    dead, viable = killed(report)
    # Of a handful nothing can be said.
    if not viable or amounts.whole and dead < MUTANTS_KILLED * viable:
        fail(f"{dead} of {viable} mutants were killed: {json.dumps(report)}")


def pull():
    """A history of many deals is read from the org; the reader's peak memory."""
    leadboard = binary()
    with tempfile.TemporaryDirectory(prefix="leadboard-pull-") as place:
        org = subprocess.Popen(
            [leadboard, "--json", "--data-dir", f"{place}/org", "demo-org", "--port", "0", "--idle", "--until-stdin-ends",
             "--deals", str(amounts.deals), "--daily-calls", "1000000", "--write-config", f"{place}/config.toml"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            org.stdout.readline()
            began = time.monotonic()
            puller = subprocess.Popen(
                [leadboard, "--json", "--config", f"{place}/config.toml", "--data-dir", f"{place}/data", "history", "pull"],
                stdout=subprocess.PIPE, text=True)
            said = json.loads(puller.stdout.read())
            _, status, usage = os.wait4(puller.pid, 0)
            seconds = time.monotonic() - began
        finally:
            org.stdin.close()
            org.wait()
    megabytes = usage.ru_maxrss / 1024 if sys.platform != "darwin" else usage.ru_maxrss / 1024 / 1024
    if status != 0 or megabytes >= PULL_MEGABYTES:
        fail(f"the pull ended with {status} and {megabytes:.0f} MB: {said}")
    return [f"leadboard demo-org --deals {amounts.deals} --idle --write-config config.toml",
            "leadboard --config config.toml history pull"], {
        "deals": amounts.deals, "peak_megabytes": round(megabytes, 1), "seconds": round(seconds, 1), "said": said}


def torture_words(report):
    kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(report["faults_by_kind"].items()))
    ended, effects, checks = report["ended"], report["effects"], report["conservation"]
    who = "Two workers share the database, and one is killed while the other lives and takes over: "
    return (who if report["store"] == "postgres" else "") + (
        f"{report['leads']:,} leads, {report['kills']:,} kills of the worker ({report['kills_at_start']:,} of them while it "
        f"started), {report['faults']:,} injected faults and {report['acts_of_people']:,} acts of people in between, in "
        f"{report['seconds']:,.0f} seconds. **Lost {report['lost']}, doubled {report['doubled']}, overruled "
        f"{report['overruled']}, believed otherwise than the org has it {report['mismatched']}, audit chain whole.**\n\n"
        f"Every lead ended in one final state: {ended['written']:,} decided and written, {ended['superseded']:,} where a "
        f"person was faster, {ended['finished_before_seen']:,} that a person had finished before leadboard first read them. "
        f"The org has {effects['records']:,} decision records for them, {effects.get('put_back', 0):,} of which put back "
        f"what an earlier one had written; {effects['undone']:,} decisions were taken back in time and left nothing. The conservation rule was looked at after {checks['checks']:,} restarts and broken at "
        f"{checks['broken']}.\n\nFaults by kind: {kinds}.")


def kill_words(result):
    return (
        f"A process that takes leads in, decides and books writes is killed {result['sqlite']:,} times on SQLite and "
        f"{result['postgres']:,} times on PostgreSQL, whose server dies with it {result['servers']:,} times: each next life "
        f"found everything that was acknowledged ({result['leads']:,} leads in all), and at the end every lead is counted, "
        "every decision is there once, and the audit chain is whole.")


def soak_words(report):
    soak = report["soak"]
    series = lambda name: ", ".join(f"{value:,.0f}" for value in soak[name])
    return (
        f"{report['leads']:,} leads at {soak['per_minute']} a minute, in {report['seconds'] / 3600:.1f} hours, with all faults "
        f"for 5 of every 30 seconds ({report['faults']:,} injected) and {report['acts_of_people']:,} acts of people: lost "
        f"{report['lost']}, doubled {report['doubled']}, overruled {report['overruled']}, mismatched {report['mismatched']}, "
        f"audit chain whole. {soak['on_time']:.3%} of the leads were decided and written, or settled by a person, within "
        f"{soak['deadline_seconds']} seconds of their arrival; half within {soak['median_seconds']}, 99 of 100 within "
        f"{soak['p99_seconds']}, the longest took {soak['longest_seconds']}.\n\nThe worker, tenth by tenth of the run: memory "
        f"{series('memory_mb')} MB; open files {series('files')}; write-ahead log at most {series('log_mb')} MB.")


def power_words(result):
    return (
        f"{result['disks']:,} disks as they may be found after a power cut at any write, with what was not synced missing "
        "whole or in part, sector by sector: the store opened on each, was whole, and held everything that had been "
        "acknowledged. On a disk that lies about syncing the same test finds losses.")


def sequence_words(result):
    return (
        f"{result['sequences']:,} random sequences of 40 to 160 calls over the real SQL, {result['calls']:,} in all, with "
        "crashes, lost leases, stale answers and time that passes, each compared with a model after every step.")


def simulation_words(result):
    return (
        "A whole company in one thread over the real SQL: intake and ranking, two senders, two managers, an org that "
        "loses answers and does some writes late, people who take leads, a clock that jumps forward and back. A seed decides "
        "who goes on with the next call, which call fails, done or not, and whose process dies: "
        f"{result['seeds']:,} seeds, {result['calls']:,} calls, {result['deaths']:,} deaths, no promise broken. With "
        "another decision key at each try the same judge finds doubles.")


def failpoint_words(result):
    lines = [f"- {run['where']}: {run['failures']:,} failures at {run['steps']:,} steps" for run in result["runs"]]
    return (
        "A small story (leads come in, are ranked and judged, one is taken back, one is taken by a person, the others are "
        "written and read back) is told again and again. Each time another one of its steps fails: before it was done, "
        "after it was done, or by the death of the process before or after. Then it goes on as after any failure, and every "
        "lead must end decided and written once, or with the person who took it.\n\n" + "\n".join(lines))


def chaos_words(result):
    names = "\n".join(f"- {name.replace('_', ' ')}" for name in result["scenarios"])
    return f"A proxy between the real worker and what it talks to:\n\n{names}"


def seconds(text):
    """A duration as Rust writes it (`13.29ms`, `1.2s`)."""
    number, unit = re.fullmatch(r"([\d.]+)(ns|µs|ms|s)", text).groups()
    return float(number) * {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]


def team_words(result):
    latest = max(seconds(one) for of in result["terminals"].values() for times in of.values() for one in times)
    when = "within a second" if latest < 1.0 else f"after {latest:.1f} seconds at the latest, and a second is promised"
    return (
        f"{result['leads']:,} leads on one PostgreSQL, two workers of which one dies in the middle, three managers who all "
        "approve whatever they see: each lead received, ranked, decided and written once. News of every decision reached "
        f"each of three terminals {when}, while all decide as when all is quiet.")


def fuzz_words(result):
    names = "\n".join(f"- `{name}`" for name in result["properties"])
    return f"{result['cases']:,} random cases of each of these properties; nothing was found:\n\n{names}"


def cli_words(result):
    return (
        f"Salesforce CLI {result['version']} works with the demo org: {', '.join(result['checks'])}. (simple-salesforce, "
        "jsforce and soql-parser-js are asked by every commit: `.ci/clients/run.sh`.)")


def mutant_words(report):
    dead, viable = killed(report)
    mended, excluded = len(report["mended"]), len(report["excluded"])
    # The sample stands for all mutants only as it was before its own survivors were looked at.
    low, high = wilson(dead - mended, viable)
    at_first = f"{dead - mended} ({(dead - mended) / viable:.1%}) at first" if mended else f"{dead} ({dead / viable:.1%})"
    then = f" Tests that were written for what was left notice {mended} more: {dead} of {viable}." if mended else ""
    same = f"{excluded} turned out to change nothing that can be seen (`.cargo/mutants.toml` says why), " if excluded else ""
    missed = "\n\nNot noticed:\n\n" + "\n".join(f"- `{name}`" for name in report["missed"]) if report["missed"] else ""
    parts = ", ".join(MUTANT_AREAS[area] for area in report["areas"])
    return (
        f"cargo-mutants {report['version']} can break {parts} ({report['files']} files) in {report['mutants']:,} places. A random sample of "
        f"{report['sampled']} of them was tried, not all: {report['unviable']} did not compile, {same}and of the other {viable} "
        f"the tests noticed {at_first}, which makes between {low:.0%} and {high:.0%} of all likely (95 % interval, "
        f"Wilson).{then} {report['timeouts']} of them ran until the clock stopped them." + missed)


def pull_words(result):
    return (
        f"A history of {result['deals']:,} closed leads, read from the org into SQLite: {result['peak_megabytes']} MB at the "
        f"peak, {result['seconds']:.0f} seconds.")


PARTS = {
    "torture_sqlite": ("Torture on SQLite", torture_sqlite, torture_words),
    "torture_postgres": ("Torture on PostgreSQL", torture_postgres, torture_words),
    "soak": ("A soak", soak, soak_words),
    "kill_loop": ("Killed again and again", kill_loop, kill_words),
    "failpoints": ("A failure at each step", failpoints, failpoint_words),
    "power_cuts": ("Power cuts", power_cuts, power_words),
    "simulation": ("A seeded simulation", simulation, simulation_words),
    "sequences": ("Sequences of calls", sequences, sequence_words),
    "chaos": ("A bad network", chaos, chaos_words),
    "team": ("A team on one database", team, team_words),
    "fuzz": ("Hostile input", fuzz, fuzz_words),
    "salesforce_cli": ("Salesforce's own command line", salesforce_cli, cli_words),
} | {
    f"mutants_{area}": (f"Do the tests notice? {what[0].upper() + what[1:]}", functools.partial(mutants, area), mutant_words)
    for area, what in MUTANT_AREAS.items()
} | {
    "pull": ("Memory of a large pull", pull, pull_words),
}


# Reports from elsewhere that are not those of torture, and what they must show.
KEPT = {"soak": check_soak} | dict.fromkeys((f"mutants_{area}" for area in MUTANT_AREAS), check_mutants)


def keep(part, commands, result, at):
    """Keeps what a part has seen."""
    SEEN.mkdir(exist_ok=True)
    seen = {"commit": at, "commands": commands, "result": result}
    (SEEN / f"{part}.json").write_text(json.dumps(seen, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_page():
    """The page, of all parts that were seen."""
    sections = []
    for part, (title, _, words) in PARTS.items():
        file = SEEN / f"{part}.json"
        if not file.exists():
            print(f"not seen yet: {part}", file=sys.stderr)
            continue
        seen = json.loads(file.read_text())
        commands = "\n".join(seen["commands"])
        sections.append(f"## {title}\n\n```sh\n{commands}\n```\n\n{words(seen['result'])}\n\nAt commit {seen['commit']}.\n")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(
        "# What it survived\n\n"
        "Written by `.ci/release/reliability.py` from the figures in `.ci/release/seen`, each from one run of the command "
        "above it; run it yourself. It says what was survived, not that nothing can fail. Every commit runs a small part of "
        "each (`.ci/run`).\n\n" + "\n".join(sections))
    print(PAGE)


def main():
    global amounts, program
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", nargs="*", help="parts to run; all without names")
    options.add_argument("--page", action="store_true", help="only write the page")
    options.add_argument("--quick", action="store_true", help="a little of each, to see that it runs; keeps nothing")
    options.add_argument("--program", metavar="FILE", help="an optimised leadboard of this commit")
    options.add_argument("--keep", nargs=3, metavar=("PART", "COMMIT", "COMMAND"), help="keep a report")
    options.add_argument("--list", action="store_true", help="only name the parts")
    asked = options.parse_args()
    for part in asked.part:
        if part not in PARTS:
            options.error(f"there is no part {part}; --list names them")
    program = asked.program and str(Path(asked.program).resolve())
    if asked.list:
        print("\n".join(PARTS))
    elif asked.quick:
        amounts = QUICK
        for part in asked.part or PARTS:
            commands, result = PARTS[part][1]()
            print("\n".join([f"{part}: {commands}", PARTS[part][2](result), ""]), flush=True)
    elif asked.keep:
        part, at, command = asked.keep
        if not part.startswith("torture_") and part not in KEPT:
            options.error("only a report of torture or of mutants can be kept")
        report = json.load(sys.stdin)
        KEPT.get(part, check_torture)(report)
        keep(part, [command], report, at)
        write_page()
    else:
        for part in [] if asked.page else asked.part or PARTS:
            at = commit()
            commands, result = PARTS[part][1]()
            keep(part, commands, result, at)
        write_page()


if __name__ == "__main__":
    main()
