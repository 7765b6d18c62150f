// Goal: the console lets in whoever has a token, shows the rest of the world nothing, writes down changes, and
// answers as its page of the API says.
// Method: a real console on real nats-servers with its own user; requests as a browser and as programs send them.
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ConsoleUnderTest,
  LOGIN_CODE,
  OPERATOR_TOKEN,
  VIEWER_TOKEN,
  askApi,
  startConsole,
} from "../support/console.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

let world: NatsWorld;
let console_: ConsoleUnderTest;
beforeAll(async () => {
  world = await startHubAndRegions({ regions: ["eu", "us"] });
  console_ = await startConsole(world, ["eu", "us"]);
});
afterAll(async () => {
  await console_?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** A request as a page of ours makes a browser send it. */
const asPage = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  fetch(`${console_.url}/api/v1${path}`, {
    method,
    headers: {
      origin: console_.url,
      "x-skerry-change": "1",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

test("the login link logs in once; the session's cookie is HttpOnly and SameSite, and works until the logout", async () => {
  const login = () => asPage("POST", "/session", {}, { token: LOGIN_CODE });
  const first = await login();
  expect(first.status).toBe(200);
  const set = first.headers.get("set-cookie")!;
  expect(set).toMatch(/HttpOnly/);
  expect(set).toMatch(/SameSite=Strict/);
  const cookie = set.split(";")[0]!;
  expect((await login()).status).toBe(401);

  const seen = await asPage("GET", "/session", { cookie });
  expect(await seen.json()).toMatchObject({ name: "operator", role: "operator" });
  await eventually("there are facts", async () => {
    return (await asPage("GET", "/overview", { cookie })).status === 200;
  });

  const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };
  const made = await asPage("POST", "/login-codes", operator);
  const { code } = (await made.json()) as { code: string };
  expect((await asPage("POST", "/session", {}, { token: code })).status).toBe(200);
  expect((await asPage("POST", "/session", {}, { token: code })).status).toBe(401);
  const viewer = { authorization: `Bearer ${VIEWER_TOKEN}` };
  expect((await asPage("POST", "/login-codes", viewer)).status).toBe(403);

  expect((await asPage("DELETE", "/session", { cookie })).status).toBe(204);
  expect((await asPage("GET", "/overview", { cookie })).status).toBe(401);
});

test("nobody without a token sees anything of the API, and every refusal is a problem that says why", async () => {
  for (const path of ["/overview", "/stream", "/audit", "/openapi.json", "/session"]) {
    const answer = await fetch(`${console_.url}/api/v1${path}`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(await answer.json()).toMatchObject({ title: "Not logged in", status: 401 });
  }
});

test("another site cannot log somebody in or change anything, nor a name that points here", async () => {
  const body = { token: VIEWER_TOKEN };
  const foreign = { origin: "http://evil.example" };
  expect((await asPage("POST", "/session", foreign, body)).status).toBe(403);
  expect((await asPage("POST", "/session", { "sec-fetch-site": "cross-site" }, body)).status).toBe(
    403,
  );
  const { request } = await import("node:http");
  const status = await new Promise((resolve) =>
    request(`${console_.url}/`, { headers: { host: "evil.example" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).end(),
  );
  expect(status).toBe(421);
});

test("what is sent is checked, and everything that is wrong is said", async () => {
  const { status, body } = await console_.ask("GET", "/audit?limit=0&more=1");
  expect(status).toBe(400);
  expect(body).toMatchObject({
    errors: [{ message: expect.stringMatching(/more/) as string }, { at: "/limit" }],
  });
});

test("the page and the modules it imports are served under a policy that allows nothing inline", async () => {
  for (const path of [
    "/",
    "/devices/a.b?x=1",
    "/main.js",
    "/lib/preact.js",
    "/lib/hooks.js",
    "/lib/uplot.css",
  ]) {
    const answer = await fetch(console_.url + path, { headers: { accept: "text/html,*/*" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'self';/);
    expect(answer.headers.get("content-security-policy")).not.toMatch(/unsafe/);
  }
  const hooks = await (await fetch(`${console_.url}/lib/hooks.js`)).text();
  expect(hooks).toMatch(/from"\/lib\/preact.js"/);
  expect((await fetch(`${console_.url}/lib/other.js`)).status).toBe(404);
});

test("events come as they happen, the newest facts at once", async () => {
  const stop = new AbortController();
  const answer = await fetch(`${console_.url}/api/v1/stream`, {
    headers: { authorization: `Bearer ${VIEWER_TOKEN}` },
    signal: stop.signal,
  });
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  for await (const chunk of answer.body!) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (text.split("event: overview").length > 2) break;
  }
  stop.abort();
  const first = /event: overview\ndata: (.*)\n/.exec(text)![1]!;
  expect(JSON.parse(first)).toMatchObject({ regions: [{ region: "eu" }, { region: "us" }] });
});

test("the answers are of the form that the page of the API says", async () => {
  expect((await console_.ask("GET", "/overview")).status).toBe(200);
  expect((await console_.ask("GET", "/audit")).status).toBe(200);
  expect((await console_.ask("GET", "/session")).status).toBe(200);
  const { body } = await askApi<{ openapi: string }>(console_.url, "GET", "/openapi.json");
  expect(body.openapi).toBe("3.1.0");
});
