#!/usr/bin/env bash
# Runs independent Salesforce clients against `leadboard demo-org`: simple-salesforce (Python), jsforce (Node) and the Node
# client of the Pub/Sub API; and has soql-parser-js read every query that leadboard sends.
# Usage: .ci/clients/run.sh path/to/leadboard
# Everything they need is installed into a temporary directory, which is deleted at the end.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: $0 path/to/leadboard" >&2; exit 2; }
binary=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
org=
finish() {
  if [ -n "$org" ]; then
    kill "$org" 2>/dev/null || true
    wait "$org" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'simple-salesforce==1.12.10'
cp "$here/check_jsforce.mjs" "$here/check_pubsub.mjs" "$here/check_soql.mjs" .
# avro-js, on which the Pub/Sub client builds, forgets in its newest version to name what it needs.
npm install --silent --no-audit --no-fund --no-save 'jsforce@3.10.16' 'soql-parser-js@5.0.2' \
  'salesforce-pubsub-api-client@5.5.2' 'avro-js@1.12.1' >/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out key.pub.pem
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 1 -keyout tls.key.pem -out tls.cert.pem 2>/dev/null

# No lead may arrive while the clients count: --every is far beyond the run.
"$binary" --json --data-dir "$work/data" demo-org --port 0 --every 1000000 --jwt-public-key key.pub.pem --write-config org.toml \
  >org.json 2>org.log &
org=$!
for _ in $(seq 300); do
  [ -s org.json ] && break
  kill -0 "$org" 2>/dev/null || { cat org.log >&2; echo "the demo org did not start" >&2; exit 1; }
  sleep 0.1
done
[ -s org.json ] || { cat org.log >&2; echo "the demo org said nothing" >&2; exit 1; }

venv/bin/python "$here/check_simple_salesforce.py" org.json key.pem
node check_jsforce.mjs org.json key.pem
node check_pubsub.mjs org.json tls.key.pem tls.cert.pem
node check_soql.mjs "$binary" org.toml org.json
