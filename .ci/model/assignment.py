#!/usr/bin/env python3
"""Holds tests/data/assignment/totals.json against the scipy that is installed now. `cargo test` holds the program
against the same file, so that together the program agrees with the live library.
"""
import json
import sys

import make_assignment

stored = json.loads(make_assignment.FILE.read_text())
live = make_assignment.totals()
wrong = [number for number, (a, b) in enumerate(zip(stored, live)) if a != b]
if len(stored) != len(live) or wrong:
    sys.exit(f"{len(stored)} markets stored, {len(live)} live; they differ in {wrong[:10]}")
print(f"{len(live)} best assignments agree with scipy.optimize.linear_sum_assignment")
