#!/usr/bin/env bash
# Compares the model layer with the reference libraries of Python: runs every script here that is not `_*` (a helper)
# or `make_*` (makes stored vectors), each with the path of the binary as its argument.
# Usage: .ci/model/run.sh path/to/leadboard [script...]
#
# Scripts run in the environment `main`. $VENVS names the folder of all environments, so that a script can have other
# versions of XGBoost do something: $VENVS/xgboost-1.7.4/bin/python and so on. The folder is made anew and deleted at
# the end, unless MODEL_VENVS names one to keep and use again.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: $0 path/to/leadboard [script...]" >&2; exit 2; }
binary=$(realpath "$1")
shift
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${MODEL_VENVS:-}" ]; then
  export VENVS=$MODEL_VENVS
  mkdir -p "$VENVS"
else
  VENVS=$(mktemp -d)
  export VENVS
  trap 'rm -rf "$VENVS"' EXIT
fi

# environment NAME REQUIREMENT...: without what they depend on, because XGBoost's wheels ask for GPU libraries of
# hundreds of megabytes. What is needed is therefore listed in full. A complete environment is used again.
environment() {
  local name=$1
  shift
  local mark="$VENVS/$name/requirements"
  [ "$(cat "$mark" 2>/dev/null)" = "$*" ] && return
  rm -rf "${VENVS:?}/$name"
  python3 -m venv "$VENVS/$name"
  "$VENVS/$name/bin/pip" install --quiet --disable-pip-version-check --no-deps "$@"
  echo "$*" > "$mark"
}

environment xgboost-1.7.4 xgboost==1.7.4 numpy==1.26.4 scipy==1.11.4
environment xgboost-2.1.4 xgboost==2.1.4 numpy==1.26.4 scipy==1.11.4
environment xgboost-3.0.5 xgboost==3.0.5 numpy==2.2.6 scipy==1.15.3
# The newest is the one that the scripts run in.
environment main xgboost==3.2.0 numpy==2.2.6 scipy==1.15.3 scikit-learn==1.6.1 imbalanced-learn==0.13.0 \
  sklearn-compat==0.1.3 joblib==1.5.2 threadpoolctl==3.6.0
ln -sfn main "$VENVS/xgboost-3.2.0"

if [ $# -eq 0 ]; then
  mapfile -t scripts < <(find "$here" -maxdepth 1 -name '*.py' ! -name '_*' ! -name 'make_*' | sort)
  set -- "${scripts[@]}"
fi
export LEADBOARD=$binary
for script in "$@"; do
  printf '\n-- %s\n' "$(basename "$script")"
  PYTHONDONTWRITEBYTECODE=1 "$VENVS/main/bin/python" "$script" "$binary"
done
