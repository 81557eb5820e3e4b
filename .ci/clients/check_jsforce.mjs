// jsforce against the demo org: log in both ways, query with paging, create, update, conditional update, composite with
// rollback, Bulk API 2.0. Stops at the first surprise.
//
// Usage: node check_jsforce.mjs ORG_JSON PRIVATE_KEY

import assert from "node:assert/strict";
import { createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import jsforce from "jsforce";

const org = JSON.parse(readFileSync(process.argv[2], "utf8"));
const key = readFileSync(process.argv[3]);
const version = "66.0";
const quiet = { "Sforce-Auto-Assign": "FALSE" };
const base = `/services/data/v${version}/sobjects`;

const connect = (clientSecret = org.client_secret) =>
  new jsforce.Connection({ version, oauth2: { loginUrl: org.url, clientId: org.client_id, clientSecret } });

function assertion(claims) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const standard = { iss: org.client_id, sub: org.jwt_username, aud: "https://login.salesforce.com", exp: now + 180 };
  const message = `${encode({ alg: "RS256" })}.${encode({ ...standard, ...claims })}`;
  return `${message}.${createSign("RSA-SHA256").update(message).sign(key, "base64url")}`;
}

const bearer = (claims = {}) => ({
  grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
  assertion: assertion(claims),
});

// Logging in.
const conn = connect();
const user = await conn.authorize({ grant_type: "client_credentials" });
assert.equal(user.organizationId.slice(0, 3), "00D");
assert.equal(conn.instanceUrl, org.url);
await assert.rejects(connect("wrong").authorize({ grant_type: "client_credentials" }), /invalid client credentials/);
const byJwt = connect();
await byJwt.authorize(bearer());
assert.ok((await byJwt.query("SELECT COUNT() FROM User")).totalSize > 60);
const soon = Math.floor(Date.now() / 1000);
for (const claims of [{ iss: "somebody" }, { sub: "somebody" }, { aud: "https://example.com" }, { exp: soon - 60 }, { exp: soon + 3600 }]) {
  await assert.rejects(connect().authorize(bearer(claims)), undefined, JSON.stringify(claims));
}

// Reading.
const converted = "FROM Lead WHERE IsConverted = true";
const { totalSize } = await conn.query(`SELECT COUNT() ${converted}`);
let page = await conn.query(`SELECT Id, Owner.Name, ConvertedOpportunity.IsWon ${converted}`);
assert.ok(totalSize > 2000 && page.records.length === 2000 && !page.done);
assert.equal(typeof page.records[0].ConvertedOpportunity.IsWon, "boolean");
const ids = new Set();
for (;;) {
  page.records.forEach((record) => ids.add(record.Id));
  if (page.done) break;
  page = await conn.queryMore(page.nextRecordsUrl);
}
assert.equal(ids.size, totalSize);
const described = await conn.describe("AI_Lead_Routing_Decision__c");
assert.ok(described.fields.some((field) => field.name === "Decision_Key__c" && field.unique && field.externalId));
assert.ok((await conn.limits()).DailyApiRequests.Remaining > 0);
assert.ok(conn.limitInfo.apiUsage.used > 0);
await assert.rejects(conn.query("SELECT Colour__c FROM Lead"), { errorCode: "INVALID_FIELD" });
await assert.rejects(conn.query("SELECT Id FROM Lead WHERE"), { errorCode: "MALFORMED_QUERY" });

// Writing.
const created = await conn.sobject("Lead").create({ LastName: "O'Brien", Company: "Acme", Territory__c: "DACH" }, { headers: quiet });
assert.ok(created.success && created.id.length === 18);
const lead = created.id;
const reps = await conn.query("SELECT Id FROM User WHERE IsActive = true AND Territory__c = 'DACH' ORDER BY Id LIMIT 2");
const [rep, other] = reps.records.map((record) => record.Id);
assert.ok((await conn.sobject("Lead").update({ Id: lead, OwnerId: rep }, { headers: quiet })).success);
assert.equal((await conn.sobject("Lead").retrieve(lead)).OwnerId, rep);
await assert.rejects(conn.sobject("Lead").create({ LastName: "No company" }), { errorCode: "REQUIRED_FIELD_MISSING" });
await assert.rejects(conn.sobject("Lead").update({ Id: lead, Email: "nobody" }), { errorCode: "INVALID_EMAIL_ADDRESS" });

// The update is refused once somebody was faster; the condition of the date before the change stands for that.
const patch = (condition, body) =>
  conn.request({
    method: "PATCH", url: `${base}/Lead/${lead}`, body: JSON.stringify(body),
    headers: { ...quiet, "Content-Type": "application/json", "If-Unmodified-Since": condition },
  });
const modified = async () => new Date((await conn.sobject("Lead").retrieve(lead)).LastModifiedDate);
const before = new Date((await modified()) - 1000).toUTCString();
await assert.rejects(patch(before, { Title: "CEO" }), { errorCode: "PRECONDITION_FAILED" });
await patch((await modified()).toUTCString(), { Title: "CEO" });
assert.equal((await conn.sobject("Lead").retrieve(lead)).Title, "CEO");

// All or nothing.
async function decision(condition) {
  const { compositeResponse } = await conn.requestPost(`/services/data/v${version}/composite`, {
    allOrNone: true, collateSubrequests: false, compositeRequest: [
      { method: "POST", url: `${base}/AI_Lead_Routing_Decision__c`, referenceId: "audit", httpHeaders: quiet,
        body: { Decision_Key__c: "js-1", Lead__c: lead, Assigned_Rep__c: other } },
      { method: "PATCH", url: `${base}/Lead/${lead}`, referenceId: "lead",
        httpHeaders: { ...quiet, "If-Unmodified-Since": condition }, body: { OwnerId: other } },
      { method: "GET", url: `${base}/Lead/${lead}?fields=OwnerId`, referenceId: "after" },
    ],
  });
  return compositeResponse;
}
const codes = (parts) => parts.map((part) => part.httpStatusCode);
assert.deepEqual(codes(await decision(before)), [400, 412, 400]);
assert.equal((await conn.sobject("Lead").retrieve(lead)).OwnerId, rep);
const records = `SELECT COUNT() FROM AI_Lead_Routing_Decision__c WHERE Lead__c = '${lead}'`;
assert.equal((await conn.query(records)).totalSize, 0);
const written = await decision((await modified()).toUTCString());
assert.deepEqual(codes(written), [201, 204, 200]);
assert.equal(written[2].body.OwnerId, other);
assert.equal((await conn.query(records)).totalSize, 1);

// Bulk API 2.0: all rows in one file (this client cannot put several together), then rows that are written each for itself.
const exported = await (await conn.bulk2.query(`SELECT Id, ConvertedOpportunity.IsWon ${converted}`, { pollInterval: 100, pollTimeout: 30000 })).toArray();
assert.equal(exported.length, totalSize);
assert.deepEqual(new Set(exported.map((record) => record.Id)), ids);
assert.ok(["true", "false"].includes(String(exported[0]["ConvertedOpportunity.IsWon"])));
await assert.rejects(conn.bulk2.query("SELECT LeadSource, COUNT(Id) FROM Lead GROUP BY LeadSource"));
const load = (operation, input) =>
  conn.bulk2.loadAndWaitForResults({ object: "Lead", operation, input, pollInterval: 100, pollTimeout: 30000 });
const inserted = await load("insert", [
  { LastName: "Bulk", Company: 'A, "B"', AnnualRevenue: "12.5" },
  { LastName: "No company", Company: "", AnnualRevenue: "1" },
]);
assert.equal(inserted.successfulResults.length, 1);
assert.match(inserted.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING/);
assert.equal(inserted.unprocessedRecords.length, 0);
const bulked = inserted.successfulResults[0].sf__Id;
assert.equal((await conn.sobject("Lead").retrieve(bulked)).Company, 'A, "B"');
const changed = await load("update", [{ Id: bulked, Title: "CEO" }]);
assert.deepEqual([changed.successfulResults.length, changed.failedResults.length], [1, 0]);
assert.equal((await conn.sobject("Lead").retrieve(bulked)).Title, "CEO");

// A session that has ended.
const ended = new jsforce.Connection({ version, instanceUrl: org.url, accessToken: "00D!ended" });
await assert.rejects(ended.query("SELECT Id FROM Lead"), { errorCode: "INVALID_SESSION_ID" });
console.log("jsforce: agrees");
