// Goal: processes of the release before and of today work together in any mix: nothing acknowledged is lost or counted
// twice, no alert is raised or ended by a change of program, and there is a way back as long as nobody has closed it.
// Method: a hub and a region whose processes are all of the release, under load; one after the other becomes today's, then
// the release's again in the same order (so that each is once the only new one's neighbour and once the only old one's),
// and at last all are today's.
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import type { AggregatorStatus, StewardStatus } from "../../contracts/messages/status.ts";
import { RULES_BUCKET, alertsStream } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { RELEASE_BEFORE, unpackRelease } from "../support/release.ts";
import { type Service, makeService, missingFromLog, startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MAINS = {
  gateway: "gateway/main.ts",
  alerting: "gateway/alerting/main.ts",
  aggregator: "cloud/aggregator/main.ts",
  steward: "cloud/steward/main.ts",
  console: "cloud/console/main.ts",
} as const;
type Kind = keyof typeof MAINS;
const KINDS = Object.keys(MAINS) as Kind[];
const DEVICES = 4;
/** Of every device, from its first reading on. */
const RULE = { id: "here", version: 1, kind: "threshold", contract: "environment" };
const WITHIN_MS = 60_000;

const storedIn = (ledger: Ledger | null): number =>
  ledger?.rows.reduce((sum, { stored }) => sum + stored, 0) ?? 0;

test(
  "each process of today runs beside the release's, and the reverse",
  { timeout: 400_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { root } = stack.use(await unpackRelease(RELEASE_BEFORE));
    const { path: directory } = stack.use(await temporaryDirectory());
    const nats = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
    const mqttPort = String(await freePort());
    const one = { SKERRY_PARTITIONS: "1" };
    const ofHub = (user: "aggregator" | "steward" | "console") => ({
      ...{ ...one, SKERRY_REGIONS: "eu", SKERRY_NATS_URL: nats.hub.urlOf(user) },
      ...{ SKERRY_SINK: "file", SKERRY_SINK_FILE: join(directory, "sink.jsonl") },
    });
    const ofRegion = (user: "gateway" | "alerting") => ({
      ...{ ...one, SKERRY_REGION: "eu", SKERRY_NATS_URL: nats.region("eu").urlOf(user) },
    });
    const envs: Record<Kind, Record<string, string>> = {
      gateway: {
        ...ofRegion("gateway"),
        ...{ SKERRY_MQTT_PORT: mqttPort, SKERRY_ANONYMOUS: "loopback" },
        SKERRY_DATA_DIR: join(directory, "gateway"),
      },
      alerting: ofRegion("alerting"),
      aggregator: ofHub("aggregator"),
      steward: { ...ofHub("steward"), SKERRY_COPY_SCHEDULE: "* * * * * *" },
      console: {
        ...ofHub("console"),
        ...{ SKERRY_CONSOLE_PORT: "0", SKERRY_CONSOLE_OPERATOR_TOKEN: "o".repeat(32) },
        SKERRY_CONSOLE_VIEWER_TOKEN: "v".repeat(32),
      },
    };
    const running = {} as Record<Kind, Service>;
    const run = async (kind: Kind, from: string | null): Promise<void> => {
      const before = running[kind] as Service | undefined;
      if (before) expect(await before.process.stop("SIGTERM"), kind).toBe(0);
      const main = from === null ? MAINS[kind] : join(from, MAINS[kind]);
      const service = await makeService(main, envs[kind], [], WITHIN_MS);
      stack.use(service.process);
      running[kind] = service;
      await service.process.start();
    };

    const rules = await Bucket.open(await nats.hub.connect(), RULES_BUCKET);
    await rules.put(RULE.id, JSON.stringify({ ...RULE, when: "co2 > 0.0" }));
    for (const kind of KINDS) await run(kind, root);
    const devices = await startService("device-sim/main.ts", {
      ...{ SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${mqttPort}`, SKERRY_RATE: "40" },
      ...{ SKERRY_DEVICES: String(DEVICES), SKERRY_LEDGER: join(directory, "ledger.jsonl") },
    });
    stack.use(devices.process);
    const ledger = async (): Promise<Ledger | null> =>
      (await running.steward.status<StewardStatus>()).ledger;
    /** Readings go all the way, and every process has its part of it. */
    const goesOn = async (what: string): Promise<void> => {
      const storedBy = async (): Promise<number> =>
        (await running.aggregator.status<AggregatorStatus>()).readingsStored;
      const [before, counted] = [await storedBy(), storedIn(await ledger())];
      await eventually(
        `${what}: readings are stored and counted`,
        async () => {
          const { lanes } = await running.aggregator.status<AggregatorStatus>();
          expect(lanes.map(({ stoppedBy }) => stoppedBy)).toEqual(lanes.map(() => null));
          return (await storedBy()) > before + 10 && storedIn(await ledger()) > counted;
        },
        WITHIN_MS,
      );
    };
    await goesOn("all of the release");
    for (const kind of KINDS) {
      await run(kind, null);
      await goesOn(`${kind} of today`);
    }
    for (const kind of KINDS) {
      await run(kind, root);
      await goesOn(`${kind} of the release again`);
    }
    for (const kind of KINDS) await run(kind, null);
    await goesOn("all of today");

    // Nothing is lost, nothing counted twice, and each alert was raised once.
    await devices.process.stop("SIGTERM");
    const eu = await nats.region("eu").connect();
    const { acknowledged, missing } = await missingFromLog(
      join(directory, "ledger.jsonl"),
      eu,
      "eu",
    );
    expect(missing).toEqual([]);
    const row = await eventually(
      "the ledger balances",
      async () => {
        const rows =
          (await ledger())?.rows.filter(({ contract }) => contract === "environment") ?? [];
        const [all] = rows;
        // The steward may be balanced as of a moment before the last acknowledgement.
        if (!all || all.acknowledged < acknowledged) return false;
        return all.open === 0 && all.stored + all.repeats === all.acknowledged && all;
      },
      WITHIN_MS,
    );
    expect([row.refused, row.setAside, row.lost]).toEqual([0, 0, 0]);
    expect((await new Streams(eu).state(alertsStream("eu"))).messages).toBe(DEVICES);

    const status = await skerry(["upgrade", "status", "--nats", nats.hub.url]);
    expect(status.out).toMatch(/level 2 +eu +gateway/);
  },
);
