// Calls the methods of a client library of Mailpit. Reads JSON from stdin: `library`, `url`, perhaps
// `auth` (username, password), and `calls`, lists of a method and its arguments. Prints JSON: what
// each call returned, or its `error`. A Blob is its `type` and its content in Base64.
"use strict";

const { readFileSync } = require("node:fs");
const { json } = require("node:stream/consumers");

function openMailpitApi({ url, auth }) {
  const { MailpitClient } = require("mailpit-api");
  return new MailpitClient(url, auth && { auth });
}

// Stands for Cypress: it has the parts that the library uses, with real requests.
function standForCypress(url) {
  globalThis.Cypress = { expose: () => url, config: () => 5000 };
  globalThis.cy = {
    env: async () => ({}),
    wrap: async (value) => value,
    wait: (time) => new Promise((resolve) => setTimeout(resolve, time)),
    async request({ method, url, qs, body }) {
      const query = qs ? `?${new URLSearchParams(qs)}` : "";
      const headers = body ? { "Content-Type": "application/json" } : {};
      const response = await fetch(url + query, { method, headers, body: body && JSON.stringify(body) });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      const text = await response.text();
      const isJson = (response.headers.get("content-type") ?? "").includes("json");
      return { status: response.status, body: isJson ? JSON.parse(text) : text };
    },
  };
}

async function openCypressMailpit({ url }) {
  standForCypress(url);
  // An ES module without `"type": "module"`: bundlers read it, older versions of Node do not.
  const path = require.resolve("cypress-mailpit/dist/src/MailpitCommands.js");
  const source = readFileSync(path).toString("base64");
  const { MailpitCommands } = await import(`data:text/javascript;base64,${source}`);
  return new MailpitCommands();
}

async function toJson(value) {
  if (!(value instanceof Blob)) return value;
  const content = Buffer.from(await value.arrayBuffer()).toString("base64");
  return { type: value.type, content };
}

async function main(input) {
  const open = { "mailpit-api": openMailpitApi, "cypress-mailpit": openCypressMailpit };
  const client = await open[input.library](input);
  const results = [];
  for (const [method, ...args] of input.calls) {
    try {
      results.push(await toJson(await client[method](...args)));
    } catch (error) {
      results.push({ error: error.message });
    }
  }
  console.log(JSON.stringify(results));
}

json(process.stdin).then(main);
