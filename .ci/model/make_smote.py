#!/usr/bin/env python3
"""Writes tests/data/smote/vectors.json: what imbalanced-learn's SMOTENC makes of small tables, with its random draws.

    pip install imbalanced-learn==0.14.2 && python .ci/model/make_smote.py
"""
import json
import pathlib

import numpy as np
from imblearn.over_sampling import SMOTENC

K = 5
OUT = pathlib.Path(__file__).resolve().parents[2] / "tests/data/smote/vectors.json"


class Recording(SMOTENC):
    """SMOTENC that keeps what it drew."""

    def _generate_samples(self, X, nn_data, nn_num, rows, cols, steps, y_type=None, y=None):
        self.neighbours, self.rows, self.cols, self.steps = nn_num, rows, cols, steps
        return super()._generate_samples(X, nn_data, nn_num, rows, cols, steps, y_type, y)


def case(name, seed, minority, numeric, levels, synthetic):
    rng = np.random.default_rng(seed)
    rows = 2 * minority + synthetic
    y = np.r_[np.ones(minority, int), np.zeros(rows - minority, int)]
    numbers = rng.normal(size=(rows, numeric)) * rng.uniform(0.5, 3.0, numeric)
    categories = np.column_stack([rng.integers(0, n, rows) for n in levels])
    table = np.column_stack([numbers, categories])
    places = list(range(numeric, numeric + len(levels)))
    sampler = Recording(categorical_features=places, k_neighbors=K, random_state=seed,
                        sampling_strategy={1: minority + synthetic})
    made, _ = sampler.fit_resample(table, y)
    new = made[rows:]
    drawn = [
        {
            "row": int(row),
            "neighbour": int(sampler.neighbours[row, col]),
            "step": float(step),
            "numbers": new[i, :numeric].tolist(),
            "categories": new[i, numeric:].astype(int).tolist(),
        }
        for i, (row, col, step) in enumerate(zip(sampler.rows, sampler.cols, np.ravel(sampler.steps)))
    ]
    return {
        "name": name,
        "numbers": numbers[:minority].tolist(),
        "categories": categories[:minority].tolist(),
        "category_distance": float(sampler.median_std_[1]),
        "neighbours": [sorted(int(n) for n in row) for row in sampler.neighbours],
        "drawn": drawn,
    }


cases = [
    case("two numbers, one category", 1, 20, 2, [3], 30),
    case("four numbers, two categories", 2, 40, 4, [4, 2], 60),
    case("one number, one category of many levels", 3, 30, 1, [9], 40),
]
# A second categorical column counts on from the first, so that a code names its column when a tie is broken.
for c in cases:
    width = len(c["categories"][0])
    for column in range(1, width):
        shift = 1 + max(row[column - 1] for row in c["categories"])
        for row in c["categories"]:
            row[column] += shift
        for drawn in c["drawn"]:
            drawn["categories"][column] += shift
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps({"k": K, "cases": cases}, indent=1) + "\n")
print(f"wrote {OUT}")
