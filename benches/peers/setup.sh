#!/usr/bin/env bash
# Makes the Python environment that the benches measure their peers in, and prints its interpreter:
#   LEADBOARD_PEERS_PYTHON=$(benches/peers/setup.sh) cargo bench --bench scoring
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=${1:-target/peers}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r benches/peers/requirements.txt >&2
echo "$(cd "$venv" && pwd)/bin/python"
