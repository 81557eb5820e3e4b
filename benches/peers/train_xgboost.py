"""One fit of XGBoost's `hist` on the matrix that benches/training.rs wrote; prints seconds, peak memory and writes margins.

usage: train_xgboost.py MATRIX LABELS COLUMNS TRAIN_ROWS PARAMETERS_JSON MARGINS
"""
import json
import resource
import sys
import time

import numpy as np
import xgboost

matrix, labels, columns, train_rows, parameters, margins = sys.argv[1:]
columns, train_rows, parameters = int(columns), int(train_rows), json.loads(parameters)
x = np.fromfile(matrix, dtype="<f4").reshape(-1, columns)
y = np.fromfile(labels, dtype="<f4")
rounds = parameters.pop("rounds")

began, cpu = time.perf_counter(), time.process_time()
# Both sides start from rows in memory, and read them once.
data = xgboost.QuantileDMatrix(x[:train_rows], label=y[:train_rows], max_bin=parameters["max_bin"],
                               nthread=parameters["nthread"])
booster = xgboost.train(parameters, data, rounds)
seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

booster.inplace_predict(x[train_rows:], predict_type="margin").astype("<f8").tofile(margins)
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "version": xgboost.__version__}))
