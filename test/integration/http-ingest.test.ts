// Goal: over HTTP everything holds that holds over MQTT: what is answered as stored is in the log, what is refused is
// kept with its reason, nobody speaks for another, and hostile requests end in an answer, and soon.
// Method: the gateway as a real process on real servers; fetch, and raw sockets for what no library would send.
import { type Socket, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { encode } from "cborg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type HttpWorld, basic, environment, startHttpWorld } from "../support/http-world.ts";
import { connectClient } from "../support/mqtt-client.ts";

let world: HttpWorld;
beforeAll(async () => {
  world = await startHttpWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const to = (device: string, contract = "environment") =>
  `/v1/devices/${device}/telemetry/${contract}`;

/** The record as the gateway knows it, once its region has heard of it. */
async function register(
  id: string,
  over: Parameters<HttpWorld["put"]>[1] = {},
): Promise<Record<string, string>> {
  const secret = await world.put(id, over);
  const headers = basic(id, secret);
  await eventually("the region knows the record", async () => {
    const { status } = await world.post(to(id), "", headers);
    expect(status).toBe(400);
  });
  return headers;
}

test("an object, an array and lines are stored, each reading with its outcome", async () => {
  const headers = await register("http-1");
  const one = await world.post(to("http-1"), environment(1), headers);
  expect([one.status, one.json]).toEqual([
    200,
    { stored: 1, repeated: 0, rejected: 0, elements: [{ outcome: "stored" }] },
  ]);
  const array = `[${environment(2)}, ${environment(3)}]`;
  expect((await world.post(to("http-1"), array, headers)).json).toMatchObject({ stored: 2 });
  const lines = `${environment(4)}\n\n${environment(5)}\n`;
  const ndjson = { ...headers, "content-type": "application/x-ndjson" };
  expect((await world.post(to("http-1"), lines, ndjson)).json).toMatchObject({ stored: 2 });
  // As curl -d sends it.
  const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
  expect((await world.post(to("http-1"), environment(6), form)).json).toMatchObject({ stored: 1 });
  const again = await world.post(to("http-1"), `[${environment(6)},${environment(7)}]`, headers);
  expect(again.json).toEqual({
    ...{ stored: 1, repeated: 1, rejected: 0 },
    elements: [{ outcome: "repeated" }, { outcome: "stored" }],
  });
  const logged = await world.logged("http-1");
  expect(logged.map(({ payload }) => payload["seq"])).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("good elements beside bad ones are stored; those are kept with field and reason", async () => {
  const headers = await register("http-2");
  const body = `[${environment(1)}, ${environment(2, { temperature: "hot" })}, {bad}, ${environment(3)},
    ${environment(4).replace('"seq":4', '"seq":9007199254740993')}, {"a":1e400}, ${environment(5)}`;
  const { status, json } = await world.post(to("http-2"), body, headers);
  expect(status).toBe(207);
  const elements = json["elements"] as Record<string, unknown>[];
  expect(elements.map(({ outcome, reason }) => reason ?? outcome)).toEqual([
    ...["stored", "contract_violation", "not_json", "stored"],
    ...["contract_violation", "contract_violation", "stored"],
  ]);
  expect(elements[1]).toMatchObject({ field: "/temperature" });
  expect(elements[4]).toMatchObject({ field: "/seq" });
  expect((await world.logged("http-2")).map(({ payload }) => payload["seq"])).toEqual([1, 3, 5]);
  const rejects = await world.rejects("http-2");
  expect(rejects.map(({ reason }) => reason).sort()).toEqual(
    ["contract_violation", "contract_violation", "contract_violation", "not_json"].sort(),
  );
  expect(rejects.every(({ principal }) => principal === "http-2")).toBe(true);
  const none = await world.post(to("http-2"), "[{}]", headers);
  expect([none.status, none.json["rejected"]]).toEqual([422, 1]);
});

test("who is nobody, who speaks for another, and what is not there hear so", async () => {
  const headers = await register("http-3");
  const secret = Buffer.from(headers["authorization"]!.slice(6), "base64").toString().slice(7);
  const bearer = await world.post(to("http-3"), environment(1), {
    authorization: `Bearer ${secret}`,
  });
  expect(bearer.json).toMatchObject({ stored: 1 });
  const wrong = await world.post(to("http-3"), environment(2), basic("http-3", "wrong"));
  expect([wrong.status, wrong.headers.get("www-authenticate")]).toEqual([
    401,
    expect.stringContaining("Basic") as string,
  ]);
  expect((await world.post(to("http-3"), environment(2))).status).toBe(401);
  expect(
    (await world.post(to("http-3"), environment(2), { authorization: "Bearer x" })).status,
  ).toBe(401);
  const other = await world.post(to("http-other"), environment(1), headers);
  expect([other.status, other.json["elements"]]).toEqual([
    403,
    [expect.objectContaining({ outcome: "rejected", reason: "not_authorized" })],
  ]);
  expect(await world.rejects("http-3")).toMatchObject([{ reason: "not_authorized" }]);
  const bridge = await register("http-bridge", { role: "bridge" });
  expect((await world.post(to("http-unknown"), environment(1), bridge)).json).toMatchObject({
    stored: 1,
  });
  expect((await world.post(to("http-3"), environment(9), bridge)).status).toBe(403);
  // A client without a record speaks for devices without one, from this machine.
  expect((await world.post(to("http-free"), environment(1))).json).toMatchObject({ stored: 1 });
  const unknown = await world.post(to("http-3", "nothing"), "{}", headers);
  expect(unknown.json["elements"]).toMatchObject([{ reason: "unknown_contract" }]);
  expect((await world.post("/v1/nothing", "{}", headers)).status).toBe(404);
  expect(
    (await world.post(to("http-3"), "{}", { ...headers, "content-type": "image/png" })).status,
  ).toBe(415);
  const page = { ...headers, origin: "https://example.org" };
  expect((await world.post(to("http-3"), environment(3), page)).status).toBe(403);
});

test("a device may be called as clients without a record are, and neither is the other", async () => {
  await register("http");
  for (const path of [to("http-guest"), "/write"]) {
    const body = path === "/write" ? "environment,device=http-guest co2=1" : environment(1);
    const answer = await world.post(path, body, { "content-type": "text/plain" });
    expect([path, answer.text.includes("not_authorized")]).toEqual([path, false]);
  }
  const nobody = { authorization: `Basic ${btoa(":")}` };
  for (const headers of [{}, nobody]) {
    const mapped = await world.post("/write", "sensor,device=http value=1", headers);
    expect(mapped.text).toMatch(/may not speak for "http"|may not publish|not_authorized|unmapped/);
    const direct = await world.post(to("http"), environment(1), headers);
    expect([401, 403]).toContain(direct.status);
  }
  expect(await world.logged("http")).toEqual([]);
});

test("names of a client's choosing are looked up among ours alone, and what is said twice counts as first", async () => {
  const headers = await register("http-names");
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueof"]) {
    const encoded = { ...headers, "content-encoding": name };
    expect((await world.post(to("http-names"), environment(1), encoded)).status).toBe(415);
    expect((await world.post(to("http-names", name), environment(1), headers)).status).toBe(422);
    const query = `/write?precision=${name}`;
    expect((await world.post(query, "environment co2=1", headers)).status).toBe(400);
    const secret = `/api/v1/${name}/telemetry?contract=${name}`;
    expect((await world.post(secret, "{}")).status).toBe(401);
  }
  const twice = "?precision=ns&precision=ms&u=a&u=b&p=c&p=d&q=x&q=y&contract=climate&contract=x";
  for (const path of [`/write${twice}`, `/query${twice}`, `/api/v2/write${twice}`])
    expect((await world.post(path, "environment co2=1", headers)).status).toBeLessThan(500);
  const secret = Buffer.from(headers["authorization"]!.slice(6), "base64").toString().split(":")[1];
  const things = await world.post(`/api/v1/${secret}/telemetry${twice}`, "{}");
  expect(things.status).toBe(400);
});

test("a body of a million lines, and one to no address, cost as good as nothing", async () => {
  const headers = await register("http-lines");
  const lines = { ...headers, "content-type": "application/x-ndjson" };
  const million = Buffer.alloc(4 * 1024 ** 2, "1\n");
  const sinceMs = performance.now();
  expect((await world.post(to("http-lines"), million, lines)).status).toBe(413);
  expect((await world.post("/write", million, await register("http-line-2"))).status).toBe(413);
  expect((await world.post("/nowhere", million)).status).toBe(404);
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
});

test("compressed bodies are read; a bomb is refused before it goes off", async () => {
  const headers = await register("http-4");
  const gzip = { ...headers, "content-encoding": "gzip" };
  const zstd = { ...headers, "content-encoding": "zstd" };
  expect((await world.post(to("http-4"), gzipSync(environment(1)), gzip)).json).toMatchObject({
    stored: 1,
  });
  expect(
    (await world.post(to("http-4"), zstdCompressSync(environment(2)), zstd)).json,
  ).toMatchObject({ stored: 1 });
  const bomb = gzipSync(Buffer.alloc(64 * 1024 ** 2, 0x20));
  expect((await world.post(to("http-4"), bomb, gzip)).status).toBe(413);
  expect((await world.post(to("http-4"), "no gzip", gzip)).status).toBe(400);
  const unknown = await world.post(to("http-4"), "{}", { ...headers, "content-encoding": "lzma" });
  expect(unknown.status).toBe(415);
});

test("deep, large and broken bodies end in an answer, and what is good of them is stored", async () => {
  const headers = await register("http-5");
  const deep = `[${"[".repeat(200_000)}`;
  expect((await world.post(to("http-5"), deep, headers)).status).toBe(422);
  const large = `[${environment(1)},{"a":"${"x".repeat(300_000)}"}]`;
  const answer = await world.post(to("http-5"), large, headers);
  expect([answer.status, answer.json["elements"]]).toMatchObject([
    207,
    [{ outcome: "stored" }, { reason: "too_large", kept: false }],
  ]);
  expect((await world.post(to("http-5"), "x".repeat(5 * 1024 ** 2), headers)).status).toBe(413);
  const many = `[${"1,".repeat(10_000)}1]`;
  expect((await world.post(to("http-5"), many, headers)).status).toBe(413);
  const bytes = Buffer.concat([
    Buffer.from(`[${environment(2)},{"a":"`),
    Buffer.from([0xff]),
    Buffer.from('"}]'),
  ]);
  expect((await world.post(to("http-5"), bytes, headers)).json).toMatchObject({
    stored: 1,
    rejected: 1,
  });
  expect((await world.post(to("http%2F5"), "{}", headers)).status).toBe(400);
  expect((await world.post(to("a%00b"), "{}", headers)).status).toBe(400);
});

test("a key gives the same answer again, and counts readings without a time and sequence once", async () => {
  const headers = { ...(await register("http-6")), "idempotency-key": "k-1" };
  const body = '[{"value":20.5},{"value":20.5},{"value":"x"}]';
  const path = to("http-6", "plain");
  const first = await world.post(path, body, headers);
  expect([first.status, first.json["stored"]]).toEqual([207, 2]);
  const second = await world.post(path, body, headers);
  expect([second.status, second.text]).toEqual([207, first.text]);
  expect(second.headers.get("idempotency-replayed")).toBe("true");
  expect((await world.post(path, '{"value":21}', headers)).status).toBe(422);
  const together = { ...headers, "idempotency-key": "k-2" };
  const both = await Promise.all([1, 2].map(() => world.post(path, body, together)));
  expect(both[0]!.text).toBe(both[1]!.text);
  // Another sender's key is another key.
  const other = { ...(await register("http-7")), "idempotency-key": "k-1" };
  expect((await world.post(to("http-7", "plain"), body, other)).json).toMatchObject({ stored: 2 });
  expect(await world.logged("http-6")).toHaveLength(4);
  const spaces = { ...headers, "idempotency-key": "k 1" };
  expect((await world.post(path, body, spaces)).status).toBe(400);
});

test("a key counts once through kills of the gateway, wherever they hit", async () => {
  const headers = await register("http-9");
  const body = JSON.stringify(Array.from({ length: 1_000 }, (_, n) => ({ value: n % 7 })));
  const path = to("http-9", "plain");
  for (const [round, waitMs] of [2, 10, 25, 60].entries()) {
    const keyed = { ...headers, "idempotency-key": `round-${round}` };
    const asked = world.post(path, body, keyed).catch(() => null);
    await sleep(waitMs);
    await world.gateway.process.kill();
    await asked;
    await world.gateway.process.start();
    const answer = await world.post(path, body, keyed);
    expect(answer.status).toBe(200);
    expect(await world.logged("http-9")).toHaveLength(1_000 * (round + 1));
  }
});

test("a key whose log does not answer is to be sent again, is no fault of the gateway, and counts once", async () => {
  const headers = { ...(await register("http-key-later")), "idempotency-key": "later" };
  const server = world.nats.region("eu").process;
  const send = () => world.post(to("http-key-later", "plain"), '{"value":1}', headers);
  server.freeze();
  try {
    const meanwhile = await send();
    expect(meanwhile.status).toBe(503);
    expect(Number(meanwhile.headers.get("retry-after"))).toBeGreaterThan(0);
  } finally {
    server.resume();
  }
  await eventually("it is taken", async () => (await send()).status === 200, 60_000);
  expect(await world.logged("http-key-later")).toHaveLength(1);
});

test("other encodings say the same, over HTTP and MQTT, and a repeat in another one counts once", async () => {
  const headers = await register("http-10");
  const reading = (seq: number) => JSON.parse(environment(seq)) as object;
  const cbor = { ...headers, "content-type": "application/cbor" };
  const pack = encode([reading(1), { seq: "x" }, reading(2)]);
  const answer = await world.post(to("http-10"), pack, cbor);
  expect([answer.status, answer.json["elements"]]).toMatchObject([
    207,
    [{ outcome: "stored" }, { reason: "contract_violation" }, { outcome: "stored" }],
  ]);
  const csv = "seq,temperature,humidity,light,co2,occupancy\n2,20,40,1,500,0\n3,20,40,1,500,0\n";
  const again = await world.post(to("http-10"), csv, { ...headers, "content-type": "text/csv" });
  expect(again.json["elements"]).toEqual([{ outcome: "repeated" }, { outcome: "stored" }]);
  await using client = await connectClient(world.mqttPort, {
    ...{ clientId: "http-11", protocolVersion: 5 },
  });
  const properties = { contentType: "application/cbor" };
  const sent = { qos: 1, properties } as const;
  await client
    .publishAsync("devices/http-11/telemetry/environment", Buffer.from(pack), sent)
    .catch(() => null);
  const sequences = async (device: string) =>
    (await world.logged(device)).map(({ payload }) => payload["seq"]);
  expect(await sequences("http-10")).toEqual([1, 2, 3]);
  expect(await sequences("http-11")).toEqual([1, 2]);
  expect(await world.rejects("http-11")).toMatchObject([
    {
      elements: [1],
      contentType: "application/cbor",
      payload: Buffer.from(pack).toString("base64"),
    },
  ]);
});

test("subscribers of MQTT hear what came over HTTP", async () => {
  const headers = await register("http-8");
  await using client = await connectClient(world.mqttPort, { clientId: "listener" });
  const heard: string[] = [];
  client.on("message", (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
  await client.subscribeAsync("devices/http-8/#", { qos: 1 });
  await world.post(to("http-8"), environment(1), headers);
  await eventually("the subscriber heard of it", () =>
    expect(heard).toEqual([`devices/http-8/telemetry/environment ${environment(1)}`]),
  );
});

/** Milliseconds until the gateway closes a socket that sends this. */
const closedAfter = (bytes: string): Promise<number> =>
  new Promise((resolve) => {
    const sinceMs = performance.now();
    const socket: Socket = connect(world.httpPort, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", () => undefined);
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(performance.now() - sinceMs));
  });

test("silence and requests that never end are closed within ten seconds", async () => {
  const post = `POST ${to("http-free")} HTTP/1.1\r\nHost: localhost\r\n`;
  const times = await Promise.all([
    closedAfter(""),
    closedAfter("POST / HT"),
    closedAfter(`${post}Content-Length: 100\r\n\r\n{`),
  ]);
  for (const ms of times) expect(ms).toBeGreaterThan(8_000);
  for (const ms of times) expect(ms).toBeLessThan(13_000);
});

test("metrics count requests and readings", async () => {
  const body = `[${environment(1)},{}]`;
  for (const _ of [1, 2]) await world.post(to("http-metrics"), body);
  const text = await (await fetch(world.gateway.url("/metrics"))).text();
  const lines = text.split("\n").filter((line) => line.startsWith("skerry_gateway_http"));
  const values = Object.fromEntries(
    lines.map((line) => [
      line.replace('region="eu",', "").split(" ")[0]!,
      Number(line.split(" ")[1]),
    ]),
  );
  expect(values['skerry_gateway_http_requests_total{status="207"}']).toBeGreaterThan(0);
  expect(values['skerry_gateway_http_readings_total{outcome="repeated"}']).toBeGreaterThan(0);
});
