"""simple-salesforce against the demo org: log in both ways, query with paging, create, update, conditional update,
composite with rollback, Bulk API 2.0. Stops at the first surprise.

Usage: check_simple_salesforce.py ORG_JSON PRIVATE_KEY
"""

import csv
import io
import json
import sys
from email.utils import format_datetime
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

VERSION = "66.0"
QUIET = {"Sforce-Auto-Assign": "FALSE"}


class ToDemoOrg(HTTPAdapter):
    """The client builds https addresses of salesforce.com only; they are sent to the demo org instead."""

    def __init__(self, url):
        super().__init__()
        self.target = urlsplit(url)

    def send(self, request, **options):
        parts = urlsplit(request.url)
        request.url = urlunsplit((self.target.scheme, self.target.netloc, parts.path, parts.query, ""))
        options["proxies"] = {}
        return super().send(request, **options)


def expect(condition, what):
    if not condition:
        raise SystemExit(f"simple-salesforce: unexpected: {what}")


def refused(code, action, *kinds):
    """Runs an action that must be refused with an error code."""
    try:
        action()
    except kinds or SalesforceMalformedRequest as error:
        expect(code in json.dumps(error.content), f"{code} was expected, not {error.content}")
        return
    raise SystemExit(f"simple-salesforce: nobody refused what should end with {code}")


def http_date(text):
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    return format_datetime(moment.astimezone(timezone.utc), usegmt=True), moment


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        org = json.load(file)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToDemoOrg(org["url"]))

    sf = Salesforce(
        consumer_key=org["client_id"], consumer_secret=org["client_secret"], domain="demo", session=session, version=VERSION
    )
    by_jwt = Salesforce(
        username=org["jwt_username"], consumer_key=org["client_id"], privatekey_file=sys.argv[2], domain="login",
        session=session, version=VERSION,
    )
    expect(by_jwt.query("SELECT COUNT() FROM User")["totalSize"] > 60, "a JWT session that can query")
    try:
        Salesforce(consumer_key=org["client_id"], consumer_secret="wrong", domain="demo", session=session, version=VERSION)
        raise SystemExit("simple-salesforce: a wrong secret was accepted")
    except SalesforceAuthenticationFailed as error:
        expect(error.code == "invalid_client", error.code)

    # Reading.
    total = sf.query("SELECT COUNT() FROM Lead WHERE IsConverted = true")["totalSize"]
    first = sf.query("SELECT Id FROM Lead WHERE IsConverted = true ORDER BY Id")
    expect(total > 2000 and len(first["records"]) == 2000 and not first["done"], "a first page of 2000")
    everything = sf.query_all("SELECT Id, Owner.Name, ConvertedOpportunity.IsWon FROM Lead WHERE IsConverted = true")
    ids = {row["Id"] for row in everything["records"]}
    expect(everything["done"] and len(ids) == total, f"{total} different leads, not {len(ids)}")
    expect(isinstance(everything["records"][0]["ConvertedOpportunity"]["IsWon"], bool), "a parent's field")
    fields = {field["name"] for field in sf.Lead.describe()["fields"]}
    expect({"Territory__c", "AI_Assigned__c", "SystemModstamp"} <= fields, "the described fields")
    expect(sf.limits()["DailyApiRequests"]["Remaining"] > 0 and sf.api_usage["api-usage"].used > 0, "limits and usage")
    refused("INVALID_FIELD", lambda: sf.query("SELECT Colour__c FROM Lead"))
    refused("MALFORMED_QUERY", lambda: sf.query("SELECT Id FROM Lead WHERE Company = 'O'Brien'"))

    # Writing.
    created = sf.Lead.create({"LastName": "O'Brien", "Company": "株式会社 & Söhne", "Territory__c": "DACH"}, headers=QUIET)
    lead = created["id"]
    expect(created["success"] is True and len(lead) == 18, created)
    reps = sf.query("SELECT Id FROM User WHERE IsActive = true AND Territory__c = 'DACH' ORDER BY Id LIMIT 2")["records"]
    rep, other = (row["Id"] for row in reps)
    expect(sf.Lead.update(lead, {"OwnerId": rep}, headers=QUIET) == 204, "an update with 204")
    expect(sf.Lead.get(lead)["OwnerId"] == rep, "the owner that was set")
    expect(sf.Lead.get(lead)["Company"] == "株式会社 & Söhne", "the company as it was written")
    refused("STRING_TOO_LONG", lambda: sf.Lead.update(lead, {"Title": "x" * 129}, headers=QUIET))
    refused("INVALID_FIELD", lambda: sf.Lead.update(lead, {"Colour__c": "red"}, headers=QUIET))
    refused("NOT_FOUND", lambda: sf.Lead.get("00QLb0999999999"), SalesforceResourceNotFound)

    # The update is refused once somebody was faster; the condition of the date before the change stands for that.
    modified, moment = http_date(sf.Lead.get(lead)["LastModifiedDate"])
    before = format_datetime(moment - timedelta(seconds=1), usegmt=True)
    stale = {**QUIET, "If-Unmodified-Since": before}
    refused("PRECONDITION_FAILED", lambda: sf.Lead.update(lead, {"Title": "CEO"}, headers=stale), SalesforceGeneralError)
    expect(sf.Lead.get(lead)["Title"] is None, "nothing of the refused update")
    fresh = {**QUIET, "If-Unmodified-Since": modified}
    expect(sf.Lead.update(lead, {"Title": "CEO"}, headers=fresh) == 204, "the update whose condition holds")

    # All or nothing.
    base = f"/services/data/v{VERSION}/sobjects"

    def decision(key, condition):
        body = {"allOrNone": True, "collateSubrequests": False, "compositeRequest": [
            {"method": "POST", "url": f"{base}/AI_Lead_Routing_Decision__c", "referenceId": "audit", "httpHeaders": QUIET,
             "body": {"Decision_Key__c": key, "Lead__c": lead, "Assigned_Rep__c": other}},
            {"method": "PATCH", "url": f"{base}/Lead/{lead}", "referenceId": "lead",
             "httpHeaders": {**QUIET, "If-Unmodified-Since": condition}, "body": {"OwnerId": other, "AI_Assigned__c": True}},
            {"method": "POST", "url": f"{base}/Task", "referenceId": "task", "httpHeaders": QUIET,
             "body": {"WhoId": lead, "OwnerId": other, "Subject": "Decision @{audit.id}"}},
        ]}
        answer = sf.restful("composite", method="POST", json=body)
        return [part["httpStatusCode"] for part in answer["compositeResponse"]]

    expect(decision("py-1", before) == [400, 412, 400], "a composite that was stopped")
    expect(sf.Lead.get(lead)["OwnerId"] == rep, "the owner from before the composite")
    count = f"SELECT COUNT() FROM AI_Lead_Routing_Decision__c WHERE Lead__c = '{lead}'"
    expect(sf.query(count)["totalSize"] == 0, "no decision record after the rollback")
    current, _ = http_date(sf.Lead.get(lead)["LastModifiedDate"])
    expect(decision("py-1", current) == [201, 204, 201], "a composite that went through")
    expect(decision("py-1", current)[0] == 400, "a key that is used only once")
    expect(sf.query(count)["totalSize"] == 1 and sf.Lead.get(lead)["OwnerId"] == other, "one decision, its owner")
    by_key = sf.AI_Lead_Routing_Decision__c.get_by_custom_id("Decision_Key__c", "py-1")
    expect(by_key["Lead__c"] == lead, "the decision by its key")

    # Bulk API 2.0: several result files, then rows that are written each for itself.
    soql = "SELECT Id, ConvertedOpportunity.IsWon FROM Lead WHERE IsConverted = true"
    files = list(sf.bulk2.Lead.query(soql, max_records=5000, wait=0.2))
    rows = [row for file in files for row in csv.DictReader(io.StringIO(file))]
    expect(len(files) == -(-total // 5000) > 1, f"{total} rows in files of 5000, not {len(files)} files")
    expect(len(rows) == total and {row["Id"] for row in rows} == ids, "the same leads as by query")
    expect({row["ConvertedOpportunity.IsWon"] for row in rows} == {"true", "false"}, "a parent's field as text")
    inserted = sf.bulk2.Lead.insert(
        records=[{"LastName": "Bulk", "Company": 'A, "B"', "Title": "x"}, {"LastName": "None", "Company": "", "Title": "x"}],
        wait=0.2,
    )[0]
    expect((inserted["numberRecordsProcessed"], inserted["numberRecordsFailed"]) == (2, 1), inserted)
    failed = list(csv.DictReader(io.StringIO(sf.bulk2.Lead.get_failed_records(inserted["job_id"]))))
    expect(failed[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING"), failed)
    made = list(csv.DictReader(io.StringIO(sf.bulk2.Lead.get_successful_records(inserted["job_id"]))))[0]["sf__Id"]
    updated = sf.bulk2.Lead.update(records=[{"Id": made, "Title": "#N/A"}], wait=0.2)[0]
    expect(updated["numberRecordsFailed"] == 0 and sf.Lead.get(made)["Title"] is None, "an emptied field")

    # What the header is for.
    sf.Lead.update(lead, {"OwnerId": rep})
    sf.Lead.update(lead, {"OwnerId": rep})
    history = f"SELECT COUNT() FROM LeadHistory WHERE LeadId = '{lead}' AND Field = 'Owner'"
    expect(sf.query(history)["totalSize"] >= 6, "owner changes by the assignment rule, two rows each")
    expect(sf.Lead.delete(lead) == 204 and sf.query(f"SELECT Id FROM Lead WHERE Id = '{lead}'")["totalSize"] == 0, "a delete")
    print("simple-salesforce: agrees")


main()
