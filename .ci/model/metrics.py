"""Compares `leadboard model evaluate --json` with scikit-learn, scipy and MLstatkit (where installed) on the cases of
make_metrics.py and on 100,000 rows. LEADBOARD is the path of the binary."""
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from make_metrics import cases
from _metrics_reference import big_rows, reference

LEADBOARD = os.environ.get("LEADBOARD", "target/debug/leadboard")
TOLERANCE = 1e-9
worst = 0.0


def same(name, ours, theirs):
    global worst
    if ours is None or theirs is None:
        assert ours is None and theirs is None, f"{name}: {ours} against {theirs}"
        return
    gap = abs(ours - theirs) / max(1.0, abs(theirs))
    worst = max(worst, gap)
    assert gap <= TOLERANCE and math.isfinite(ours), f"{name}: {ours} against {theirs}"


def check(name, p, y, p2, folder):
    path = Path(folder) / f"{name}.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["p", "y", "p2"])
        rows.writerows((repr(float(a)), int(b), repr(float(c))) for a, b, c in zip(p, y, p2))
    run = subprocess.run([LEADBOARD, "model", "evaluate", str(path), "--json"], capture_output=True, text=True)
    assert run.returncode == 0, f"{name}: {run.stderr}"
    ours, theirs = json.loads(run.stdout), reference(p, y, p2)
    one = ours["p"]
    for metric in ("log_loss", "brier", "ece", "ece_equal_mass"):
        same(f"{name} {metric}", one[metric], theirs[metric])
    for key in ("z", "p_value"):
        same(f"{name} Spiegelhalter {key}", (one["spiegelhalter"] or {}).get(key), (theirs["spiegelhalter"] or {}).get(key))
    same(f"{name} wins", one["in_the_large"]["expected"], theirs["expected_wins"])
    if theirs["win_limits"]:
        assert one["in_the_large"]["limits"] == theirs["win_limits"], name
    discrimination = theirs["discrimination"]
    assert (one["auc"] is None) == (discrimination is None), name
    if discrimination:
        same(f"{name} AUC", one["auc"]["value"], discrimination["auc"])
        same(f"{name} variance", one["auc_variance"], discrimination["variance"])
        if discrimination["interval"]:
            same(f"{name} low", one["auc"]["low"], discrimination["interval"][0])
            same(f"{name} high", one["auc"]["high"], discrimination["interval"][1])
        paired, comparison = theirs["paired"], ours["comparison"]
        same(f"{name} difference", comparison["auc_difference"]["value"], paired["difference"])
        same(f"{name} z", comparison["z"], paired["z"])
        same(f"{name} p-value", comparison["p_value"], paired["p_value"])
    if "roc" in theirs:
        assert len(one["roc"]) == len(theirs["roc"]), name
        for ours_at, theirs_at in zip(one["roc"], theirs["roc"]):
            same(f"{name} ROC", ours_at[0], theirs_at[0])
            same(f"{name} ROC", ours_at[1], theirs_at[1])


def main():
    n = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in [*cases(), ("big", *big_rows())]:
            name, p, y, p2 = case
            check(name, p, y, p2, folder)
            n += 1
    print(f"metrics: {n} cases agree; largest difference {worst:.1e} (allowed {TOLERANCE:.0e})")


if __name__ == "__main__":
    sys.exit(main())
