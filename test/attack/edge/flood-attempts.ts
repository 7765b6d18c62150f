// Floods of one device over HTTP, while others send readings, are told alerts and obey commands.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { eventually } from "../../support/eventually.ts";
import { publishPacket } from "../../support/mqtt-client.ts";
import type { Attempt } from "../attempt.ts";
import type { EdgeArena } from "./arena.ts";
import type { Flood } from "./flooder.ts";
import { basic } from "./http-ask.ts";

/**
 * An acknowledgement of somebody else takes no longer, for 99 of 100, but for the share of its time that the gateway waited
 * for a processor which other programs had.
 */
const ACKNOWLEDGED_WITHIN_MS = 200;
const HEARD_WITHIN_MS = 2_000;
/** The gateway takes no more memory than that for the sake of one device. */
const MEMORY_MIB_MAX = 250;
const FLOOD_MS = 3_000;
const EVERY_MS = 25;
const LOOK_EVERY_MS = 50;

const V1 = (id: string): string => `/v1/devices/${id}/telemetry/measurement`;
type Sent = Omit<Flood, "port" | "path" | "headers"> & {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Floods of one control are shown to do harm by the last of them: some are the more harm where bounds are, some where none is. */
  readonly control?: string;
};

const FLOODS: Readonly<Record<string, Sent>> = {
  "bodies of two million lines": {
    ...{ body: "lines", parallel: 4, headers: { "content-type": "application/x-ndjson" } },
  },
  "arrays of two million numbers": { body: "array", parallel: 4 },
  "two million lines of line protocol": { body: "lines", parallel: 4, path: "/write" },
  "bodies of 4 MiB that never end": { body: "slow", parallel: 150, isHeld: true },
  "compressed bodies of 64 MiB": {
    ...{ body: "bomb", parallel: 16, headers: { "content-encoding": "gzip" } },
  },
  "requests of 10,000 readings": { body: "good", parallel: 16, control: "readings" },
  "requests of 90,000 readings": { body: "most", parallel: 16, control: "readings" },
  "requests of 10,000 readings that are refused": {
    ...{ body: "refused", parallel: 16, control: "refused readings" },
  },
  "requests of 70,000 readings that are refused": {
    ...{ body: "mostRefused", parallel: 16, control: "refused readings" },
  },
  "requests with a new Idempotency-Key each": { body: "one", parallel: 512, isKeyed: true },
  "readings of 255 KiB of brackets": { body: "deep", parallel: 16 },
};

/** It is a harm only if it is seen so often: what else a machine does is never for its good. */
const SEEN_TIMES = 3;

/** MiB that a process has in memory. */
const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

/** Time that the main thread of a process has had a processor, and waited for one, in ns. */
const scheduled = (pid: number): readonly [had: number, waited: number] => {
  const [had = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8")
    .split(" ")
    .map(Number);
  return [had, waited];
};

/** The time that 99 of 100 acknowledgements of another device take, over some time. */
async function acknowledged(arena: EdgeArena, forMs: number): Promise<number> {
  using client = await arena.as("boiler", 5);
  const sentMs = new Map<number, number>();
  const tookMs: number[] = [];
  const untilMs = performance.now() + forMs;
  let taken = 0;
  let messageId = 0;
  const take = (): void => {
    for (; taken < client.packets.length; taken++) {
      const packet = client.packets[taken]!;
      if (packet.cmd !== "puback") continue;
      tookMs.push(performance.now() - sentMs.get(packet.messageId!)!);
    }
  };
  while (performance.now() < untilMs) {
    sentMs.set(++messageId, performance.now());
    client.send(
      publishPacket({
        ...{ topic: "devices/boiler/telemetry/measurement", messageId },
        payload: JSON.stringify({ ts: Date.now(), value: 1 }),
      }),
    );
    const nextMs = performance.now() + EVERY_MS;
    while (performance.now() < nextMs) {
      await sleep(2);
      take();
    }
  }
  // Those that are still to come have taken so long already.
  for (const sent of [...sentMs.values()].slice(tookMs.length))
    tookMs.push(performance.now() - sent);
  return tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length * 0.99)] ?? Infinity;
}

async function flooded(arena: EdgeArena, sent: Sent): Promise<string | null> {
  const id = `flooder-${arena.next()}`;
  const secret = await arena.put(id);
  await eventually("the gateway knows it", async () => {
    (await arena.as(id, 5)).socket.destroy();
    return true;
  });
  const { pid } = arena.services["closed"]!.process;
  const beforeMiB = memoryOf(pid!);
  const headers = { "content-type": "application/json", ...basic(id, secret), ...sent.headers };
  const flood: Flood = { path: V1(id), ...sent, port: arena.ports.closedHttp, headers };
  const worker = new Worker(new URL("./flooder.ts", import.meta.url), { workerData: flood });
  let largestMiB = beforeMiB;
  const looking = setInterval(() => {
    largestMiB = Math.max(largestMiB, memoryOf(pid!));
  }, LOOK_EVERY_MS);
  const stopped = new Promise((resolve) => worker.once("exit", resolve));
  try {
    const heard = arena.heardWithin(HEARD_WITHIN_MS, FLOOD_MS / 3);
    const [hadBefore, waitedBefore] = scheduled(pid!);
    const measuredMs = await acknowledged(arena, FLOOD_MS);
    const [had, waited] = scheduled(pid!);
    const share = (had - hadBefore) / (had - hadBefore + waited - waitedBefore || 1);
    const tookMs = measuredMs * share;
    const grownMiB = largestMiB - beforeMiB;
    const late = await heard;
    if (late !== null) return late;
    if (tookMs > ACKNOWLEDGED_WITHIN_MS)
      return `acknowledgements of another device took ${Math.round(tookMs)} ms, with the share of a processor that it had (${share.toFixed(2)}): ${Math.round(measuredMs)} ms`;
    return grownMiB > MEMORY_MIB_MAX ? `the gateway took ${Math.round(grownMiB)} MiB` : null;
  } finally {
    clearInterval(looking);
    await worker.terminate();
    await stopped;
    await eventually("the gateway is itself again", () => arena.isAtWork(), 90_000);
  }
}

export const FLOOD_ATTEMPTS: readonly Attempt<EdgeArena>[] = Object.entries(FLOODS).map(
  ([what, sent]) => ({
    ...{ wall: "http-bounds", role: "a registered device that floods" },
    id: `http-flood/${what}`,
    tries: "keep others from being served",
    trick: `${what}, ${sent.parallel} at once, over HTTP`,
    harms: "acknowledgements, alerts and commands of all other devices",
    control: `http flood ${sent.control ?? what}`,
    comparesState: false,
    run: async (arena) => {
      let harm: string | null = null;
      for (let seen = 0; seen < (arena.isBounded ? SEEN_TIMES : 1); seen++)
        if ((harm = await flooded(arena, sent)) === null) return null;
      return harm;
    },
  }),
);
