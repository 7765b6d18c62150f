// Goal: a region's log gets more lanes while everything runs, and nobody can tell by what is stored or told: every
// acknowledged reading is in InfluxDB once, every rollup counts right, alerts are those of a log that never grew, the
// ledger balances. Method: real servers and processes under load, kept running as systemd does; the log grows from one
// lane to two under a gateway that is frozen, and so has not heard of it, then to four, with kill -9 of every process
// around both; then devices' ledger against InfluxDB, and the plain definitions of the rules over each key's frames.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as macrotask } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { seriesKeyOf } from "../../contracts/messages/reading.ts";
import type {
  AggregatorStatus,
  AlertingStatus,
  StewardStatus,
} from "../../contracts/messages/status.ts";
import { ancestorsOf, ownerIn } from "../../contracts/names/lane-stages.ts";
import {
  alertSubjects,
  alertsStream,
  partitionIn,
  telemetryFilter,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import { parseRules } from "../../contracts/rules/rule.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { readLedger } from "../../device-sim/ledger.ts";
import { audit } from "../../infra/local/audit.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { PROVE_RULES } from "../prove/alerts.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { startKept } from "../support/kept.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { type LoggedFrame, referenceAlerts } from "../support/reference-evaluator.ts";
import { makeService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PATIENCE_MS = 120_000;
/** The lanes that the log has had at the end. */
const STAGES = [1, 2, 4];
const PRESENT = [3, 4, 5, 6];

test("1 to 2 to 4 lanes under load and kill -9: nothing is lost, doubled or told wrongly", async () => {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const influx = stack.use(await startInflux());
  const eu = world.region("eu");
  const mqttPort = await freePort();
  const ledger = join(directory, "ledger.jsonl");
  const aService = (main: string, env: Record<string, string>) =>
    makeService(main, env, [], PATIENCE_MS);
  const hub = { SKERRY_REGIONS: "eu", SKERRY_INFLUX_URL: influx.url };
  const [gateway, engine, aggregator, steward, devices] = [
    await aService("gateway/main.ts", {
      ...{ SKERRY_REGION: "eu", SKERRY_NATS_URL: eu.urlOf("gateway") },
      ...{ SKERRY_MQTT_PORT: String(mqttPort), SKERRY_ANONYMOUS: "loopback" },
      SKERRY_DATA_DIR: join(directory, "gateway"),
      SKERRY_TRIM_SCHEDULE: "* * * * * *",
    }),
    await aService("gateway/alerting/main.ts", {
      ...{ SKERRY_REGION: "eu", SKERRY_NATS_URL: eu.urlOf("alerting") },
      SKERRY_RULES: PROVE_RULES,
    }),
    await aService("cloud/aggregator/main.ts", {
      ...hub,
      SKERRY_NATS_URL: world.hub.urlOf("aggregator"),
      SKERRY_REPAIR_SCHEDULE: "* * * * * *",
    }),
    await aService("cloud/steward/main.ts", {
      ...hub,
      SKERRY_NATS_URL: world.hub.urlOf("steward"),
      SKERRY_COPY_SCHEDULE: "* * * * * *",
    }),
    await aService("device-sim/main.ts", {
      SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${mqttPort}`,
      ...{ SKERRY_DEVICES: "12", SKERRY_RATE: "150", SKERRY_LEDGER: ledger },
    }),
  ] as const;
  const services = [gateway, engine, aggregator, steward];
  const moreAcknowledged = await startKept(stack, { services, devices, withinMs: PATIENCE_MS });
  const topology = (...more: string[]) =>
    skerry([
      "topology",
      "apply",
      "--hub",
      world.hub.url,
      "--region",
      `eu=${eu.url}`,
      "--log-gib",
      "1",
      ...more,
    ]);
  const through = (lanes: readonly number[]) =>
    eventually(
      `lanes ${lanes.join()} are read`,
      async () => {
        const all = [
          await engine.status<AlertingStatus>(),
          await aggregator.status<AggregatorStatus>(),
        ];
        return all.every((of) =>
          lanes.every((lane) =>
            of.lanes.some(({ partition, doneSeq }) => partition === lane && doneSeq > 0),
          ),
        );
      },
      PATIENCE_MS,
    );

  await moreAcknowledged(1_000);
  const early = await topology("--partitions", "2");
  expect(early.code).toBe(1);
  expect(early.out).toContain(
    "here those of level 1 are: npx skerry upgrade finish, then this again",
  );
  const finished = await skerry(["upgrade", "finish", "--nats", world.hub.url]);
  expect(finished).toMatchObject({ code: 0 });
  gateway.process.freeze();
  const first = await topology("--partitions", "2");
  expect(first).toMatchObject({ code: 0 });
  expect(first.out).toContain("stream TELEMETRY_eu: subjects is");
  await aggregator.process.kill();
  gateway.process.resume();
  await engine.process.kill();
  await moreAcknowledged(500);
  await aggregator.process.kill();
  await through([1, 2]);
  await moreAcknowledged(1_000);

  const second = topology("--partitions", "4");
  await gateway.process.kill();
  expect(await second).toMatchObject({ code: 0 });
  await engine.process.kill();
  await aggregator.process.kill();
  await moreAcknowledged(300);
  await engine.process.kill();
  await gateway.process.kill();
  await through(PRESENT);
  await moreAcknowledged(1_000);

  // What runs is remembered, and never made less.
  expect(await topology()).toEqual({ code: 0, out: "applied to hub, eu\n" });
  const fewer = await topology("--partitions", "2");
  expect(fewer.code).toBe(1);
  expect(fewer.out).toContain("the log of eu: it has 4 partitions, and a log never gets fewer");
  const odd = await topology("--partitions", "6");
  expect(odd.code).toBe(1);
  expect(odd.out).toContain("grows to a multiple of them: 8, 12 or more");

  await devices.process.stop("SIGTERM");
  const connection = await eu.connect();
  const manager = await connection.jetstreamManager();
  const { last_seq: last } = (await manager.streams.info("TELEMETRY_eu")).state;
  const isThrough = ({ lanes }: AlertingStatus | AggregatorStatus): boolean =>
    PRESENT.every((lane) =>
      lanes.some(({ partition, doneSeq }) => partition === lane && doneSeq >= last),
    );
  const status = await eventually(
    "engine and aggregator are through",
    async () => {
      const all = await engine.status<AlertingStatus>();
      return isThrough(all) && isThrough(await aggregator.status<AggregatorStatus>()) && all;
    },
    PATIENCE_MS,
  );

  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const checked = await eventually(
    "every rollup is as its points",
    async () => {
      const found = await audit(readLedger(ledger), influx.client(), catalog, ["eu"]);
      return found.rollups.wrong === 0 && found;
    },
    PATIENCE_MS,
  );
  expect(checked).toMatchObject({ missing: 0, duplicated: 0 });
  expect(checked.acknowledged).toBeGreaterThan(3_000);
  expect(checked.rollups.compared).toBeGreaterThan(0);

  const told = await compareAlertsOf(connection, status);
  await macrotask();
  expect(told.differences).toEqual([]);
  expect(told.compared).toBeGreaterThan(0);
  expect(told.strangers).toEqual([]);

  const balanced = await eventually(
    "the ledger balances",
    async () => {
      const { ledger: now } = await steward.status<StewardStatus>();
      const rows = now?.rows.filter(({ contract }) => contract !== "presence") ?? [];
      const counted = rows.reduce((sum, row) => sum + row.acknowledged, 0);
      if (!now || counted < checked.acknowledged) return false;
      const waits = ({ waiting }: (typeof rows)[number]): number =>
        waiting.aggregator + waiting.hub + waiting.region;
      return rows.every((row) => waits(row) === 0) && now;
    },
    PATIENCE_MS,
  );
  expect(balanced.open).toEqual([]);
  expect(balanced.lanes.map(({ partition }) => partition)).toEqual([0, 1, 2, ...PRESENT]);
}, 360_000);

/** The alerts of a region whose log has grown, against the definitions over all frames that each present lane's keys had. */
async function compareAlertsOf(connection: NatsConnection, { lanes }: AlertingStatus) {
  const rules = parseRules(JSON.parse(readFileSync(PROVE_RULES, "utf8")));
  const own = new Set(rules.map(({ id }) => id));
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const frames = new Map<number, LoggedFrame[]>();
  const log = { stream: telemetryStream("eu"), subject: telemetryFilter("eu"), from: 1 };
  for await (const { seq, storeMs, subject, data } of readStored(connection, log)) {
    const lane = partitionIn(subject);
    if (!frames.has(lane)) frames.set(lane, []);
    frames.get(lane)!.push({ seq, storeMs, ...decodeFrame(data) });
  }
  const stored: Alert[] = [];
  const slice = { stream: alertsStream("eu"), subject: alertSubjects("eu"), from: 1 };
  for await (const { data } of readStored(connection, slice)) stored.push(jsonOf<Alert>(data));
  const nameOf = (of: { seq: number; rule: string; key: string; state: string; late?: boolean }) =>
    `${of.seq} ${of.rule} ${of.key} ${of.state}${of.late ? " late" : ""}`;
  // The definitions take seconds, in which no answer is read: everything is read before.
  const expected: string[] = [];
  let doneSeq = Infinity;
  for (const lane of PRESENT) {
    const owns = ownerIn(STAGES, lane);
    const done = lanes.find(({ partition }) => partition === lane)!.doneSeq;
    doneSeq = Math.min(done, doneSeq);
    const all = [...ancestorsOf(STAGES, lane), lane].flatMap((at) => frames.get(at) ?? []);
    const ofKeys = all.map((frame) => ({
      ...frame,
      readings: frame.readings.filter(({ contract, version, device, payload }) =>
        owns(seriesKeyOf(catalog.get(contract, version)!, device, payload)),
      ),
    }));
    const of = { lane: { region: "eu", partition: lane }, catalog };
    expected.push(...referenceAlerts(ofKeys, rules, of).map(nameOf));
  }
  const raised = stored.filter(({ rule }) => own.has(rule));
  const upTo = (name: string): boolean => Number(name.split(" ")[0]) <= doneSeq;
  const got = numbered(raised.map(nameOf).filter(upTo));
  const wanted = numbered(expected.filter(upTo));
  const isMissing = (names: readonly string[]) => (name: string) => !names.includes(name);
  const differences = [
    ...wanted.filter(isMissing(got)).map((name) => `missing ${name}`),
    ...got.filter(isMissing(wanted)).map((name) => `unexpected ${name}`),
  ];
  // What is resolved was told of under the same name before.
  const begun = new Set(raised.filter(({ state }) => state !== "resolved").map(({ id }) => id));
  const strangers = raised.filter(({ state, id }) => state === "resolved" && !begun.has(id));
  return { compared: got.length, differences, strangers };
}

/** A frame may raise and resolve an alert of a key several times. */
function numbered(names: readonly string[]): string[] {
  const times = new Map<string, number>();
  return names.map((name) => {
    times.set(name, (times.get(name) ?? 0) + 1);
    return `${name} (${times.get(name)})`;
  });
}
