// Goal: the ledger of a running installation balances to the reading, whatever is killed and cut, and the
// steward tells within its time of a lane that does not.
// Method: a region and a hub over a WAN that is cut and healed, engine, aggregator and steward as processes that
// are killed with SIGKILL meanwhile; frames as gateways write them, and each reading counted here.
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { NO_TRACING } from "../../otel/tracing.ts";
import { LedgerWatch } from "../../cloud/steward/ledger-watch.ts";
import { RejectCounts } from "../../cloud/insight/ledger/reject-counts.ts";
import { LedgerStore } from "../../cloud/steward/ledger-store.ts";
import { HubAlerts } from "../../cloud/hub-alerts.ts";
import type { Ledger, LedgerRow } from "../../contracts/messages/ledger.ts";
import type { StewardStatus } from "../../contracts/messages/status.ts";
import { ledgerOf } from "../../infra/cli/ledger/steward-says.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { makeService } from "../support/services.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PARTITIONS = 2;

/** One lane's gateway, with all that can happen to a reading. */
class Devices {
  readonly #writer: FrameWriter;
  #last: TestReading | null = null;
  #n = 0;
  readonly sent = { machine: 0, measurement: 0 };
  readonly unstorable = { machine: 0 };
  readonly repeats = { machine: 0 };

  constructor(partition: number) {
    this.#writer = new FrameWriter({ region: "eu", partition });
  }

  async frame(connection: Parameters<FrameWriter["publish"]>[0]): Promise<void> {
    const nowMs = Date.now();
    this.#n += 1;
    const reading = (contract: "machine" | "measurement", device: string): TestReading => {
      const ts = nowMs + (this.#n % 7);
      const payload = contract === "machine" ? { ts, temperature: 20 } : { ts, value: 1 };
      this.sent[contract] += 1;
      return { device, contract, receivedAtMs: nowMs, payload };
    };
    const fresh = reading("machine", `m${this.#n % 5}-${this.#n}`);
    const readings = [fresh, reading("measurement", `s-${this.#n}`)];
    if (this.#n % 5 === 0 && this.#last) {
      readings.push(this.#last);
      this.sent.machine += 1;
      this.repeats.machine += 1;
    }
    // A device without a name: nothing can store it.
    if (this.#n % 9 === 0) {
      readings.push(reading("machine", ""));
      this.unstorable.machine += 1;
    }
    this.#last = fresh;
    await this.#writer.publish(connection, readings, nowMs, this.#n % 6 === 0);
  }

  /** Empty frames, as an idle gateway writes them. */
  beat(connection: Parameters<FrameWriter["publish"]>[0]): Promise<void> {
    return this.#writer.publish(connection, [], Date.now());
  }
}

const waitingIn = ({ waiting }: Pick<LedgerRow, "waiting">): number =>
  waiting.region + waiting.hub + waiting.aggregator;

test("kills and a cut WAN: the ledger ends balanced to the reading", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  let wan: TcpProxy | null = null;
  const world = stack.use(
    await startHubAndRegions({
      regions: ["eu"],
      partitions: PARTITIONS,
      wan: async (leafPort) => {
        const port = await freePort();
        wan = stack.use(await TcpProxy.listen(port, leafPort));
        return port;
      },
    }),
  );
  const partitions = { SKERRY_PARTITIONS: String(PARTITIONS) };
  const engine = await makeService("gateway/alerting/main.ts", {
    ...partitions,
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
  });
  const sink = { SKERRY_SINK: "file", SKERRY_SINK_FILE: join(directory.path, "sink.jsonl") };
  const hub = { ...partitions, ...sink, SKERRY_REGIONS: "eu" };
  const aggregator = await makeService("cloud/aggregator/main.ts", {
    ...hub,
    SKERRY_NATS_URL: world.hub.urlOf("aggregator"),
  });
  const steward = await makeService("cloud/steward/main.ts", {
    ...hub,
    SKERRY_NATS_URL: world.hub.urlOf("steward"),
  });
  for (const { process } of [engine, aggregator, steward]) {
    stack.use(process);
    await process.start();
  }
  const ledger = async (): Promise<Ledger | null> => (await steward.status<StewardStatus>()).ledger;
  const eu = await world.region("eu").connect();
  const lanes = Array.from({ length: PARTITIONS }, (_, partition) => new Devices(partition));
  const write = async (frames: number): Promise<void> => {
    for (let at = 0; at < frames; at++) {
      for (const lane of lanes) await lane.frame(eu);
      await sleep(20);
    }
  };
  let total = 0;
  const opened: unknown[] = [];
  let watching = true;
  const watched = (async () => {
    while (watching) {
      const now = await ledger().catch(() => null);
      for (const row of now?.rows ?? []) {
        const { acknowledged, stored, repeats, refused, setAside, lost, open } = row;
        const sum = stored + repeats + refused + setAside + lost + open + waitingIn(row);
        if (sum !== acknowledged) opened.push({ ...row, sum });
      }
      opened.push(...(now?.open ?? []));
      await sleep(200);
    }
  })();

  await write(60);
  await aggregator.process.restart();
  await engine.process.restart();
  await write(60);
  wan!.cut();
  await write(60);
  await engine.process.restart();
  await aggregator.process.restart();
  await write(40);
  wan!.heal();
  await steward.process.restart();
  await write(60);
  await aggregator.process.restart();
  await write(20);

  total = lanes.reduce((sum, { sent }) => sum + sent.machine + sent.measurement, 0);
  await eventually(
    "everything that was sent is accounted for",
    async () => {
      for (const lane of lanes) await lane.beat(eu);
      const rows = (await ledger())?.rows ?? [];
      const acknowledged = rows.reduce((sum, row) => sum + row.acknowledged, 0);
      return acknowledged === total && rows.every((row) => waitingIn(row) === 0);
    },
    60_000,
  );
  watching = false;
  await watched;
  const { rows, open } = (await ledger())!;
  expect(open).toEqual([]);
  expect(opened).toEqual([]);
  const sum = (of: (lane: Devices) => number): number =>
    lanes.reduce((all, lane) => all + of(lane), 0);
  const unstorable = sum((lane) => lane.unstorable.machine);
  const machine = sum((lane) => lane.sent.machine);
  const row = rows.find(({ contract }) => contract === "machine")!;
  expect(row).toMatchObject({ acknowledged: machine, refused: unstorable, lost: 0, open: 0 });
  expect(row.stored + row.repeats).toBe(machine - unstorable);
  expect(row.repeats).toBe(sum((lane) => lane.repeats.machine));
  expect(rows.find(({ contract }) => contract === "measurement")).toMatchObject({
    acknowledged: sum((lane) => lane.sent.measurement),
    stored: sum((lane) => lane.sent.measurement),
  });

  const said = await ledgerOf(await world.hub.connect(), 5_000);
  expect(said?.rows).toEqual(rows);
  const metrics = await (await fetch(steward.url("/metrics"))).text();
  expect(metrics).toMatch(
    new RegExp(`skerry_ledger_readings\\{[^}]*contract="machine"[^}]*\\} ${machine}\\b`),
  );
});

test("a lane that stays open is an alert that names it, and is resolved when it balances", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const connection = await world.hub.connect("steward");
  const alerts = new HubAlerts(connection, NO_TRACING);
  const live = { processes: [] };
  const logger = pino({ level: "silent" });
  const store = new LedgerStore(connection, logger);
  const rejects = new RejectCounts(connection);
  const watch = new LedgerWatch({
    ...{ connection, regions: ["eu"], partitions: 1, live, alerts, store, rejects, logger },
  });
  const tally = { sinceMs: 0, readings: { machine: 10 }, lost: 0, miscounted: 0 };
  const point = { seq: 7, storeMs: 1_000, tally, marks: [] };
  const factsOf = (stored: number) => {
    const settled = { machine: { stored, repeats: 0, rejected: 0, setAside: 0 } };
    const known = { ...store.known({ region: "eu", partition: 0 }), rolledBackMs: 0 };
    const own = { region: point, copySeq: 7, judged: point, settled: { ...point, settled } };
    return { eu: { heardMs: 0, lanes: [{ ...own, known }], rejects: {} } };
  };
  const open = () => alerts.openKeys("ledger_open");
  await watch.take(factsOf(9), 1_000_000);
  await watch.take(factsOf(9), 1_059_000);
  expect(await open()).toEqual([]);
  await watch.take(factsOf(9), 1_060_000);
  expect(await open()).toEqual(["eu/0"]);
  await watch.take(factsOf(10), 1_061_000);
  expect(await open()).toEqual([]);
});
