// What idle connections hold, and what a load spread over all of them is answered in.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import {
  type GatewayUnderLoad,
  type LinkedRegion,
  startGatewayProcess,
  startLinkedRegion,
} from "../drain/site.ts";
import { Generator } from "../ingest/generator.ts";
import { type Percentiles, percentilesMs } from "../ingest/measure.ts";
import { residentKiB } from "../processes.ts";

const SERVERS = join(import.meta.dirname, "../servers");
const SETTLE_MS = 2_000;
/** Windows of connections that say something every other second. */
const WINDOW = 20;

export interface ManyConnections {
  readonly connections: number;
  /** Gateways of one region that have them, each as many as the other. */
  readonly gateways: number;
  readonly connectSeconds: number;
  /** Bytes of the heap that each one holds, after a collection. */
  readonly heapBytes: number;
  /** Resident, KiB each. */
  readonly residentKiB: number;
  readonly ratePerSecond: number;
  /** Readings acknowledged per second. */
  readonly perSecond: number;
  readonly ackMs: Percentiles;
  readonly lost: number;
}

export interface Plan {
  readonly ratePerSecond: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** @param gateways of one region, among which the connections are spread. */
export async function measureConnections(
  connections: number,
  gateways: number,
  plan: Plan,
): Promise<ManyConnections> {
  await using stack = new AsyncDisposableStack();
  const site = await startLinkedRegion(stack);
  const all: MeasuredGateway[] = [];
  for (let number = 1; number <= gateways; number++)
    all.push(await startMeasured(stack, site, number, connections));
  const targets = all.map(({ gateway }) => gateway.target());
  // A worker for each gateway: where its files do not suffice, those of one worker would not either.
  const generator = stack.use(new Generator(gateways));
  // What is compiled and cached with the first ones is not theirs.
  await generator.open(targets, Math.min(500, connections), 1);
  await generator.close();
  await sleep(SETTLE_MS);
  const before = await heldBy(all);
  const connectMs = await generator.open(targets, connections, WINDOW);
  await sleep(SETTLE_MS);
  const held = await heldBy(all);
  const { ratePerSecond, warmupSeconds, seconds } = plan;
  const load = await generator.load({
    ...{ do: "pace", ratePerSecond },
    ...{ warmupMs: warmupSeconds * 1_000, measureMs: seconds * 1_000 },
  });
  await generator.close();
  return {
    connections,
    gateways,
    connectSeconds: connectMs / 1_000,
    heapBytes: (held.heap - before.heap) / connections,
    residentKiB: (held.residentKiB - before.residentKiB) / connections,
    ratePerSecond,
    perSecond: load.perSecond,
    ackMs: percentilesMs(load.latency),
    lost: load.connectionsLost,
  };
}

interface MeasuredGateway {
  readonly gateway: GatewayUnderLoad;
  readonly heapFile: string;
}

async function startMeasured(
  stack: AsyncDisposableStack,
  site: LinkedRegion,
  number: number,
  connections: number,
): Promise<MeasuredGateway> {
  const heapFile = join(site.directory, `heap-${number}.json`);
  const gateway = await startGatewayProcess(stack, site, {
    flags: ["--expose-gc", "--import", join(SERVERS, "heap-report.ts")],
    env: {
      SKERRY_GATEWAY_ID: `gateway-${number}`,
      SKERRY_DATA_DIR: join(site.directory, `gateway-${number}`),
      BENCH_HEAP_FILE: heapFile,
      // All of them come from one address, which has at most half of what all have.
      SKERRY_LIMIT_CONNECTIONS_MAX: String(2 * connections + 1_000),
      SKERRY_LIMIT_ADDRESS_CONNECTIONS_MAX: String(connections + 500),
    },
  });
  return { gateway, heapFile };
}

/** Resident memory first: a collection would give some of it back. */
async function heldBy(
  all: readonly MeasuredGateway[],
): Promise<{ readonly heap: number; readonly residentKiB: number }> {
  let [heap, resident] = [0, 0];
  for (const { gateway } of all) resident += residentKiB(gateway.process.pid!)!;
  for (const { gateway, heapFile } of all) heap += await heapOf(gateway, heapFile);
  return { heap, residentKiB: resident };
}

async function heapOf({ process: gateway }: GatewayUnderLoad, file: string): Promise<number> {
  rmSync(file, { force: true });
  process.kill(gateway.pid!, "SIGUSR2");
  await eventually("the heap is told", () => existsSync(file));
  return (JSON.parse(readFileSync(file, "utf8")) as { heapUsed: number }).heapUsed;
}
