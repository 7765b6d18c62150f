// Goal: every operation of the API lets in whom its role says, and nobody else; nothing that is sent makes it fail.
// Method: the page of the API that a real console serves is the list of what is asked, so that a new route is held to
// this by itself; sessions are signed here, with the tokens of the console under test.
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CHANGE_HEADER } from "../../cloud/console/access/origin.ts";
import { sessionKey } from "../../cloud/console/access/secrets.ts";
import { SESSION_COOKIE, Sessions } from "../../cloud/console/access/sessions.ts";
import type { Role } from "../../cloud/console/access/who.ts";
import {
  type ConsoleUnderTest,
  OPERATOR_TOKEN,
  VIEWER_TOKEN,
  askApi,
  startConsole,
} from "../support/console.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: { readonly type?: string; readonly enum?: readonly string[] };
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly role: string;
  readonly parameters: readonly Parameter[];
}

type Served = Record<string, Record<string, { "x-role"?: string; parameters: Parameter[] }>>;

let world: NatsWorld;
let api: ConsoleUnderTest;
let operations: readonly Operation[];

beforeAll(async () => {
  world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  api = await startConsole(world, ["eu"], { SKERRY_PARTITIONS: "1" });
  const { body } = await askApi<{ paths: Served }>(api.url, "GET", "/openapi.json");
  operations = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, ...of }]) => ({
      ...{ path, parameters, method: method.toUpperCase() },
      role: of["x-role"] ?? "none",
    })),
  );
  await eventually("there are facts", async () => (await api.ask("GET", "/overview")).status < 300);
}, 60_000);

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

const HOUR_MS = 3_600_000;
const KEY = sessionKey({ operator: OPERATOR_TOKEN, viewer: VIEWER_TOKEN });

/** The cookie of a session that began some time ago. */
function cookieOf(role: Role, agoMs = 0): Record<string, string> {
  const sessions = new Sessions({ key: KEY, ageMs: HOUR_MS, now: () => Date.now() - agoMs });
  return { cookie: `${SESSION_COOKIE}=${sessions.begin({ name: role, role }).cookie}` };
}

/** What our page sends beside the cookie. */
const fromPage = (): Record<string, string> => ({ origin: api.url, [CHANGE_HEADER]: "1" });

/** A path with its parameters: those that have to be there, or each of them. */
function pathOf({ path, parameters }: Operation, value: (of: Parameter) => string): string {
  const filled = parameters
    .filter((one) => one.in === "path")
    .reduce((so, one) => so.replace(`{${one.name}}`, encodeURIComponent(value(one))), path);
  const query = parameters
    .filter((one) => one.in === "query" && one.required)
    .map((one) => `${one.name}=${encodeURIComponent(value(one))}`);
  return query.length === 0 ? filled : `${filled}?${query.join("&")}`;
}

/** Something of the right form that is not there, so that nothing is changed. */
const nothing = ({ schema }: Parameter): string =>
  schema.enum?.[0] ?? (schema.type === "integer" ? "999999" : "nothing-of-this-name");

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Asks as written, any Host included; of a stream of events only the status is awaited. */
async function ask(
  { method }: Pick<Operation, "method">,
  path: string,
  headers: Record<string, string>,
  body = "{}",
): Promise<Answered> {
  const isRead = method === "GET" || method === "DELETE";
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(api.url + path, {
      method,
      agent: false,
      headers: { ...headers, ...(isRead ? {} : { "content-type": "application/json" }) },
    });
    sent.once("response", resolve).once("error", reject);
    sent.end(isRead ? undefined : body);
  });
  const { statusCode: status = 0, headers: got } = answer;
  const isStream = got["content-type"] === "text/event-stream";
  const all = isStream ? "" : await text(answer);
  answer.destroy();
  return { status, headers: got, body: all };
}

/** Who asks, and the status of a refusal; null where the operation answers. */
interface Asker {
  readonly headers: () => Record<string, string>;
  readonly refusal: (of: Operation) => number | null;
}

const isChange = ({ method }: Operation): boolean => method !== "GET";

const ASKERS: Readonly<Record<string, Asker>> = {
  nobody: {
    headers: fromPage,
    refusal: ({ role }) => (role === "open" ? null : 401),
  },
  "a viewer": {
    headers: () => ({ ...cookieOf("viewer"), ...fromPage() }),
    refusal: ({ role }) => (role === "operator" ? 403 : null),
  },
  "a viewer's token": {
    headers: () => ({ authorization: `Bearer ${VIEWER_TOKEN}`, ...fromPage() }),
    refusal: ({ role }) => (role === "operator" ? 403 : null),
  },
  "an operator without the header of changes": {
    headers: () => ({ ...cookieOf("operator"), origin: api.url }),
    refusal: (of) => (isChange(of) ? 403 : null),
  },
  "an operator whose browser names no origin": {
    headers: () => ({ ...cookieOf("operator"), [CHANGE_HEADER]: "1" }),
    refusal: (of) => (isChange(of) ? 403 : null),
  },
  "an operator on a page of another site": {
    headers: () => ({ ...cookieOf("operator"), ...fromPage(), origin: "http://evil.example" }),
    refusal: (of) => (isChange(of) ? 403 : null),
  },
  "an operator under a name that points here": {
    headers: () => ({ ...cookieOf("operator"), ...fromPage(), host: "evil.example" }),
    refusal: () => 421,
  },
  "an operator whose session is over": {
    headers: () => ({ ...cookieOf("operator", 2 * HOUR_MS), ...fromPage() }),
    refusal: ({ role }) => (role === "open" ? null : 401),
  },
  "somebody who names themselves in a proxy's header": {
    headers: () => ({
      ...fromPage(),
      ...{ "x-forwarded-user": "eve", "x-forwarded-groups": "skerry-operators" },
    }),
    refusal: ({ role }) => (role === "open" ? null : 401),
  },
  "an operator": {
    headers: () => ({ ...cookieOf("operator"), ...fromPage() }),
    refusal: () => null,
  },
};

/** Statuses of those who are not let in. */
const REFUSALS = [401, 403, 421];

test("each operation says its role", () => {
  const without = operations.filter(({ role }) => !["open", "viewer", "operator"].includes(role));
  expect(without).toEqual([]);
  expect(operations.length).toBeGreaterThan(40);
  const open = operations.filter(({ role }) => role === "open");
  expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "POST /api/v1/session",
    "DELETE /api/v1/session",
  ]);
});

test.each(Object.entries(ASKERS))("%s", async (_who, { headers, refusal }) => {
  const wrong: string[] = [];
  for (const operation of operations) {
    const expected = refusal(operation);
    const answer = await ask(operation, pathOf(operation, nothing), headers());
    const { status } = answer;
    const isRight =
      expected === null
        ? !REFUSALS.includes(status) && (status < 500 || status === 503)
        : status === expected;
    const isShared = answer.headers["access-control-allow-origin"] !== undefined;
    if (!isRight || isShared)
      wrong.push(`${operation.method} ${operation.path}: ${status}, not ${expected ?? "let in"}`);
    if (expected !== null) expect(answer.headers["content-type"]).toMatch(/^application\/problem/);
  }
  expect(wrong).toEqual([]);
});

test("none of all that changed anything, and what an operator tried is written down", async () => {
  const { body } = await api.ask<{ records: { outcome: string; role: string; request: string }[] }>(
    "GET",
    "/audit?limit=1000",
  );
  expect(body.records.length).toBeGreaterThan(0);
  expect(body.records.filter(({ role }) => role !== "operator")).toEqual([]);
  // This one needs nothing that could be wrong.
  const done = body.records.filter(({ outcome }) => outcome === "done");
  expect(done.map(({ request }) => request)).toEqual(["POST /api/v1/login-codes"]);
});

/** Texts that have broken something somewhere. */
const NASTY = [
  "",
  " ",
  "a b",
  "*",
  ">",
  "a.b.>",
  "eu\r\nPUB evil 1\r\n1\r\n",
  "\0",
  "\u2028",
  "a/b' OR 1=1; DROP SERIES FROM /.*/",
  '"\\',
  "../../../etc/passwd",
  "%00",
  "__proto__",
  "constructor",
  "<img src=x onerror=alert(1)>",
  "9".repeat(400),
  "-1",
  "1e999",
  "x".repeat(900),
];

test("no text in a parameter of what a viewer may ask makes the console fail", async () => {
  const wrong: string[] = [];
  const asViewer = { authorization: `Bearer ${VIEWER_TOKEN}` };
  const asked = operations.filter(({ role, method }) => role === "viewer" && method === "GET");
  for (const operation of asked)
    for (const nasty of NASTY)
      for (const { name } of operation.parameters) {
        const all = { ...operation, parameters: forced(operation.parameters, name) };
        const path = pathOf(all, (one) => (one.name === name ? nasty : nothing(one)));
        const { status } = await ask(operation, path, asViewer);
        if (status >= 500 && status !== 503) wrong.push(`${path}: ${status}`);
      }
  expect(wrong).toEqual([]);
}, 60_000);

/** Parameters of which one is sent though nobody has to. */
const forced = (parameters: readonly Parameter[], name: string): Parameter[] =>
  parameters.map((one) => (one.name === name ? { ...one, required: true } : one));

const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** Bodies that are not what is asked for. */
const BODIES = [
  "",
  "null",
  "1",
  '"text"',
  "[]",
  "{",
  '{"__proto__":{"role":"operator"}}',
  '{"constructor":{"prototype":{"role":"operator"}}}',
  deep(20_000),
  `{"rule":${deep(5_000)},"mappings":${deep(5_000)},"schema":${deep(5_000)},"name":"a","topic":"a","region":"eu"}`,
  '{"rule":{},"mappings":{},"schema":{},"name":"__proto__","topic":"devices/__proto__/telemetry/constructor","region":"eu"}',
];

test("no body of what a viewer may ask makes the console fail", async () => {
  const wrong: string[] = [];
  const asViewer = { authorization: `Bearer ${VIEWER_TOKEN}` };
  const asked = operations.filter(({ role, method }) => role === "viewer" && method !== "GET");
  expect(asked.length).toBeGreaterThan(3);
  for (const operation of asked)
    for (const body of BODIES) {
      const { status } = await ask(operation, pathOf(operation, nothing), asViewer, body);
      if (status < 200 || (status >= 500 && status !== 503))
        wrong.push(`${operation.path} ${body.slice(0, 60)}: ${status}`);
    }
  expect(wrong).toEqual([]);
});
