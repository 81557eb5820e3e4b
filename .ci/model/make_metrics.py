"""Writes tests/data/metrics/*.json: small inputs with the metrics that Python libraries compute on them.

Run with a venv that holds scikit-learn, scipy and MLstatkit; the files are committed, so tests need no Python.
"""
import json
import sys
from pathlib import Path

from _metrics_reference import big_rows, reference, scores

HERE = Path(__file__).resolve().parent
OUT = HERE.parent.parent / "tests" / "data" / "metrics"


def cases():
    yield "plain", *scores(seed=1, rows=400)
    yield "ties", *scores(seed=2, rows=300, digits=1)
    yield "all_tied", [0.3] * 40, [i % 4 == 0 for i in range(40)], [0.3] * 40
    yield "perfect", [0.1, 0.2, 0.8, 0.9, 0.95], [False, False, True, True, True], [0.5, 0.4, 0.6, 0.3, 0.7]
    yield "reversed", [0.9, 0.8, 0.3, 0.2], [False, False, True, True], [0.2, 0.1, 0.9, 0.8]
    yield "one_win", [0.1, 0.4, 0.35, 0.8], [False, False, False, True], [0.2, 0.1, 0.6, 0.3]
    yield "one_outcome", [0.1, 0.4, 0.35], [True, True, True], [0.2, 0.1, 0.6]
    yield "certain", [0.0, 1.0, 1.0, 0.0, 0.5, 0.25], [False, True, False, True, True, False], [0.5] * 6
    # Every edge of the ten bins of equal width, from both sides.
    edges = [i / 10 for i in range(11)]
    around = [x for e in edges for x in (e - 1e-9, e, e + 1e-9) if 0 <= x <= 1]
    yield "edges", around, [i % 3 == 0 for i in range(len(around))], list(reversed(around))
    yield "same_model", *(lambda p, y, _: (p, y, p))(*scores(seed=3, rows=120))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, p, y, p2 in cases():
        case = {"name": name, "p": p, "y": [int(won) for won in y], "p2": p2, "expected": reference(p, y, p2)}
        (OUT / f"{name}.json").write_text(json.dumps(case) + "\n")
    # Too large to store: both sides make the rows from the same integers.
    p, y, p2 = big_rows()
    case = {"name": "big", "rows": len(p), "expected": reference(p, y, p2)}
    (OUT / "big.json").write_text(json.dumps(case) + "\n")
    print(f"wrote {len(list(OUT.iterdir()))} files to {OUT}")


if __name__ == "__main__":
    sys.exit(main())
