"""Compares the stored contributions, which `cargo test` holds ours against, with what XGBoost's pred_contribs says now."""
import runpy
import sys
from pathlib import Path

sys.argv = sys.argv[:1]
runpy.run_path(str(Path(__file__).with_name("make_contribs.py")), run_name="__main__")
