#!/usr/bin/env bash
# Salesforce's own command-line tool: converts assets/salesforce, and works against `leadboard demo-org` (log in, query,
# create, update, limits, bulk query and bulk import). Its installation takes minutes, so this is not part of `.ci/run`.
# Usage: .ci/release/salesforce_cli.sh path/to/leadboard [directory in which the installation is kept for the next time]
set -euo pipefail

[ $# -eq 1 ] || [ $# -eq 2 ] || { echo "usage: $0 path/to/leadboard [directory]" >&2; exit 2; }
binary=$(realpath "$1")
[ $# -eq 1 ] || mkdir -p "$2"
kept=${2:+$(realpath "$2")}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
org=
finish() {
  [ -z "$org" ] || kill "$org" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"

# The tool wants a newer Node than some systems have; npm brings one along.
tool=${kept:-$work/tool}
if [ ! -x "$tool/node_modules/node/bin/node" ] || [ ! -e "$tool/node_modules/@salesforce/cli/bin/run.js" ]; then
  npm install --prefix "$tool" --silent --no-audit --no-fund --no-save 'node@22' '@salesforce/cli@2.146.3' >/dev/null
fi
export HOME="$work/home" SF_DISABLE_TELEMETRY=true SF_AUTOUPDATE_DISABLE=true SF_HIDE_RELEASE_NOTES=true NO_COLOR=1
mkdir -p "$HOME"
sf() { "$tool/node_modules/node/bin/node" "$tool/node_modules/@salesforce/cli/bin/run.js" "$@" --json 2>>"$work/sf.log"; }
# Reads a value out of the JSON on standard input, and fails unless it is what was expected.
expect() {
  python3 -c 'import json, sys; said = json.load(sys.stdin); got = eval(sys.argv[1]); ok = bool(got)
print(("ok    " if ok else "WRONG ") + sys.argv[2]); sys.exit(0 if ok else json.dumps(said)[:2000])' "$1" "$2"
}

cp -r "$root/assets/salesforce" project
cd project
sf project convert source --root-dir force-app --output-dir out | expect 'said["status"] == 0' "assets/salesforce is converted"
[ -s out/package.xml ] && [ -s out/objects/AI_Lead_Routing_Decision__c.object ]

"$binary" --json --data-dir "$work/data" demo-org --port 0 --every 1000000 >"$work/org.json" 2>"$work/org.log" &
org=$!
for _ in $(seq 300); do [ -s "$work/org.json" ] && break; sleep 0.1; done
read -r url id secret < <(python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); print(o["url"], o["client_id"], o["client_secret"])' "$work/org.json")
SF_ACCESS_TOKEN=$(curl -sf "$url/services/oauth2/token" -d grant_type=client_credentials -d "client_id=$id" -d "client_secret=$secret" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
export SF_ACCESS_TOKEN SF_ORG_API_VERSION=66.0

sf org login access-token --instance-url "$url" --alias demo --no-prompt | expect 'said["result"]["orgId"].startswith("00D")' "log in"
sf data query -o demo -q "SELECT Id, Owner.Name FROM Lead WHERE IsConverted = true" |
  expect 'said["result"]["totalSize"] > 2000 and len(said["result"]["records"]) == said["result"]["totalSize"]' "query of several pages"
lead=$(sf data create record -o demo -s Lead -v "LastName=Cli Company='Command Line Ltd'" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["result"]["id"])')
sf data update record -o demo -s Lead -i "$lead" -v "Industry=Retail" | expect 'said["status"] == 0' "create and update"
sf data get record -o demo -s Lead -i "$lead" | expect 'said["result"]["Industry"] == "Retail"' "read back"
sf org list limits -o demo | expect 'any(limit["name"] == "DailyApiRequests" for limit in said["result"])' "limits"
sf data export bulk -o demo -q "SELECT Id, Company FROM Lead WHERE IsConverted = true" --output-file leads.csv --result-format csv --wait 5 |
  expect 'said["status"] == 0' "bulk query"
[ "$(wc -l < leads.csv)" -gt 2000 ]
printf 'LastName,Company\nOne,First Ltd\nTwo,Second Ltd\n' > new.csv
sf data import bulk -o demo --sobject Lead --file new.csv --wait 5 | expect 'said["status"] == 0' "bulk import"
version=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["version"])' "$tool/node_modules/@salesforce/cli/package.json")
echo "Salesforce CLI $version: agrees"
