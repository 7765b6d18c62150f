// What idle connections hold, and what a load spread over all of them is answered in.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import { type GatewayUnderLoad, startGatewayProcess, startLinkedRegion } from "../drain/site.ts";
import { Generator } from "../ingest/generator.ts";
import { type Percentiles, percentilesMs } from "../ingest/measure.ts";
import { residentKiB } from "../processes.ts";

const SERVERS = join(import.meta.dirname, "../servers");
const SETTLE_MS = 2_000;
/** Windows of connections that say something every other second. */
const WINDOW = 20;

export interface ManyConnections {
  readonly connections: number;
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

export async function measureConnections(
  connections: number,
  plan: Plan,
): Promise<ManyConnections> {
  await using stack = new AsyncDisposableStack();
  const site = await startLinkedRegion(stack);
  const heapFile = join(site.directory, "heap.json");
  const gateway = await startGatewayProcess(stack, site, {
    flags: ["--expose-gc", "--import", join(SERVERS, "heap-report.ts")],
    env: {
      BENCH_HEAP_FILE: heapFile,
      // All of them come from one address, which has at most half of what all have.
      SKERRY_LIMIT_CONNECTIONS_MAX: String(2 * connections + 1_000),
      SKERRY_LIMIT_ADDRESS_CONNECTIONS_MAX: String(connections + 500),
    },
  });
  const pid = gateway.process.pid!;
  const target = gateway.target();
  const generator = stack.use(new Generator(1));
  // What is compiled and cached with the first ones is not theirs.
  await generator.open(target, Math.min(500, connections), 1);
  await generator.close();
  await sleep(SETTLE_MS);
  const [heapBefore, residentBefore] = [await heapOf(gateway, heapFile), residentKiB(pid)!];
  const connectMs = await generator.open(target, connections, WINDOW);
  await sleep(SETTLE_MS);
  const resident = residentKiB(pid)!;
  const heap = await heapOf(gateway, heapFile);
  const { ratePerSecond, warmupSeconds, seconds } = plan;
  const load = await generator.load({
    ...{ do: "pace", ratePerSecond },
    ...{ warmupMs: warmupSeconds * 1_000, measureMs: seconds * 1_000 },
  });
  await generator.close();
  return {
    connections,
    connectSeconds: connectMs / 1_000,
    heapBytes: (heap - heapBefore) / connections,
    residentKiB: (resident - residentBefore) / connections,
    ratePerSecond,
    perSecond: load.perSecond,
    ackMs: percentilesMs(load.latency),
    lost: load.connectionsLost,
  };
}

async function heapOf({ process: gateway }: GatewayUnderLoad, file: string): Promise<number> {
  rmSync(file, { force: true });
  process.kill(gateway.pid!, "SIGUSR2");
  await eventually("the heap is told", () => existsSync(file));
  return (JSON.parse(readFileSync(file, "utf8")) as { heapUsed: number }).heapUsed;
}
