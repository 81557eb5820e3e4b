#!/usr/bin/env python3
"""Writes tests/data/assignment/totals.json: markets of leads and reps with room, and the best total that
`scipy.optimize.linear_sum_assignment` finds for each.

    pip install scipy==1.15.3 numpy==2.2.6 && python .ci/model/make_assignment.py

A market is stored as [leads, reps, most room, share of pairs left out in percent, largest value, best total]; its
number in the list is the seed of the SplitMix64 stream that fills it, which the test in Rust makes again. A rep becomes
a column for each place, and each lead has a column of its own, worth 0, that stands for having no rep. Values are
integers far below 2^53, so scipy's floating-point numbers are exact.
"""
import json
import pathlib

import numpy as np
from scipy.optimize import linear_sum_assignment

FILE = pathlib.Path(__file__).resolve().parents[2] / "tests/data/assignment/totals.json"
MASK = (1 << 64) - 1
NEVER = -(10**13)


def splitmix(seed):
    state = seed & MASK
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def shape(number):
    """What the market of this number looks like: nearly all small, the last ten as large as a day of a large team."""
    draw = splitmix(number + 1_000_000)
    if number >= 990:
        return 200, [40, 500][number % 2], [5, 1][number % 2], [0, 60][number // 2 % 2], 10**9
    leads, reps = 1 + next(draw) % 40, 1 + next(draw) % 12
    return leads, reps, next(draw) % 5, [0, 20, 70][next(draw) % 3], [3, 50, 10**9][next(draw) % 3]


def market(number, leads, reps, most, left_out, largest):
    draw = splitmix(number)
    room = [next(draw) % (most + 1) for _ in range(reps)]
    values = np.full((leads, reps), NEVER, dtype=np.int64)
    for lead in range(leads):
        for rep in range(reps):
            if next(draw) % 100 >= left_out:
                # A fifth of the values are negative.
                values[lead, rep] = next(draw) % (largest + largest // 4 + 1) - largest // 4
    return room, values


def best(room, values):
    leads = len(values)
    table = np.hstack([np.repeat(values, room, axis=1), np.where(np.eye(leads, dtype=bool), 0, NEVER)])
    rows, columns = linear_sum_assignment(table.astype(float), maximize=True)
    return int(table[rows, columns].sum())


def totals():
    shapes = [shape(number) for number in range(1000)]
    return [[*shape, best(*market(number, *shape))] for number, shape in enumerate(shapes)]


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("[\n" + ",\n".join(json.dumps(row) for row in totals()) + "\n]\n")
    print(f"wrote {FILE}")
