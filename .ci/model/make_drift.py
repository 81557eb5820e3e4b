#!/usr/bin/env python3
"""Writes tests/data/drift/*.json: small vectors with what the field's libraries make of them.

Needs numpy, scipy >= 1.15 and scikit-learn; with evidently and river installed, their figures are made anew as well, else
those that are stored are kept. The inputs depend on a fixed seed only and are stored with the figures, so that
`cargo test` needs no Python. The stored files were made with numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, evidently 0.7.23 (which needs pandas < 3)
and river 0.26.1.
"""

import json
import pathlib

import numpy as np
from scipy import stats
from scipy.spatial import distance
from sklearn.metrics import roc_auc_score

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "drift"


def samples():
    """Pairs of samples that differ in shape, size, ties and number of distinct values."""
    rng = np.random.default_rng(20261122)
    pairs = {
        "same distribution": (rng.normal(0, 1, 200), rng.normal(0, 1, 120)),
        "shifted": (rng.normal(0, 1, 150), rng.normal(0.6, 1, 90)),
        "heavy tail": (rng.lognormal(10, 1.5, 180), rng.lognormal(10.4, 1.2, 130)),
        "many ties": (rng.poisson(12, 160), rng.poisson(15, 140)),
        "few values": (rng.integers(0, 4, 120), rng.integers(0, 6, 80)),
        "apart": (rng.uniform(0, 1, 60), rng.uniform(2, 3, 40)),
        "small": (rng.normal(0, 1, 12), rng.normal(0.5, 2, 7)),
        "constant reference": (np.full(50, 3.0), rng.normal(3, 1, 50)),
        "1,024 pooled": (rng.normal(0, 1, 700), rng.normal(0.1, 1, 324)),
    }
    return {name: (np.sort(np.round(a.astype(float), 4)), np.sort(np.round(b.astype(float), 4))) for name, (a, b) in pairs.items()}


def categories():
    """Counts of reference and current, some with empty cells."""
    return {
        "steady": ([500, 300, 150, 50], [210, 160, 90, 40]),
        "two levels": ([812, 188], [140, 60]),
        "new level": ([400, 300, 0], [100, 80, 25]),
        "lost level": ([400, 300, 60], [100, 80, 0]),
        "rare level": ([90000, 9999, 1], [800, 199, 1]),
        "rare and empty": ([90000, 9999, 1, 0], [800, 195, 0, 5]),
        "many": ([40, 35, 30, 28, 25, 21, 20, 14, 9, 7, 4, 2], [12, 30, 8, 9, 10, 3, 11, 7, 2, 6, 1, 1]),
    }


def psi_by_deciles(reference, current):
    """Convention (a): deciles of the reference, edges in the bin above, empty bins 0.0001."""
    edges = np.unique(np.quantile(reference, np.arange(1, 10) / 10))
    edges = edges[edges > reference.min()]

    def shares(x):
        counts = np.bincount(np.searchsorted(edges, x, side="right"), minlength=len(edges) + 1)
        return counts / len(x)

    r, c = shares(reference), shares(current)
    seen = (r > 0) | (c > 0)
    r, c = np.where(r > 0, r, 1e-4)[seen], np.where(c > 0, c, 1e-4)[seen]
    return float(np.sum((c - r) * np.log(c / r)))


def measures():
    rows = []
    for name, (a, b) in samples().items():
        ks = stats.ks_2samp(a, b, method="asymp")
        rows.append({
            "name": name, "reference": a.tolist(), "current": b.tolist(),
            "ks": float(ks.statistic), "ks_p": float(ks.pvalue),
            "wasserstein": float(stats.wasserstein_distance(a, b)),
            "wasserstein_normed": float(stats.wasserstein_distance(a, b) / max(np.std(a), 0.001)),
            "psi_deciles": psi_by_deciles(a, b),
        })
    return rows


def tables():
    rows = []
    for name, (a, b) in categories().items():
        chi2 = stats.chi2_contingency([a, b], correction=False)
        rows.append({
            "name": name, "reference": a, "current": b,
            "jensen_shannon": float(distance.jensenshannon(a, b)),
            "chi2": float(chi2.statistic), "degrees": int(chi2.dof), "chi2_p": float(chi2.pvalue),
        })
    return rows


def distributions():
    kstwo = [(d, n) for n in (1, 2, 5, 10, 37, 100, 140, 141, 400, 1000, 5000)
             for d in (0.001, 0.4 / n, 0.7 / n, 1.3 / n, 0.03, 0.06, 0.1, 0.17, 0.3, 0.49, 0.5, 0.61, 0.93, 1.0)]
    chi2 = [(x, k) for k in (1, 2, 3, 4, 9, 10, 29, 60) for x in (0.0, 1e-6, 0.3, 2.0, 7.7, 30.0, 120.0, 900.0)]
    normal = [0.0, 1e-9, 0.1, 1.0, 1.96, 2.5, 2.83, 4.0, 8.0, 30.0]
    p = [0.001, 0.8, 0.04, 0.04, 0.2, 0.013, 0.6, 1.0, 0.0004, 0.049]
    chances = [0.02, 0.9, 0.31, 0.5, 0.22, 0.22, 0.71, 0.08]
    rng = np.random.default_rng(7)
    scores = np.round(rng.beta(2, 5, 60), 2)
    twice = np.concatenate([scores, scores])
    outcome = np.concatenate([np.ones(60), np.zeros(60)])
    return {
        "kstwo": [{"d": d, "n": n, "sf": float(stats.kstwo.sf(d, n))} for d, n in kstwo],
        "chi2": [{"x": x, "degrees": k, "sf": float(stats.chi2.sf(x, k))} for x, k in chi2],
        "normal": [{"z": z, "p": float(2 * stats.norm.sf(z))} for z in normal],
        "false_discovery": {"p": p, "adjusted": stats.false_discovery_control(p).tolist()},
        "poisson_binomial": {"p": chances, "pmf": stats.poisson_binom(chances).pmf(np.arange(len(chances) + 1)).tolist()},
        "expected_auc": {
            "p": scores.tolist(),
            "auc": float(roc_auc_score(outcome, twice, sample_weight=np.concatenate([scores, 1 - scores]))),
        },
    }


def of_evidently():
    """PSI and Jensen-Shannon distance as Evidently computes them (convention b)."""
    import pandas as pd
    from evidently.legacy.calculations.stattests.jensenshannon import _jensenshannon
    from evidently.legacy.calculations.stattests.psi import _psi
    from evidently.legacy.core import ColumnType

    def both(a, b, kind):
        a, b = pd.Series(a), pd.Series(b)
        return {"psi": float(_psi(a, b, kind, 0.1)[0]), "jensen_shannon": float(_jensenshannon(a, b, kind, 0.1)[0])}

    def spelled(counts):
        return [f"level {i}" for i, n in enumerate(counts) for _ in range(n)]

    return {
        "samples": {name: both(a, b, ColumnType.Numerical) for name, (a, b) in samples().items()},
        "categories": {
            name: both(spelled(a), spelled(b), ColumnType.Categorical) for name, (a, b) in categories().items()
        },
    }


def of_river():
    """The larger of the two tests of Page and Hinkley after each value."""
    from river.drift import PageHinkley

    rng = np.random.default_rng(11)
    p = np.round(rng.uniform(0.1, 0.5, 200), 3)
    truth = np.where(np.arange(200) < 120, p, np.minimum(p + 0.25, 1))
    stream = np.round((rng.uniform(size=200) < truth) - p, 3)
    test = PageHinkley(min_instances=0, delta=0.05, threshold=1e9, alpha=1.0)
    values = []
    for x in stream:
        test.update(float(x))
        values.append(max(test._sum_increase - test._min_increase, test._max_decrease - test._sum_decrease))
    return {"slack": 0.05, "stream": stream.tolist(), "values": values}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = {"measures": measures, "tables": tables, "distributions": distributions,
            "evidently": of_evidently, "page_hinkley": of_river}
    for name, make in made.items():
        try:
            figures = make()
        except ImportError as missing:
            print(f"{name}.json kept: {missing}")
            continue
        (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
