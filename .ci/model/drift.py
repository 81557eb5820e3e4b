#!/usr/bin/env python3
"""Holds the figures in tests/data/drift against the scipy and scikit-learn that are installed now.

`cargo test` holds the program against the same figures, so that together the program agrees with the live libraries.
Those of evidently and river are checked when these are installed, which no gate asks for.
"""

import json
import math
import sys

import make_drift

TOLERANCE = 1e-9


def differences(stored, live, place):
    if isinstance(stored, dict):
        yield from (f"{place}: keys differ" for _ in [0] if stored.keys() != live.keys())
        for key in stored.keys() & live.keys():
            yield from differences(stored[key], live[key], f"{place}.{key}")
    elif isinstance(stored, list):
        if len(stored) != len(live):
            yield f"{place}: {len(stored)} values stored, {len(live)} live"
        for i, (a, b) in enumerate(zip(stored, live)):
            yield from differences(a, b, f"{place}[{i}]")
    elif isinstance(stored, float):
        if not math.isclose(stored, live, rel_tol=TOLERANCE, abs_tol=1e-14):
            yield f"{place}: {stored} stored, {live} live"
    elif stored != live:
        yield f"{place}: {stored!r} stored, {live!r} live"


def main():
    wrong = []
    for name, make in [("measures", make_drift.measures), ("tables", make_drift.tables),
                       ("distributions", make_drift.distributions), ("evidently", make_drift.of_evidently),
                       ("page_hinkley", make_drift.of_river)]:
        try:
            live = make()
        except ImportError as missing:
            print(f"{name}: not checked ({missing})")
            continue
        stored = json.loads((make_drift.FOLDER / f"{name}.json").read_text())
        # Through JSON, so that tuples and numpy's numbers compare as what is stored.
        found = list(differences(stored, json.loads(json.dumps(live)), name))
        print(f"{name}: {'agrees' if not found else f'{len(found)} differences'}")
        wrong += found
    for line in wrong[:20]:
        print("  " + line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
