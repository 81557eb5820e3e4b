"""Makes tests/data/xgboost/<version>.json.gz: models of one XGBoost version with the margins it predicts for a few rows.

usage: python make_vectors.py tests/data/xgboost      (once in each environment $VENVS/xgboost-* that run.sh makes)

One file per version, <version>.json.gz: {"xgboost": version, "columns": n, "rows": [[number or null, ...], ...], "cases":
[...], "averaged": {...}}. A case has a name, its files by format (json as text, ubj and binf as Base64), `margins`: what
Booster.predict(output_margin=True) gives for all rounds, and where it differs `best`: the same up to the best round.
Numbers are written so that they read back as the same f32.
"""

import base64
import gzip
import json
import os
import sys
import tempfile
import warnings

import numpy as np
import xgboost as xgb

warnings.simplefilter("ignore")
xgb.set_config(verbosity=0)
VERSION = tuple(int(part) for part in xgb.__version__.split("."))
KEPT = 24
COLUMNS = 4


def data():
    """Three numbers, two of them with gaps, and a category of seven values that matters by being odd."""
    rng = np.random.default_rng(20261122)
    n = 400
    x = rng.normal(size=(n, COLUMNS)).astype(np.float32)
    x[:, 3] = rng.integers(0, 7, n)
    x[:, 1] *= 1e4
    gaps = rng.random((n, COLUMNS)) < 0.2
    gaps[:, 2] = False
    x[gaps] = np.nan
    signal = np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1]) / 1e4 + (np.nan_to_num(x[:, 3]) % 2)
    y = (signal + rng.normal(size=n) > 0.8).astype(np.float32)
    return x, y


def rows(x):
    """Training rows, and rows that training never saw: values on a threshold's other side, outside all categories."""
    some = x[:KEPT].copy()
    some[-6] = np.nan
    some[-5, 3] = 99
    some[-4, 3] = -1
    some[-3, 3] = 2.5
    some[-2, :3] = [3e38, -3e38, 0.0]
    some[-1, :3] = [1e-40, -0.0, 1e-40]
    return some


def train(x, y, rounds=2, **extra):
    params = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "seed": 1, "nthread": 1}
    categorical = extra.pop("categorical", False)
    params.update(extra)
    if categorical:
        types = ["q", "q", "q", "c"]
        # A negative number is no category; the missing ones stay missing.
        matrix = xgb.DMatrix(x, y, feature_types=types, enable_categorical=True)
        params.update(tree_method="hist" if VERSION >= (2,) else "approx", max_cat_to_onehot=2)
    else:
        matrix = xgb.DMatrix(x, y)
    return xgb.train(params, matrix, rounds)


def stopped_early(x, y):
    """Rounds that make the held-out rows worse, kept after the best one."""
    params = {"objective": "binary:logistic", "max_depth": 2, "eta": 0.9, "seed": 1, "nthread": 1}
    held_out = xgb.DMatrix(x[:120], y[:120])
    return xgb.train(
        params, xgb.DMatrix(x[120:], y[120:]), 20, evals=[(held_out, "v")], early_stopping_rounds=2, verbose_eval=False
    )


def saved(booster, formats):
    """The files of a model. JSON is the only one that git and people can read, the others are smaller."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in formats:
            path = os.path.join(folder, "m." + {"binf": "model"}.get(name, name))
            booster.save_model(path)
            with open(path, "rb") as file:
                content = file.read()
            files[name] = content.decode() if name == "json" else base64.b64encode(content).decode()
    return files


def main(out):
    x, y = data()
    shown = rows(x)
    cases = []

    def case(name, booster, **more):
        # XGBoost wrote the binary format up to 1.7 unasked, and never with categories.
        old = ["binf"] if VERSION < (2,) and name != "categories" else []
        texts = ["json"] if name in ("numbers", "categories", "dart") else []
        files = saved(booster, ["ubj"] + old + texts)
        matrix = xgb.DMatrix(shown)
        margins = booster.predict(matrix, output_margin=True, validate_features=False)
        entry = {"name": name, "files": files, "margins": [float(m) for m in margins], **more}
        best = booster.attributes().get("best_iteration")
        if best is not None and int(best) + 1 < booster.num_boosted_rounds():
            upto = booster.predict(matrix, output_margin=True, iteration_range=(0, int(best) + 1))
            entry["best"] = [float(m) for m in upto]
        cases.append(entry)

    case("numbers", train(x, y))
    case("base score", train(x, y, base_score=0.13))
    case("regression with a logistic link", train(x, y, objective="reg:logistic", base_score=0.71))
    case("categories", train(x, y, categorical=True))
    case("dart", train(x, y, rounds=4, booster="dart", rate_drop=0.5))
    case("pruned", train(x, y, max_depth=4, gamma=3, tree_method="exact"))
    case("random forest", train(x, y, rounds=2, num_parallel_tree=2, subsample=0.6))
    case("deep and leaf-wise", train(x, y, rounds=2, max_depth=0, grow_policy="lossguide", max_leaves=12, tree_method="hist"))
    case("stopped early", stopped_early(x, y))

    folds = [train(x[part::3], y[part::3], rounds=1, max_depth=2) for part in range(3)]
    matrix = xgb.DMatrix(shown)
    mean = np.mean([fold.predict(matrix, validate_features=False) for fold in folds], axis=0)
    averaged = {"files": [saved(fold, ["ubj"])["ubj"] for fold in folds], "probabilities": [float(p) for p in mean]}

    listed = [[None if np.isnan(v) else float(v) for v in row] for row in shown]
    result = {"xgboost": xgb.__version__, "columns": COLUMNS, "rows": listed, "cases": cases, "averaged": averaged}
    path = os.path.join(out, xgb.__version__ + ".json.gz")
    with open(path, "wb") as file:
        file.write(gzip.compress(json.dumps(result).encode(), 9, mtime=0))
    print(path, os.path.getsize(path))


if __name__ == "__main__":
    main(sys.argv[1])
