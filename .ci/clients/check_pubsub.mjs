// The Node client of the Pub/Sub API (salesforce-pubsub-api-client) against the demo org: change events of Lead by their
// schema, from the earliest one, after a replay id, and live; and a replay id that is none. Stops at the first surprise.
//
// The client speaks TLS alone, and the demo org, which is for this machine, has none. So a listener in this script takes
// TLS off and hands the bytes on. The client brings its own list of authorities and takes no other, hence
// rejectUnauthorizedSsl: false, its switch for certificates that were made for a test.
//
// Usage: node check_pubsub.mjs ORG_JSON TLS_KEY TLS_CERTIFICATE

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createServer } from "node:tls";
import jsforce from "jsforce";
import PubSubApiClient from "salesforce-pubsub-api-client";

const org = JSON.parse(readFileSync(process.argv[2], "utf8"));
const [key, cert] = process.argv.slice(3).map((file) => readFileSync(file));
const topic = "/data/LeadChangeEvent";
const patience = 20_000;

const port = Number(new URL(org.url).port);
const terminator = createServer({ key, cert, ALPNProtocols: ["h2"] }, (secure) => {
  const plain = connect(port, "127.0.0.1");
  secure.pipe(plain).pipe(secure);
  plain.on("error", () => secure.destroy());
  secure.on("error", () => plain.destroy());
});
await new Promise((listening) => terminator.listen(0, "127.0.0.1", listening));

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/// Subscribes with a client of its own, and gives what `done` makes of the calls back so far as soon as it is something.
async function hear(subscribe, done) {
  const client = new PubSubApiClient(
    {
      authType: "oauth-client-credentials",
      loginUrl: org.url,
      clientId: org.client_id,
      clientSecret: org.client_secret,
      pubSubEndpoint: `localhost:${terminator.address().port}`,
      rejectUnauthorizedSsl: false,
    },
    silent,
  );
  await client.connect();
  const heard = [];
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`in vain: ${JSON.stringify(heard)}`)), patience);
      subscribe(client, (_info, kind, data) => {
        heard.push({ kind, data });
        const found = done(heard);
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
    });
  } finally {
    client.close();
  }
}

const events = (heard, lead) =>
  heard
    .filter(({ kind, data }) => kind === "event" && data.payload.ChangeEventHeader.recordIds.includes(lead))
    .map(({ data }) => data);

const conn = new jsforce.Connection({
  version: "66.0",
  oauth2: { loginUrl: org.url, clientId: org.client_id, clientSecret: org.client_secret },
  callOptions: { client: "check-pubsub" },
});
await conn.authorize({ grant_type: "client_credentials" });
const Lead = conn.sobject("Lead");
const quiet = { headers: { "Sforce-Auto-Assign": "FALSE" } };
const { id } = await Lead.create({ FirstName: "Ada", LastName: "Byron", Company: "Engines", AnnualRevenue: 5 }, quiet);
await Lead.update({ Id: id, FirstName: "Augusta", Company: "Engines & Sons", AnnualRevenue: null }, quiet);
await Lead.destroy(id);

// From the earliest event: a life.
const [created, updated, deleted] = await hear(
  (client, told) => client.subscribeFromEarliestEvent(topic, told),
  (heard) => (events(heard, id).length === 3 ? events(heard, id) : undefined),
);
const header = (event) => event.payload.ChangeEventHeader;
assert.deepEqual([created, updated, deleted].map((event) => header(event).changeType), ["CREATE", "UPDATE", "DELETE"]);
assert.equal(header(created).entityName, "Lead");
assert.match(header(created).changeOrigin, /client=check-pubsub$/);
assert.equal(created.payload.Company, "Engines");
assert.equal(created.payload.Name.LastName.string ?? created.payload.Name.LastName, "Byron");
assert.equal(created.payload.AnnualRevenue, 5);
assert.deepEqual(
  header(updated).changedFields.filter((name) => !name.startsWith("LastModified")).sort(),
  ["AnnualRevenue", "Company", "Name.FirstName"],
);
assert.deepEqual(header(updated).nulledFields, ["AnnualRevenue"]);
assert.equal(updated.payload.Industry, null);
assert.ok(created.replayId < updated.replayId && updated.replayId < deleted.replayId);

// After a place: what came later, and nothing twice.
const [first] = await hear(
  (client, told) => client.subscribeFromReplayId(topic, told, null, created.replayId),
  (heard) => heard.filter(({ kind }) => kind === "event").map(({ data }) => data).slice(0, 1)[0] && events(heard, id),
);
assert.equal(first.replayId, updated.replayId);

// A place that is none.
const refusal = await hear(
  (client, told) => client.subscribeFromReplayId(topic, told, null, 10 ** 9),
  (heard) => heard.find(({ kind }) => kind === "error")?.data,
);
assert.match(refusal.metadata.get("error-code")[0], /fetch\.replayid\.corrupted$/);

// Live. The client does not say when it is subscribed, so leads are made until one is heard of.
const made = [];
const making = setInterval(async () => made.push((await Lead.create({ LastName: "Live", Company: "Now" })).id), 200);
const live = await hear(
  (client, told) => client.subscribe(topic, told),
  (heard) => heard.find(({ kind }) => kind === "event")?.data,
).finally(() => clearInterval(making));
assert.equal(live.payload.Company, "Now");

terminator.close();
console.log("salesforce-pubsub-api-client: ok");
process.exit(0);
