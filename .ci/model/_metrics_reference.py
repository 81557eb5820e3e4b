"""The metrics of `leadboard model evaluate` as Python libraries compute them. Not a check itself; see metrics.py.

DeLong's covariance is written out from its definition in numpy and, where MLstatkit is installed, compared with that
library here, so that the reference has a reference.
"""
import math
import warnings

import numpy as np
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

try:
    from MLstatkit import Delong_test
except ImportError:
    Delong_test = None

Z = stats.norm.ppf(0.975)
MASK = (1 << 64) - 1


def stream(seed):
    """SplitMix64 as numbers in [0, 1) with 53 bits; the test in Rust makes the same."""
    state = seed & MASK
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield ((z ^ (z >> 31)) >> 11) / (1 << 53)


def scores(seed, rows, digits=None):
    """Calibrated p, outcomes, and a noisier p2."""
    u = stream(seed)
    p, y, p2 = [], [], []
    for _ in range(rows):
        a = next(u)
        y.append(next(u) < a)
        b = 0.6 * a + 0.4 * next(u)
        p.append(round(a, digits) if digits else a)
        p2.append(round(b, digits) if digits else b)
    return p, y, p2


def big_rows():
    return scores(seed=9, rows=100_000)


def placements(p, y):
    """Mean over the other side of 1 (above), 1/2 (tie), 0 (below), by sorting."""
    p, y = np.asarray(p, float), np.asarray(y, bool)
    pos, neg = p[y], p[~y]

    def below(values, others):
        others = np.sort(others)
        return (np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")) / 2 / len(others)

    return below(pos, neg), 1 - below(neg, pos)


def delong_covariance(a, b, y):
    (va, na), (vb, nb) = placements(a, y), placements(b, y)
    if len(va) < 2 or len(na) < 2:
        return None
    return float(np.cov(va, vb)[0, 1] / len(va) + np.cov(na, nb)[0, 1] / len(na))


def discrimination(p, y):
    if len(set(y)) < 2:
        return None
    auc = float(roc_auc_score(y, p))
    u = stats.mannwhitneyu(np.asarray(p)[np.asarray(y, bool)], np.asarray(p)[~np.asarray(y, bool)])
    wins = sum(y)
    assert abs(u.statistic / (wins * (len(y) - wins)) - auc) < 1e-9
    variance = delong_covariance(p, p, y)
    interval = None
    if variance is not None and 0 < auc < 1:
        half = Z * math.sqrt(variance) / (auc * (1 - auc))
        logit = math.log(auc / (1 - auc))
        interval = [1 / (1 + math.exp(-(logit - half))), 1 / (1 + math.exp(-(logit + half)))]
    return {"auc": auc, "variance": variance, "interval": interval}


def ece(p, y, strategy):
    """Expected calibration error from scikit-learn's bins, with the counts that its curve leaves out."""
    p, y = np.asarray(p, float), np.asarray(y, float)
    if strategy == "uniform":
        edges = np.linspace(0, 1, 11)
    else:
        edges = np.percentile(p, np.linspace(0, 1, 11) * 100)
    bin_of = np.searchsorted(edges[1:-1], p)
    counts = np.bincount(bin_of, minlength=10)
    true, predicted = calibration_curve(y, p, n_bins=10, strategy=strategy)
    used = counts[counts > 0]
    assert len(used) == len(true)
    return float(np.sum(used * np.abs(true - predicted)) / len(p))


def spiegelhalter(p, y):
    p, y = np.asarray(p, float), np.asarray(y, float)
    variance = np.sum((1 - 2 * p) ** 2 * p * (1 - p))
    if variance == 0:
        return None
    z = float(np.sum((y - p) * (1 - 2 * p)) / np.sqrt(variance))
    return {"z": z, "p_value": float(2 * stats.norm.sf(abs(z)))}


def win_limits(p):
    """Quantiles of the Poisson-binomial distribution."""
    if len(p) > 2_000:
        return None
    mass = np.ones(1)
    for q in p:
        mass = np.convolve(mass, [1 - q, q])
    cumulated = np.cumsum(mass)
    return [int(np.argmax(cumulated >= share)) for share in (0.025, 0.975)]


def reference(p, y, p2):
    y = [int(won) for won in y]
    both = len(set(y)) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "discrimination": discrimination(p, y),
            "log_loss": float(log_loss(y, p, labels=[0, 1])),
            "brier": float(brier_score_loss(y, p, pos_label=1)) if both else float(np.mean((np.array(p) - y) ** 2)),
            "ece": ece(p, y, "uniform"),
            "ece_equal_mass": ece(p, y, "quantile"),
            "spiegelhalter": spiegelhalter(p, y),
            "expected_wins": float(np.sum(p)),
            "win_limits": win_limits(p),
        }
        if both:
            fpr, tpr, _ = roc_curve(y, p, drop_intermediate=False)
            if len(fpr) <= 100:
                expected["roc"] = [[float(a), float(b)] for a, b in zip(fpr, tpr)]
            expected["paired"] = paired(p, p2, y)
    return expected


def paired(p, p2, y):
    parts = [delong_covariance(a, b, y) for a, b in ((p, p), (p2, p2), (p, p2))]
    difference = float(roc_auc_score(y, p) - roc_auc_score(y, p2))
    if parts[0] is None:
        return {"difference": difference, "z": None, "p_value": None}
    variance = max(parts[0] + parts[1] - 2 * parts[2], 0.0)
    if variance < 1e-24:
        return {"difference": difference, "z": None, "p_value": None}
    z = difference / math.sqrt(variance)
    result = {"difference": difference, "z": z, "p_value": float(2 * stats.norm.sf(abs(z)))}
    if Delong_test is not None and len(y) >= 100:
        # Its sign is that of the second model.
        theirs = Delong_test(np.array(y), np.array(p), np.array(p2), return_ci=False)
        theirs_z, theirs_p = float(theirs[0]), float(theirs[1])
        assert abs(abs(theirs_z) - abs(z)) < 1e-6 * max(1, abs(z)), (theirs_z, z)
        assert abs(theirs_p - result["p_value"]) < 1e-6
    return result
