"""What check_exchange.py has another version of XGBoost do, in that version's environment.

usage: _with_xgboost.py train MATRIX.csv ROWS.csv OUT_DIR    trains a model of every shape, saves it in every format, and
                                                             writes cases.json: files, and margins on the rows
       _with_xgboost.py predict ROWS.csv OUT.json FILE...    the margins of each file on the rows
       _with_xgboost.py average ROWS.csv OUT.json FILE...    the mean of the files' probabilities
"""

import json
import os
import sys
import warnings

import numpy as np
import xgboost as xgb

warnings.simplefilter("ignore")
xgb.set_config(verbosity=0)
VERSION = tuple(int(part) for part in xgb.__version__.split("."))


def read(path):
    """The label and the features of a matrix that leadboard wrote."""
    with open(path) as file:
        rows = [[float(cell) if cell else np.nan for cell in line.rstrip("\n").split(",")] for line in file]
    values = np.array(rows, dtype=np.float32)
    return values[:, 0], values[:, 1:]


def margins(booster, x, **more):
    matrix = xgb.DMatrix(x)
    return [float(m) for m in booster.predict(matrix, output_margin=True, validate_features=False, **more)]


def train_all(matrix_path, rows_path, out):
    y, x = read(matrix_path)
    _, rows = read(rows_path)
    # Small whole numbers can be categories too.
    whole = [np.isfinite(c).any() and np.nanmin(c) >= 0 and np.nanmax(c) < 50 and np.all(np.nan_to_num(c) % 1 == 0) for c in x.T]
    types = ["c" if w else "q" for w in whole]
    gaps = x.copy()
    gaps[np.random.default_rng(5).random(x.shape) < 0.3] = np.nan

    def train(data=x, labels=y, rounds=30, categorical=False, **extra):
        params = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.1, "seed": 3, "nthread": 1, **extra}
        if categorical:
            method = "hist" if VERSION >= (2,) else "approx"
            params.update(tree_method=method, max_cat_to_onehot=1)
            return xgb.train(params, xgb.DMatrix(data, labels, feature_types=types, enable_categorical=True), rounds)
        return xgb.train(params, xgb.DMatrix(data, labels), rounds)

    boosters = {
        "numbers": train(),
        "base-score": train(base_score=0.07),
        "reg-logistic": train(objective="reg:logistic", base_score=0.8),
        "categories": train(categorical=True),
        "missing": train(data=gaps),
        "dart": train(booster="dart", rate_drop=0.3, skip_drop=0.2),
        "pruned": train(gamma=4, max_depth=7, tree_method="exact"),
        "forest": train(rounds=3, num_parallel_tree=8, subsample=0.5),
        "leaf-wise": train(rounds=8, grow_policy="lossguide", max_depth=0, max_leaves=120, tree_method="hist"),
        "deep": train(rounds=5, max_depth=12, min_child_weight=0),
        "one-leaf": train(rounds=2, gamma=1e9),
    }
    for fold in range(3):
        boosters[f"fold-{fold}"] = train(data=x[fold::3], labels=y[fold::3])
    cases = []
    for name, booster in boosters.items():
        endings = [".json", ".ubj"] + ([".model"] if VERSION < (2,) and name != "categories" else [])
        files = [os.path.join(out, f"{xgb.__version__}-{name}{ending}") for ending in endings]
        for file in files:
            booster.save_model(file)
        if name == "categories":
            assert '"split_type":[1' in open(files[0]).read().replace(" ", ""), "no tree splits on a category first"
        cases.append({"name": name, "files": files, "margins": margins(booster, rows)})
    with open(os.path.join(out, "cases.json"), "w") as file:
        json.dump(cases, file)


def main(command, *args):
    if command == "train":
        return train_all(*args)
    _, rows = read(args[0])
    boosters = [xgb.Booster(model_file=path) for path in args[2:]]
    if command == "predict":
        result = [margins(booster, rows) for booster in boosters]
    else:
        result = [float(p) for p in np.mean([b.predict(xgb.DMatrix(rows)) for b in boosters], axis=0)]
    with open(args[1], "w") as file:
        json.dump(result, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
