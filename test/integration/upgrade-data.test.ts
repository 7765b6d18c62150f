// Goal: today's product goes on with everything that the release before it left in its data directory.
// Method: the release itself, as it was published, is given devices, contracts, rules, alerts, a reject, a command and a
// session with messages that wait, and is stopped; then `skerry up` of today starts on the same directory, and devices
// and people look for what was theirs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type IClientOptions, type MqttClient, connect } from "mqtt";
import { expect, test } from "vitest";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import type { Addresses } from "../../infra/local/places.ts";
import { eventually } from "../support/eventually.ts";
import { Launcher } from "../support/launcher.ts";
import { RELEASE_BEFORE, unpackRelease } from "../support/release.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PORT_BASE = "19700";
const READINGS = 10;
const DAY_SECONDS = 86_400;
const PUMP = {
  type: "object",
  required: ["seq", "flow"],
  additionalProperties: false,
  "x-partition-key": "device",
  properties: {
    seq: { type: "integer", "x-role": "sequence" },
    flow: { type: "number", "x-unit": "L/min", "x-role": "field" },
  },
};
const rule = (id: string, more: object) => ({
  ...{ id, version: 1, kind: "threshold", contract: "pump", severity: "critical" },
  ...more,
});
const RULES = [
  rule("flow-high", { when: "flow > 30.0" }),
  rule("flow-seen", { when: "flow > 20.0" }),
  { ...rule("flow-often", { value: "flow", over: "1h", having: "max > 39.0" }), kind: "aggregate" },
];
const TOPIC = "devices/pump-1/telemetry/pump";

/** Everything of one installation: its launcher, its command line, its devices. */
function installation(dataDir: string, root?: string) {
  const args = [
    ...["--port-base", PORT_BASE, "--devices", "0", "--config", "none", "--no-open"],
    ...["--no-demo-rules", "--no-demo-mappings"],
  ];
  const launcher = new Launcher(dataDir, args, {}, root);
  const addresses = (): Addresses =>
    JSON.parse(readFileSync(join(dataDir, "addresses.json"), "utf8")) as Addresses;
  const statusOf = async <T>(name: string): Promise<T> =>
    (await (await fetch(addresses().status[name]!)).json()) as T;
  const logIn = (username: string, password: string, clean = true): Promise<LoggedIn> =>
    loggedIn(addresses().mqtt.eu, {
      ...{ clientId: username, username, password, protocolVersion: 5, clean, reconnectPeriod: 0 },
      ...(clean ? {} : { properties: { sessionExpiryInterval: DAY_SECONDS } }),
    });
  const type = async (...words: string[]): Promise<string> => {
    const said = await skerry(
      [...words, "--data-dir", dataDir],
      root === undefined ? {} : { root },
    );
    if (said.code !== 0) throw new Error(`${words.join(" ")}: ${said.out}`);
    return said.out;
  };
  const runs = () =>
    eventually("it runs", () => launcher.output.includes("the console: "), 60_000).catch(() => {
      throw new Error(launcher.output);
    });
  return { launcher, addresses, statusOf, logIn, type, runs };
}

const flowOf = (seq: number, flow: number): string => JSON.stringify({ seq, flow });

const publish = (client: MqttClient, text: string) => client.publishAsync(TOPIC, text, { qos: 1 });

interface LoggedIn extends AsyncDisposable {
  readonly client: MqttClient;
  /** Messages as `topic payload`, from before the CONNACK, with which comes what waited. */
  readonly inbox: string[];
}

async function loggedIn(url: string, options: IClientOptions): Promise<LoggedIn> {
  const client = connect(url, options);
  const inbox: string[] = [];
  client.on("message", (topic, payload) => void inbox.push(`${topic} ${payload.toString()}`));
  await new Promise<unknown>((resolve, reject) => {
    client.once("connect", resolve);
    client.on("error", reject);
  });
  return { client, inbox, [Symbol.asyncDispose]: () => client.endAsync(true) };
}

const secretIn = (text: string): string => /[\w-]{20,}/.exec(text.split("\n").at(-2) ?? "")![0];

test(`a data directory of ${RELEASE_BEFORE} is gone on with`, { timeout: 300_000 }, async () => {
  await using directory = await temporaryDirectory();
  await using release = await unpackRelease(RELEASE_BEFORE);
  const at = (name: string): string => join(directory.path, name);
  mkdirSync(at("own/pump"), { recursive: true });
  writeFileSync(at("own/pump/v1.json"), JSON.stringify(PUMP));
  writeFileSync(at("rules.json"), JSON.stringify(RULES));
  const before = await lifeBefore(at, release.root);

  const today = installation(at("data"));
  await using _ = today.launcher;
  await today.runs();

  // People find what they had.
  expect(await today.type("devices", "list")).toBe(before.devices);
  expect(await today.type("contracts", "list")).toContain("pump");
  expect(await today.type("rejects", "list", "--region", "eu")).toBe(before.rejects);
  const alerts = await today.type("alerts", "list");
  expect(alerts).toMatch(/flow-high {2}pump-1 {2}firing/);
  expect(alerts).toMatch(/flow-often {2}pump-1 {2}firing/);
  expect(alerts).toContain("acknowledged by anna");
  const engine = await today.statusOf<AlertingStatus>("alerting-eu");
  expect(engine.rules.map(({ id }) => id).toSorted()).toEqual(RULES.map(({ id }) => id).toSorted());
  expect(engine.setAside).toBe(0);

  // Sessions and logins are what they were; messages that waited come.
  await expect(today.logIn("gone", before.secrets["gone"]!)).rejects.toThrow(
    /[Nn]ot authorized|Bad/,
  );
  await using panel = await today.logIn("panel", before.secrets["panel"]!, false);
  await using pump = await today.logIn("pump-1", before.secrets["pump-1"]!, false);
  await eventually(
    "what waited for the panel",
    () => panel.inbox.filter((one) => one.startsWith(TOPIC)).length >= READINGS,
  );
  expect(panel.inbox.filter((one) => one.startsWith(TOPIC))).toEqual(before.waiting);
  await eventually("the command", () => pump.inbox.some((one) => one.endsWith('{"open":true}')));
  const id = /commands\/(\S+)/.exec(pump.inbox[0]!)![1]!;
  await pump.client.publishAsync(`devices/pump-1/commands/${id}/reply`, "done", { qos: 1 });
  await eventually("it is delivered", async () =>
    (await today.type("commands", "status")).includes("delivered"),
  );

  // Readings, rules and the ledger go on where they were: alerts end, what is in windows counts on.
  await publish(pump.client, flowOf(READINGS, 5));
  await eventually("alerts end", async () => {
    const open = await today.type("alerts", "list");
    return !open.includes("flow-high") && !open.includes("flow-seen") && open;
  });
  expect(await today.type("alerts", "list")).toMatch(/flow-often {2}pump-1 {2}firing/);
  // Ten of before and one of now are stored, one is a reject.
  let said = "";
  await eventually("the ledger balances", async () => {
    const { code, out } = await skerry(["ledger", "--data-dir", at("data")]);
    said = out;
    return code === 0 && /eu +pump +12 +11 +0 +1 +0 +0 +0 +0/.test(out);
  }).catch(() => {
    throw new Error(said);
  });
});

/** What there is to be gone on with, made by the release itself. */
async function lifeBefore(at: (name: string) => string, root: string) {
  const old = installation(at("data"), root);
  await using _ = old.launcher;
  await old.runs();
  const secrets: Record<string, string> = {};
  for (const [id, ...more] of [["pump-1"], ["panel", "--role", "observer"], ["gone"]] as const)
    secrets[id] = secretIn(await old.type("devices", "add", id, ...more));
  await old.type("devices", "revoke", "gone");
  await old.type("contracts", "publish", "--schemas", at("own"));
  await old.type("rules", "apply", at("rules.json"));
  await eventually("the rules are known", async () => {
    const { rules } = await old.statusOf<AlertingStatus>("alerting-eu");
    return rules.length === RULES.length;
  });
  const panel = await eventually("the panel logs in", () =>
    old.logIn("panel", secrets["panel"]!, false).catch(() => false as const),
  );
  await panel.client.subscribeAsync(TOPIC, { qos: 1 });
  await panel.client.endAsync();
  const pump = await eventually("the pump logs in", () =>
    old.logIn("pump-1", secrets["pump-1"]!, false).catch(() => false as const),
  );
  await pump.client.subscribeAsync("devices/pump-1/commands/+", { qos: 1 });
  const waiting: string[] = [];
  for (let seq = 0; seq < READINGS; seq++) {
    const text = flowOf(seq, 31 + seq);
    await publish(pump.client, text);
    waiting.push(`${TOPIC} ${text}`);
  }
  await expect(publish(pump.client, "no json")).rejects.toThrow("Payload format invalid");
  await pump.client.endAsync();
  await eventually("it is at the hub", async () => {
    const listed = await old.type("alerts", "list");
    return RULES.every(({ id }) => listed.includes(id));
  });
  const seen = (await old.type("alerts", "list"))
    .split("\n")
    .find((line) => line.includes("flow-seen"));
  await old.type("alerts", "ack", seen!.split("  ")[1]!, "--by", "anna");
  await eventually("it is seen in the region", async () =>
    (await old.type("alerts", "list", "--region", "eu")).includes("acknowledged by anna"),
  );
  await old.type("commands", "send", "pump-1", "--payload", '{"open":true}', "--expires", "1d");
  await eventually("the ledger balances", async () => {
    const said = await skerry(["ledger", "--data-dir", at("data")], { root });
    return said.code === 0 && said.out.includes("pump");
  });
  const [devices, rejects] = [
    await old.type("devices", "list"),
    await old.type("rejects", "list", "--region", "eu"),
  ];
  old.launcher.signal("SIGTERM");
  expect(await old.launcher.exit()).toBe(0);
  return { secrets, waiting, devices, rejects };
}
