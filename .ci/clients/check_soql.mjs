// Every SOQL query that leadboard sends, read by soql-parser-js, which knows the language from elsewhere. A recorder stands
// between leadboard and the demo org and notes each query: of a doctor, of pulls of the history, and of a working worker.
//
// Usage: node check_soql.mjs LEADBOARD CONFIG ORG_JSON

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import soql from "soql-parser-js";

const [binary, configFile, orgFile] = process.argv.slice(2);
const org = JSON.parse(readFileSync(orgFile, "utf8"));
const seen = new Map();

/** Notes the queries of one request: in the address, in a composite's addresses, or as the query of a bulk job. */
function note(path, body) {
  const queries = [new URL(path, org.url).searchParams.get("q")];
  if (body.startsWith("{")) {
    const sent = JSON.parse(body);
    queries.push(sent.query);
    for (const part of sent.compositeRequest ?? []) queries.push(new URL(part.url, org.url).searchParams.get("q"));
  }
  // Values differ from call to call; the shape of a query is what is to be checked.
  for (const query of queries.filter(Boolean)) seen.set(query.replace(/'[^']*'/g, "'…'").replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "…"), query);
}

const recorder = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  note(request.url, body.toString("utf8"));
  const headers = { ...request.headers, "accept-encoding": "identity" };
  delete headers.host;
  delete headers["content-length"];
  delete headers["transfer-encoding"];
  const sends = !["GET", "HEAD"].includes(request.method);
  const answer = await fetch(org.url + request.url, { method: request.method, headers, body: sends ? body : undefined, redirect: "manual" });
  // The session must lead back to the recorder.
  const text = (await answer.text()).replaceAll(org.url, here);
  const passed = [...answer.headers].filter(([name]) => !["content-length", "transfer-encoding", "connection", "content-encoding"].includes(name));
  response.writeHead(answer.status, Object.fromEntries(passed));
  response.end(text);
});
recorder.listen(0, "127.0.0.1");
await once(recorder, "listening");
const here = `http://127.0.0.1:${recorder.address().port}`;
writeFileSync("recorded.toml", readFileSync(configFile, "utf8").replaceAll(org.url, here), { mode: 0o600 });

/** Runs leadboard to its end. */
async function leadboard(...words) {
  const child = spawn(binary, ["--config", "recorded.toml", "--data-dir", "recorded-data", ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  child.stderr.on("data", (text) => (said += text));
  const [code] = await once(child, "exit");
  assert.equal(code, 0, `${words.join(" ")} ended with ${code}: ${said}`);
}

await leadboard("doctor");
await leadboard("history", "pull");

// A worker that polls, reads reps and outcomes, and looks for leads; stopped when every kind of question was asked.
const worker = spawn(binary, ["--config", "recorded.toml", "--data-dir", "recorded-data", "worker"], { stdio: "ignore" });
const asked = (text) => [...seen.keys()].some((query) => query.includes(text));
const wanted = ["FROM Group", "FROM User", "FROM Event", "FROM Account", "FROM Opportunity WHERE IsClosed", "AND SystemModstamp >= ", "ConvertedOpportunity.SystemModstamp >= ", "AND ConvertedOpportunity.IsClosed"];
for (let waited = 0; !wanted.every(asked) && waited < 600; waited++) await new Promise((done) => setTimeout(done, 100));
worker.kill("SIGTERM");
await once(worker, "exit");
recorder.close();
recorder.closeAllConnections();

for (const query of seen.values()) {
  assert.ok(soql.isQueryValid(query), `soql-parser-js does not accept: ${query}`);
  const parsed = soql.parseQuery(query);
  assert.ok(parsed.sObject && (parsed.fields ?? []).length > 0, `without fields or object: ${query}`);
}
const missing = wanted.filter((text) => !asked(text));
assert.deepEqual(missing, [], `never asked; asked was:\n${[...seen.keys()].join("\n")}`);
console.log(`soql-parser-js: ${seen.size} kinds of queries, all accepted`);
