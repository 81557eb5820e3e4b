#!/usr/bin/env python3
"""tests/data/explain/*.json: small forests that XGBoost trained, rows, and what XGBoost's own `pred_contribs` says of
them. `cargo test` compares leadboard's contributions with these files, so it needs neither Python nor XGBoost.

    python3 .ci/model/make_contribs.py            compares the files with what XGBoost says now
    python3 .ci/model/make_contribs.py --write    makes them anew

Needs xgboost 3.2 and numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb

ROWS = 12
TOLERANCE = 1e-4
FOLDER = Path(__file__).resolve().parents[2] / "tests" / "data" / "explain"


def sample(rng, n, columns, categorical):
    x = rng.normal(size=(n, columns)).astype(np.float32)
    for column, levels in categorical.items():
        x[:, column] = rng.integers(0, levels, n)
    effect = 1.2 * np.nan_to_num(x[:, 0]) - 0.9 * x[:, 1] * (x[:, 2] > 0) + 0.5 * x[:, 3]
    for column, levels in categorical.items():
        effect = effect + rng.normal(0, 1.0, levels)[x[:, column].astype(int)]
    y = (rng.random(n) < 1 / (1 + np.exp(-effect))).astype(np.float32)
    # Missing values, also in a categorical column.
    for column in (0, 2, columns - 1):
        x[rng.random(n) < 0.15, column] = np.nan
    return x, y


def tree(raw):
    """One tree as lists by node; a leaf has no left child, a categorical split has its set of categories."""
    n = len(raw["left_children"])
    left, right = raw["left_children"], raw["right_children"]
    # Our trees want the right child beside the left one; XGBoost's own are so.
    assert all(r == l + 1 for l, r in zip(left, right) if l != -1)
    sets = [None] * n
    for node, start, size in zip(raw["categories_nodes"], raw["categories_segments"], raw["categories_sizes"]):
        sets[node] = raw["categories"][start : start + size]
    return {
        "left": [max(l, 0) for l in left],
        "feature": raw["split_indices"],
        "value": [0.0 if s is not None else v for v, s in zip(raw["split_conditions"], sets)],
        "set": sets,
        "default_left": [bool(d) for d in raw["default_left"]],
        "cover": raw["sum_hessian"],
    }


def make(name, seed, columns, categorical, rounds, depth, n=1_500):
    rng = np.random.default_rng(seed)
    x, y = sample(rng, n, columns, categorical)
    types = ["c" if c in categorical else "q" for c in range(columns)]
    data = xgb.DMatrix(x, y, feature_types=types, enable_categorical=True)
    parameters = {
        "objective": "binary:logistic",
        "max_depth": depth,
        "eta": 0.3,
        "lambda": 1.0,
        "min_child_weight": 1.0,
        "tree_method": "hist",
        "max_cat_to_onehot": 2,
        "seed": seed,
    }
    booster = xgb.train(parameters, data, rounds)
    learner = json.loads(booster.save_raw("json"))["learner"]
    base_score = learner["learner_model_param"]["base_score"]
    rows = x[:ROWS]
    probe = xgb.DMatrix(rows, feature_types=types, enable_categorical=True)
    contributions = booster.predict(probe, pred_contribs=True)
    vectors = {
        "made_by": f"xgboost {xgb.__version__}",
        "features": columns,
        "base_score": json.loads(base_score)[0] if base_score.startswith("[") else float(base_score),
        "trees": [tree(t) for t in learner["gradient_booster"]["model"]["trees"]],
        "rows": [[None if np.isnan(v) else float(v) for v in row] for row in rows],
        # One value per column, then the expectation.
        "contributions": [[float(v) for v in row] for row in contributions],
    }
    path = FOLDER / f"{name}.json"
    if "--write" in sys.argv:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(vectors, separators=(",", ":")) + "\n")
        print(f"{path.name}: {path.stat().st_size} bytes written")
        return True
    stored = json.loads(path.read_text())
    difference = float(np.abs(np.array(stored["contributions"]) - contributions).max())
    print(f"{path.name}: stored by {stored['made_by']}, largest difference {difference:.1e}")
    return difference <= TOLERANCE


if __name__ == "__main__":
    same = [
        make("numeric", 1, columns=6, categorical={}, rounds=12, depth=5),
        make("categorical", 2, columns=7, categorical={4: 8, 5: 40, 6: 5}, rounds=12, depth=5),
        make("deep", 3, columns=14, categorical={13: 6}, rounds=2, depth=14, n=900),
    ]
    sys.exit(0 if all(same) else f"the stored contributions are not those of xgboost {xgb.__version__}")
