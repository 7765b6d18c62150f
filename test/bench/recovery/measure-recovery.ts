// How long clusters of three take to go on when servers die, and when everything is restarted in turn, under load.
import { ClusteredPath } from "../../support/clustered-path.ts";
import { eventually } from "../../support/eventually.ts";
import type { ServerProcess } from "../../support/server-process.ts";

export interface Recovery {
  /** Which processes. */
  readonly what: string;
  /** The longest time without a PUBACK after each of them, ms. */
  readonly gapsMs: readonly number[];
  /** From each of them until InfluxDB held a reading that was published later, ms. */
  readonly storedMs: readonly number[];
}

export interface RecoveryFigures {
  readonly kills: readonly Recovery[];
  /** Of one process after the other, by SIGTERM. */
  readonly restarts: readonly Recovery[];
  readonly acknowledged: number;
  /** Acknowledged, and not in InfluxDB. */
  readonly lost: number;
  /** Alerts that were raised while nothing was wrong but this. */
  readonly alerts: readonly string[];
}

const STORED_WITHIN_MS = 120_000;

type Say = (line: string) => void;

export const PARTS = ["kills", "restarts"] as const;
export type Part = (typeof PARTS)[number];

/** @param rounds kills of each kind, and restarts of each process. */
export async function measureRecovery(
  rounds: number,
  parts: readonly Part[],
  say: Say,
): Promise<RecoveryFigures> {
  say("starting six nats-servers, InfluxDB, two gateways and every other process once");
  await using path = await ClusteredPath.start({ hub: 3, region: 3, gateways: 2, whole: true });
  const restarts = parts.includes("restarts") ? await restartAll(path, rounds, say) : [];
  const alerts = await path.fired();
  const kills = parts.includes("kills") ? await killAll(path, rounds, say) : [];
  await path.end();
  await path.level("all is stored");
  const acknowledged = path.acknowledged.length;
  return { kills, restarts, acknowledged, lost: acknowledged - (await path.stored()), alerts };
}

async function restartAll(path: ClusteredPath, rounds: number, say: Say): Promise<Recovery[]> {
  const restarts: Recovery[] = [];
  for (const [what, process] of path.inTurn) {
    const recovery = { what, gapsMs: [] as number[], storedMs: [] as number[] };
    restarts.push(recovery);
    for (let round = 0; round < rounds; round++) {
      await settled(path);
      const fromMs = performance.now();
      await process.stop("SIGTERM");
      await process.start();
      await measured(path, fromMs, recovery, say);
    }
  }
  return restarts;
}

async function killAll(path: ClusteredPath, rounds: number, say: Say): Promise<Recovery[]> {
  const kills: Recovery[] = [];
  for (const { what, victims } of KILLS) {
    const recovery = { what, gapsMs: [] as number[], storedMs: [] as number[] };
    kills.push(recovery);
    for (let round = 0; round < rounds; round++) {
      await settled(path);
      const servers = await victims(path);
      const fromMs = performance.now();
      await Promise.all(servers.map((server) => server.kill()));
      // Of two the first comes back at once; of one the others go on without it.
      if (servers.length > 1) await servers[0]!.start();
      await measured(path, fromMs, recovery, say);
      for (const server of servers) if (server.exited) await server.start();
    }
  }
  return kills;
}

const nodeOf = async (path: ClusteredPath, place: "hub" | "region", after: number) =>
  path.clusters[place].nodes[((await path.leader(place)) + after) % 3]!;

const KILLS: readonly {
  what: string;
  victims: (path: ClusteredPath) => Promise<ServerProcess[]>;
}[] = [
  { what: "region: the leader of its log", victims: async (of) => [await nodeOf(of, "region", 0)] },
  { what: "region: another server", victims: async (of) => [await nodeOf(of, "region", 1)] },
  {
    what: "region: two of three, one back at once",
    victims: async (of) => [await nodeOf(of, "region", 0), await nodeOf(of, "region", 1)],
  },
  { what: "hub: the leader of the copy", victims: async (of) => [await nodeOf(of, "hub", 0)] },
  { what: "hub: another server", victims: async (of) => [await nodeOf(of, "hub", 1)] },
  {
    what: "hub: two of three, one back at once",
    victims: async (of) => [await nodeOf(of, "hub", 0), await nodeOf(of, "hub", 1)],
  },
];

async function settled(path: ClusteredPath): Promise<void> {
  await path.current("region");
  await path.current("hub");
  await path.level("all is stored");
}

async function measured(
  path: ClusteredPath,
  fromMs: number,
  into: { what: string; gapsMs: number[]; storedMs: number[] },
  say: Say,
): Promise<void> {
  const after = Date.now() - (performance.now() - fromMs);
  await eventually("a later reading is stored", () => path.holdsAfter(after), STORED_WITHIN_MS);
  const storedMs = performance.now() - fromMs;
  await path.gapSince(fromMs);
  const gapMs = path.gapBetween(fromMs, performance.now());
  into.gapsMs.push(gapMs);
  into.storedMs.push(storedMs);
  say(
    `${into.what}: ${gapMs.toFixed(0)} ms without a PUBACK, stored again after ${storedMs.toFixed(0)} ms`,
  );
}
