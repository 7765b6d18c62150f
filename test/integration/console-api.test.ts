// Goal: what the API of the console says is so, and what it changes is changed; each answer is of the form that the
// page of the API promises.
// Method: a whole region and hub (gateway, engine, aggregator, InfluxDB) with the console as it is started; devices
// publish by MQTT; every answer is held against the page of the API.
import { type MqttClient, connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ConsoleUnderTest, OPERATOR_TOKEN, VIEWER_TOKEN, askApi } from "../support/console.ts";
import { startConsoleRegion } from "../support/console-region.ts";
import { eventually } from "../support/eventually.ts";

const stack = new AsyncDisposableStack();
let api: ConsoleUnderTest;
let mqttUrl: string;
let device: MqttClient;

type Json = Record<string, unknown>;

beforeAll(async () => {
  ({ api, device, mqttUrl } = await startConsoleRegion(stack));
}, 60_000);

afterAll(() => stack.disposeAsync());

let seq = 0;
const reading = (co2: number): string =>
  JSON.stringify({
    ...{ seq: (seq += 1), ts: Date.now(), temperature: 21, humidity: 40 },
    ...{ light: 300, co2, occupancy: 1 },
  });

const publish = (
  payload: string,
  topic = "devices/room-1/telemetry/environment",
): Promise<unknown> => device.publishAsync(topic, payload, { qos: 1 }).catch(() => undefined);

test("a device is registered, gets in with its secret, is given another one, and is revoked", async () => {
  const made = await api.ask<{ secret: string }>("POST", "/devices", { id: "boiler-7" });
  expect(made.status).toBe(201);
  const login = async (password: string): Promise<boolean> => {
    try {
      const client = await connectAsync(
        mqttUrl,
        { username: "boiler-7", password, clientId: "boiler-7", reconnectPeriod: 0 },
        false,
      );
      await client.endAsync();
      return true;
    } catch {
      return false;
    }
  };
  await eventually("it gets in", () => login(made.body.secret));
  expect((await api.ask("POST", "/devices", { id: "boiler-7" })).status).toBe(409);
  expect((await api.ask("POST", "/devices", { id: "a/b" })).status).toBe(422);
  const asViewer = await askApi(api.url, "POST", "/devices", { id: "x" }, VIEWER_TOKEN);
  expect(asViewer.status).toBe(403);

  const next = await api.ask<{ secret: string }>("POST", "/devices/boiler-7/credential", {
    keepOld: false,
  });
  await eventually("only the new one works", async () => {
    return (await login(next.body.secret)) && !(await login(made.body.secret));
  });
  const { body } = await api.ask<Json>("DELETE", "/devices/boiler-7");
  expect(body["revokedAtMs"]).toBeGreaterThan(0);
  await eventually("it is let in no more", async () => !(await login(next.body.secret)));
  expect((await api.ask("DELETE", "/devices/nobody")).status).toBe(404);

  const { body: audit } = await api.ask<{ records: Json[] }>("GET", "/audit");
  const what = audit.records.map(({ request, outcome }) => `${String(request)} ${String(outcome)}`);
  expect(what).toContain("DELETE /api/v1/devices/boiler-7 done");
  expect(what).toContain("DELETE /api/v1/devices/nobody refused");
  expect(JSON.stringify(audit)).not.toContain(made.body.secret);
});

test("a device that was heard is there with its last values, its units, and a picture of the last hour", async () => {
  await eventually("it was heard", async () => {
    await publish(reading(640));
    const { body } = await api.ask<{ devices: Json[] }>("GET", "/devices?search=ROOM");
    return body.devices.some(({ heard }) => heard !== null);
  });
  const { body } = await api.ask<{ device: Json; units: Json[] }>("GET", "/devices/room-1");
  expect(JSON.stringify(body.device)).toContain('"co2":640');
  expect(body.units).toContainEqual({ contract: "environment", field: "co2", unit: "[ppm]" });
  expect((await api.ask("GET", "/devices/never-heard")).status).toBe(404);
  await eventually("its topic is there", async () => {
    await publish(reading(640));
    const { body } = await api.ask<{ topics: Json[] }>("GET", "/topics?prefix=devices/room-1");
    return body.topics.length > 0;
  });
});

test("a rule is checked, tried over the log, saved, fires, and its alert is acknowledged", async () => {
  for (let n = 0; n < 20; n++) await publish(reading(n < 10 ? 700 : 2_000));
  const rule = { id: "stuffy", kind: "threshold", contract: "environment", when: "co2 > 1500" };
  const wrong = await api.ask<{ isValid: boolean; problems: Json[] }>("POST", "/rules/check", {
    ...rule,
    when: "co3 > 1500",
  });
  expect(wrong.body.isValid).toBe(false);
  expect(wrong.body.problems.length).toBeGreaterThan(0);
  expect((await api.ask<Json>("POST", "/rules/check", rule)).body["isValid"]).toBe(true);

  const trial = { rule, region: "eu", minutes: 10 };
  await eventually("the log shows what it would have raised", async () => {
    const { body } = await api.ask<{ raised: number; gained: Json[] }>(
      "POST",
      "/rules/test",
      trial,
    );
    return body.raised === 1 && body.gained.length === 1;
  });

  expect((await api.ask("PUT", "/rules/stuffy", rule)).status).toBe(200);
  let alert: Json = {};
  await eventually("it fires", async () => {
    await publish(reading(2_000));
    const { body } = await api.ask<{ alerts: Json[] }>("GET", "/alerts?state=firing&rule=stuffy");
    alert = body.alerts[0] ?? {};
    return body.alerts.length === 1;
  });
  const { body: listed } = await api.ask<{ rules: Json[] }>("GET", "/rules");
  expect(listed.rules).toContainEqual(expect.objectContaining({ id: "stuffy", open: 1 }));

  await eventually("the values around it are drawn with its limit", async () => {
    const { body } = await api.ask<{ values: { limits: number[]; points: Json[] } | null }>(
      "GET",
      "/alerts/stuffy/room-1",
    );
    return body.values?.limits[0] === 1_500 && body.values.points.length > 0;
  });
  const acknowledgement = { id: alert["id"] };
  const path = "/alerts/stuffy/room-1/acknowledgement";
  expect((await api.ask("POST", path, acknowledgement)).status).toBe(200);
  await eventually("it is acknowledged", async () => {
    await publish(reading(2_000));
    const { body } = await api.ask<{ alerts: Json[] }>("GET", "/alerts?state=acknowledged");
    return body.alerts.length === 1;
  });
  const silence = await api.ask<Json>("POST", "/silences", { rule: "stuffy", for: "2h" });
  expect(silence.body).toMatchObject({ version: 1, silences: [{ for: "2h" }] });
  await eventually(
    "the engine counts what it was asked, under the version that it had",
    async () => {
      const { body } = await api.ask<{ engines: { version: number; counts: Json }[] }>(
        "GET",
        "/rules/stuffy",
      );
      const [engine] = body.engines;
      return (
        engine?.version === 1 &&
        engine.counts["firing"] === 1 &&
        Number(engine.counts["evaluations"]) > 0
      );
    },
  );
  const [window] = silence.body["silences"] as Record<string, string>[];
  const taken = new URLSearchParams({ rule: "stuffy", ...window }).toString();
  expect((await api.ask("DELETE", `/silences?${taken}`)).status).toBe(200);
  expect((await api.ask("DELETE", `/silences?${taken}`)).status).toBe(422);
  expect((await api.ask("DELETE", "/rules/stuffy")).status).toBe(204);
  expect((await api.ask("GET", "/rules/stuffy")).status).toBe(404);
});

test("a reject is found, shown with the place at fault, tried with a mended contract, and replayed", async () => {
  const bad = `{"seq":${(seq += 1)},"ts":${Date.now()},"pressure":"high"}`;
  await publish(bad, "devices/room-1/telemetry/pump");
  let kept: Json = {};
  await eventually("it is kept", async () => {
    const { body } = await api.ask<{ rejects: Json[] }>("GET", "/rejects?device=room-1");
    kept = body.rejects[0] ?? {};
    return kept["reason"] === "unknown_contract";
  });
  const at = `/rejects/eu/${String(kept["seq"])}`;
  const one = await api.ask<{ text: string }>("GET", at);
  expect(one.body.text).toBe(bad);
  const schema = (type: string) => ({
    type: "object",
    required: ["seq"],
    additionalProperties: false,
    properties: {
      seq: { type: "integer", "x-role": "sequence" },
      ts: { type: "integer", "x-role": "time" },
      pressure: { type, "x-role": "field" },
    },
  });
  const tried = async (type: string) =>
    (
      await api.ask<{ isRefused: boolean }>("POST", `${at}/trial`, {
        contracts: [{ name: "pump", version: 1, schema: schema(type) }],
      })
    ).body.isRefused;
  expect(await tried("number")).toBe(true);
  expect(await tried("string")).toBe(false);

  const checked = await api.ask<{ isAllowed: boolean }>("POST", "/contracts/check", {
    name: "pump",
    schema: schema("string"),
  });
  expect(checked.body.isAllowed).toBe(true);
  const published = await api.ask("POST", "/contracts", { name: "pump", schema: schema("string") });
  expect(published.status).toBe(201);
  const breaking = { name: "pump", schema: schema("number") };
  expect((await api.ask("POST", "/contracts", breaking)).status).toBe(422);
  expect((await api.ask("GET", "/contracts/pump")).status).toBe(200);
  expect((await api.ask("GET", "/contracts")).status).toBe(200);

  await eventually("a dry run says that it would be stored", async () => {
    const { body } = await api.ask<Json>("POST", "/rejects/replay", {
      ...{ region: "eu", device: "room-1", dryRun: true },
    });
    return (await ended(String(body["id"])))["stored"] === 1;
  });
  const { body } = await api.ask<Json>("POST", "/rejects/replay", {
    ...{ region: "eu", device: "room-1", dryRun: false },
  });
  expect(await ended(String(body["id"]))).toEqual({ stored: 1 });
  await eventually("it is done", async () => {
    const { body } = await api.ask<{ rejects: Json[] }>("GET", "/rejects?device=room-1");
    return body.rejects[0]!["isDone"] === true;
  });
  expect((await api.ask("GET", "/rejects/summary")).status).toBe(200);
});

/** The outcomes of a job, once it is over. */
async function ended(id: string): Promise<Json> {
  let job: Json = {};
  await eventually("the work is done", async () => {
    job = (await api.ask<Json>("GET", `/jobs/${id}`)).body;
    return job["state"] !== "running";
  });
  expect(job["state"]).toBe("done");
  return job["counts"] as Json;
}

test("series are listed and drawn, as readings, rollups and CSV", async () => {
  await eventually("its readings are stored", async () => {
    await publish(reading(640));
    const path = "/series?contract=environment&search=room";
    const { body } = await api.ask<{ series: Json[] }>("GET", path);
    return body.series.some((tags) => tags["device"] === "room-1");
  });
  for (const search of ["/", "a/ OR 'x", "room\u3000", "\\", "(.*"]) {
    const path = `/series?contract=environment&search=${encodeURIComponent(search)}`;
    expect((await api.ask<{ series: Json[] }>("GET", path)).body.series).toEqual([]);
  }
  const tags = encodeURIComponent(JSON.stringify({ device: "room-1" }));
  const path = `/series/data?contract=environment&field=co2&tags=${tags}`;
  const raw = await api.ask<Lines>("GET", `${path}&source=raw`);
  expect(raw.body.lines[0]!.points.length).toBeGreaterThan(10);
  await eventually(
    "rollups are there",
    async () => {
      await publish(reading(640));
      const [line] = (await api.ask<Lines>("GET", path)).body.lines;
      expect(line!.source).toBe("10s");
      return line!.points.some(({ isFinal, count }) => isFinal === true && Number(count) > 0);
    },
    40_000,
  );
  const csv = await api.ask<string>("GET", `${path}&source=raw&format=csv`);
  expect(csv.body).toMatch(
    /^time,device,field,unit,value,min,max,count,revision,final\r\n\d{4}-[^,]+,"room-1","co2",/,
  );
  expect((await api.ask("GET", "/series/data?contract=environment&field=none")).status).toBe(404);
});

interface Lines {
  lines: { tags: Json; field: string; source: string; unit: string; points: Json[] }[];
}

test("several fields of several series are one answer, up to what a chart can show", async () => {
  const of = (devices: string[], fields: string): string =>
    `/series/data?contract=environment&field=${fields}&tags=${encodeURIComponent(
      JSON.stringify(devices.map((device) => ({ device }))),
    )}`;
  const { body } = await api.ask<Lines>("GET", of(["room-1", "nobody"], "co2,temperature"));
  expect(body.lines.map(({ tags, field, unit }) => [tags["device"], field, unit])).toEqual([
    ["room-1", "co2", "[ppm]"],
    ["room-1", "temperature", "Cel"],
    ["nobody", "co2", "[ppm]"],
    ["nobody", "temperature", "Cel"],
  ]);
  expect(body.lines.map(({ points }) => points.length > 0)).toEqual([true, true, false, false]);
  const tooMany = await api.ask<Json>("GET", of(["a", "b", "c", "d", "e"], "co2,temperature"));
  expect(tooMany).toMatchObject({
    status: 422,
    body: { detail: expect.stringMatching(/^10 lines.* 8 /) as string },
  });
  for (const tags of ["[]", "[[]]", '[{"a":1}]', "7", "x"])
    expect(
      (await api.ask("GET", `/series/data?contract=environment&field=co2&tags=${tags}`)).status,
    ).toBe(422);
});

test("the facts of the home page and the ledger are of the form that their page says", async () => {
  await eventually("there is a verdict", async () => {
    const { status, body } = await api.ask<{ sentence?: string }>("GET", "/overview");
    return status === 200 && body.sentence !== "";
  });
  // No steward runs here, which keeps the ledger.
  expect((await api.ask("GET", "/ledger")).status).toBe(503);
  expect((await api.ask("GET", "/demo")).body).toBeNull();
  expect((await api.ask("POST", "/demo/wan", { region: "eu", cut: true })).status).toBe(404);
});

test("guides are served by name, and by no other path", async () => {
  const { body } = await api.ask<{ guides: { name: string }[] }>("GET", "/guides");
  expect(body.guides.map(({ name }) => name)).toContain("run-books");
  const guide = await api.ask<{ markdown: string }>("GET", "/guides/run-books");
  expect(guide.body.markdown).toContain("### SkerryStoreRefuses");
  for (const name of ["nothing", "..%2Fdecisions%2FREADME", "run-books.md"])
    expect((await api.ask("GET", `/guides/${name}`)).status).toBe(404);
});

test("traces that are sent are there; a page of another site cannot send any", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const span = { traceId, spanId: "b7ad6b7169203331", name: "gateway admit" };
  const send = (headers: Record<string, string>) =>
    fetch(`${api.url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
    });
  expect((await send({ origin: "http://evil.example" })).status).toBe(401);
  expect((await api.ask("GET", `/traces/${traceId}`)).status).toBe(404);
  expect((await send({})).status).toBe(200);
  expect((await api.ask("GET", `/traces/${traceId}`)).status).toBe(200);
  const { body } = await api.ask<{ traces: Json[] }>("GET", "/traces?search=admit");
  expect(body.traces).toMatchObject([{ traceId, name: "gateway admit" }]);
});

test("pages speak MQTT with the gateway, a viewer's under a page's client id; nobody else does", async () => {
  const login = await fetch(`${api.url}/api/v1/session`, {
    method: "POST",
    headers: { origin: api.url, "x-skerry-change": "1", "content-type": "application/json" },
    body: JSON.stringify({ token: OPERATOR_TOKEN }),
  });
  const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
  const connects = async (headers: Record<string, string>, of: object = {}): Promise<boolean> => {
    const url = `${api.url.replace("http", "ws")}/mqtt/eu`;
    const wsOptions = { headers };
    try {
      const client = await connectAsync(url, { wsOptions, reconnectPeriod: 0, ...of }, false);
      await client.endAsync();
      return true;
    } catch {
      return false;
    }
  };
  expect(await connects({ origin: api.url, cookie })).toBe(true);
  expect(await connects({ origin: "http://evil.example", cookie })).toBe(false);
  expect(await connects({ origin: api.url })).toBe(false);
  const viewer = { origin: api.url, authorization: `Bearer ${VIEWER_TOKEN}` };
  expect(await connects(viewer, { clientId: "console-of-a-viewer" })).toBe(true);
  expect(await connects(viewer, { clientId: "room-1" })).toBe(false);
});

test("lanes, frames, activity, mappings and commands answer as their page says", async () => {
  const lanes = await api.ask<{ operators: Json[] }>("GET", "/lanes");
  expect(lanes.body.operators.length).toBeGreaterThan(0);
  const frames = await api.ask<{ frames: Json[] }>("GET", "/lanes/eu/0/frames?limit=5");
  expect(frames.body.frames.length).toBe(5);
  const at = String(frames.body.frames[0]!["seq"]);
  expect((await api.ask("GET", `/lanes/eu/0/frames/${at}`)).status).toBe(200);
  expect((await api.ask("GET", "/lanes/eu/9/frames")).status).toBe(404);
  expect((await api.ask("GET", "/activity?limit=10")).status).toBe(200);
  expect((await api.ask("GET", "/commands")).status).toBe(200);
  expect((await api.ask("GET", "/mappings")).status).toBe(200);
  const trial = { topic: "devices/a/telemetry/environment", payload: "{}" };
  const tried = await api.ask<{ isRefused: boolean }>("POST", "/mappings/try", trial);
  expect(tried.body.isRefused).toBe(true);
  expect((await api.ask("GET", "/jobs")).status).toBe(200);
});
