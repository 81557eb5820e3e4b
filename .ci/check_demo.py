"""Checks the JSON that `leadboard demo --headless --json` printed against what the product promises."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    result = json.load(file)

promises = {
    "every lead was received": result["received"] >= 500,
    "no lead is lost": result["lost"] == 0,
    "the states add up": result["received"]
    == result["decided"] + result["in_lane"] + result["pending"] + result["superseded"],
    "no effect is doubled": result["effects"]["duplicated"] == 0,
    "no effect failed or waits": result["effects"]["failed"] == 0 and result["effects"]["pending"] == 0,
    "what we believe is what the org has": result["reconciled"] is True,
    "at least half of what an oracle could gain": result["captured_lift"] >= 0.5,
    "at most 1.5 CRM calls for each lead": result["crm_calls_per_lead"] <= 1.5,
}
print(json.dumps(result, indent=1))
broken = [promise for promise, kept in promises.items() if not kept]
for promise in broken:
    print(f"BROKEN: {promise}")
print(f"{len(promises) - len(broken)} passed, {len(broken)} failed")
sys.exit(1 if broken else 0)
