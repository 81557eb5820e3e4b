"""The peers of the scoring bench: XGBoost itself, and compiled or optimised predictors of the same shape.

Usage: scoring.py DIRECTORY

Trains 200 trees of depth 6 on synthetic closed deals (40 columns: 24 of the lead, 11 of the rep, 5 of the pair), writes
the XGBoost model and the rows to be scored into DIRECTORY, and then answers one request a line on standard input:

    CALLS LEADS REPS PEER    -> seconds of processor time that PEER takes for CALLS calls, each with LEADS x REPS rows
    margins LEADS REPS       -> writes XGBoost's margins of these rows to DIRECTORY/margins.f32

Only the call that predicts is timed. All run in one thread. Answers are JSON, one a line.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402

LEAD, REP, PAIR = 24, 11, 5
TREES, DEPTH = 200, 6
DEALS, LEADS, REPS, SEGMENTS = 100_000, 10_000, 500, 16
MISSING = {0: 0.2, 5: 0.1, 11: 0.3}  # lead column: share of leads without a value


class World:
    """Leads, reps and what reps are worth in a segment; a pair column is the rep's value in the lead's segment."""

    def __init__(self, seed, leads):
        rng = np.random.default_rng(seed)
        fixed = np.random.default_rng(1)
        self.reps = fixed.normal(size=(REPS, REP)).astype(np.float32)
        self.reps[fixed.random(REPS) < 0.1, 3] = np.nan
        # [column][segment][rep], so that the values of all reps for one lead lie side by side.
        self.effects = (0.5 * fixed.normal(size=(PAIR, SEGMENTS, REPS))).astype(np.float32)
        self.effects[fixed.random(self.effects.shape) < 0.05] = np.nan
        self.leads = rng.normal(size=(leads, LEAD)).astype(np.float32)
        self.leads[:, 12:] = np.round(2 * self.leads[:, 12:])  # counts and codes take few values
        self.segments = rng.integers(0, SEGMENTS, size=(leads, PAIR)).astype(np.uint8)
        for column, share in MISSING.items():
            self.leads[rng.random(leads) < share, column] = np.nan

    def pair(self, leads, reps):
        return np.stack([self.effects[c, self.segments[leads, c], reps] for c in range(PAIR)], axis=1)

    def rows(self, leads, reps):
        return np.ascontiguousarray(np.hstack([self.leads[leads], self.reps[reps], self.pair(leads, reps)]))

    def deals(self, seed):
        rng = np.random.default_rng(seed)
        reps = rng.integers(0, REPS, size=len(self.leads))
        x = self.rows(np.arange(len(self.leads)), reps)
        z = np.nan_to_num(x)
        lead, rep, pair = z[:, :LEAD], z[:, LEAD : LEAD + REP], z[:, LEAD + REP :]
        score = lead @ np.linspace(0.35, -0.25, LEAD) * 0.5 + rep @ np.linspace(0.3, -0.2, REP) * 0.5
        score += pair @ np.linspace(0.9, 0.5, PAIR) + 0.3 * lead[:, 0] * rep[:, 0] + 0.3 * lead[:, 1] * lead[:, 2]
        score += 0.3 * np.sin(2 * lead[:, 3]) - 1.6
        return x, (rng.random(len(x)) < 1 / (1 + np.exp(-score))).astype(np.float32)


def train_xgboost(path, x, y):
    import xgboost

    # A file that is older than this script was made by another version of it.
    if not path.exists() or path.stat().st_mtime < Path(__file__).stat().st_mtime:
        params = {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "lambda": 1, "max_bin": 256,
                  "tree_method": "hist", "seed": 1}
        xgboost.train(params, xgboost.DMatrix(x, y), TREES).save_model(path)
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(path)
    return booster


def train_lightgbm(path, x, y):
    import lightgbm

    if not path.exists() or path.stat().st_mtime < Path(__file__).stat().st_mtime:
        params = {"objective": "binary", "num_leaves": 2**DEPTH, "max_depth": DEPTH, "learning_rate": 0.1, "lambda_l2": 1,
                  "max_bin": 255, "seed": 1, "deterministic": True, "verbose": -1}
        lightgbm.train(params, lightgbm.Dataset(x, y), TREES).save_model(path)
    return lightgbm.Booster(model_file=path)


def peers(directory, x, y):
    """By name, what predicts a matrix of rows. A peer that cannot be loaded is reported and left out."""
    import xgboost

    booster = train_xgboost(directory / "model.json", x, y)
    found = {
        "XGBoost (inplace_predict)": lambda rows: booster.inplace_predict(rows, predict_type="margin"),
        "XGBoost (DMatrix + predict)": lambda rows: booster.predict(xgboost.DMatrix(rows, nthread=1), output_margin=True),
    }
    missing = {}

    def lleaves_peer():
        import lleaves

        train_lightgbm(directory / "lightgbm.txt", x, y)
        model = lleaves.Model(model_file=directory / "lightgbm.txt")
        model.compile(cache=directory / "lleaves.bin")
        return lambda rows: model.predict(rows, n_jobs=1)

    def onnx_peer():
        import onnxruntime
        from onnxmltools import convert_lightgbm
        from onnxmltools.convert.common.data_types import FloatTensorType

        light = train_lightgbm(directory / "lightgbm.txt", x, y)
        kind = [("rows", FloatTensorType([None, LEAD + REP + PAIR]))]
        model = convert_lightgbm(light, initial_types=kind, zipmap=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        probability = session.get_outputs()[1].name
        return lambda rows: session.run([probability], {"rows": rows})

    for name, make in {"lleaves": lleaves_peer, "onnxruntime": onnx_peer}.items():
        try:
            found[name] = make()
        except Exception as error:
            missing[name] = f"{type(error).__name__}: {error}"
    return found, missing


def main():
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    # Libraries print to standard output, which belongs to the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    training = World(2, DEALS)
    found, missing = peers(directory, *training.deals(3))
    world = World(4, LEADS)
    for name in ("leads", "reps", "effects", "segments"):
        getattr(world, name).tofile(directory / f"{name}.bin")
    answer({"peers": list(found), "missing": missing})

    def rows(first, leads, reps):
        one = np.repeat((first + np.arange(leads)) % LEADS, reps)
        return world.rows(one, np.tile(np.arange(reps), leads))

    prepared = {}
    for line in sys.stdin:
        words = line.split(maxsplit=3)
        if words[0] == "margins":
            leads, reps = int(words[1]), int(words[2])
            name = "XGBoost (inplace_predict)"
            np.asarray(found[name](rows(0, leads, reps)), dtype=np.float32).tofile(directory / "margins.f32")
            answer({})
            continue
        calls, leads, reps, peer = int(words[0]), int(words[1]), int(words[2]), words[3].strip()
        if (calls, leads, reps) not in prepared:
            prepared.clear()
            prepared[calls, leads, reps] = [rows(call * leads, leads, reps) for call in range(calls)]
        predict = found[peer]
        inputs = prepared[calls, leads, reps]
        predict(inputs[0][:reps])
        start = time.process_time()
        for x in inputs:
            predict(x)
        answer({"seconds": time.process_time() - start})


main()
