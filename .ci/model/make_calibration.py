#!/usr/bin/env python3
"""Writes tests/data/calibration/*.json: isotonic regression and logistic regression as scikit-learn fits them, and beta
calibration as betacal does.

    pip install scikit-learn==1.9.1 betacal==1.1.0 && python .ci/model/make_calibration.py
"""
import json
import pathlib

import numpy as np
from betacal import BetaCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests/data/calibration"
OUT.mkdir(parents=True, exist_ok=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def write(name, content):
    (OUT / name).write_text(json.dumps(content) + "\n")
    print(f"wrote {OUT / name}")


rng = np.random.default_rng(11)
y = np.round(np.linspace(0, 1, 60) + rng.normal(0, 0.4, 60), 6)
weight = np.round(rng.uniform(0.5, 4, 60), 6)
fit = IsotonicRegression(out_of_bounds="clip").fit(np.arange(60), y, sample_weight=weight)
write("isotonic.json", {"y": y.tolist(), "weight": weight.tolist(), "fit": fit.predict(np.arange(60)).tolist()})

cases = []
for name, bend in [
    ("too bold", lambda m: 0.5 * m - 0.3),
    ("bent below", lambda m: np.where(m < 0, 0.3 * m, 1.2 * m)),
    ("one side flat", lambda m: np.log(1 / (1.02 - sigmoid(m)) - 0.95)),
]:
    margins = np.round(rng.normal(0, 1.5, 400), 6)
    won = rng.uniform(size=400) < sigmoid(bend(margins))
    beta = BetaCalibration(parameters="abm").fit(sigmoid(margins).reshape(-1, 1), won.astype(int))
    a, b, _ = beta.calibrator_.map_
    c = float(beta.calibrator_.lr_.intercept_[0])
    cases.append({"name": name, "margins": margins.tolist(), "won": [bool(w) for w in won],
                  "a": float(a), "b": float(b), "c": c})
write("beta.json", cases)

numbers = np.round(rng.normal(size=(300, 3)), 5)
category = rng.integers(0, 4, 300)
hot = np.eye(4)[category]
won = rng.uniform(size=300) < sigmoid(numbers @ [0.8, -0.4, 0.0] + hot @ [0.5, 0.0, -0.7, 1.0] - 0.6)
penalty = 3.0
model = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(np.column_stack([numbers, hot]), won)
write("logistic.json", {"penalty": penalty, "numbers": numbers.tolist(), "category": category.tolist(),
                        "won": won.astype(int).tolist(), "intercept": float(model.intercept_[0]),
                        "weights": model.coef_[0].tolist()})
