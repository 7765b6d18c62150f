// What the console costs while many pages are open: its own process, a page in a browser, and the devices'
// acknowledgements. By turns: no page, all pages as the console sees them, and one of them in a browser as well, which
// has these cores to itself nowhere but here.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { connectAsync } from "mqtt";
import type { Page } from "playwright-core";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { type Installation, startInstallation } from "../../browser/support/installation.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { median } from "../ingest/report.ts";
import { cpuSeconds, residentKiB } from "../processes.ts";
import { type Percentiles, percentilesOf } from "./percentiles.ts";
import type { Streams } from "./streams-worker.ts";

export interface ConsoleLoad {
  readonly devices: number;
  readonly ratePerSecond: number;
  readonly pages: number;
  readonly rounds: number;
  readonly seconds: number;
}

/** Medians of the rounds. */
export interface ConsoleCost {
  readonly load: ConsoleLoad;
  readonly residentMiB: Phases<number>;
  /** Shares of one core. */
  readonly consoleCores: Phases<number>;
  readonly pageCores: number;
  /** Acknowledgements of a device at 50 publishes a second. */
  readonly acknowledgedMs: Phases<Percentiles>;
}

/** Without a page, with all of them, and with one of them in a browser on the same cores. */
export interface Phases<T> {
  readonly idle: T;
  readonly open: T;
  readonly browser: T;
}

interface Round {
  readonly consoleCores: number;
  readonly residentMiB: number;
  readonly pageCores: number | null;
  readonly acknowledgedMs: readonly number[];
}

const PROBE_EVERY_MS = 20;
const SETTLE_MS = 15_000;
/** Devices that a page follows beside what every page hears. */
const FOLLOWED = 10;
const PORTS = 40;

export async function measureConsole(
  load: ConsoleLoad,
  say: (line: string) => void,
): Promise<ConsoleCost> {
  const port = await freePort();
  const portBase = port + PORTS < 65_000 ? port : port - 2 * PORTS;
  const sizes = { devices: load.devices, rate: load.ratePerSecond };
  await using installation = await startInstallation(portBase, sizes);
  say(`${load.devices} devices connect`);
  const connected = async (): Promise<boolean> => {
    const status = await fetch(installation.addresses.status["simulator"]!);
    const { regions } = (await status.json()) as {
      regions: Record<string, { connected: number }>;
    };
    const all = Object.values(regions).reduce((sum, one) => sum + one.connected, 0);
    return all >= load.devices;
  };
  await eventually("all devices are connected", connected, 180_000);
  await using probe = await openProbe(installation);
  const pids = JSON.parse(readFileSync(join(installation.dataDir, "pids.json"), "utf8")) as Record<
    string,
    number
  >;
  const of = { pid: pids["console"]!, probe, seconds: load.seconds };
  await sleep(SETTLE_MS);
  const rounds: Phases<Round[]> = { idle: [], open: [], browser: [] };
  for (let round = 1; round <= load.rounds; round++) {
    say(`round ${round}: no page`);
    rounds.idle.push(await measureRound({ ...of, page: null }));
    say(`round ${round}: ${load.pages} pages`);
    await using _streams = await openStreams(installation, load.pages);
    await sleep(SETTLE_MS / 3);
    rounds.open.push(await measureRound({ ...of, page: null }));
    say(`round ${round}: ${load.pages} pages, and one in a browser`);
    await using watched = await installation.open("/");
    await sleep(SETTLE_MS / 3);
    rounds.browser.push(await measureRound({ ...of, page: watched.page }));
  }
  const each = <T>(of: (rounds: readonly Round[]) => T): Phases<T> => ({
    idle: of(rounds.idle),
    open: of(rounds.open),
    browser: of(rounds.browser),
  });
  return {
    load,
    residentMiB: each((of) => median(of.map(({ residentMiB }) => residentMiB))),
    consoleCores: each((of) => median(of.map(({ consoleCores }) => consoleCores))),
    pageCores: median(rounds.browser.map(({ pageCores }) => pageCores ?? 0)),
    acknowledgedMs: each((of) => percentilesOf(of.flatMap(({ acknowledgedMs }) => acknowledgedMs))),
  };
}

interface Probe extends AsyncDisposable {
  /** Publishes at its pace; resolves to the time of each acknowledgement. */
  run(seconds: number): Promise<number[]>;
}

async function openProbe(installation: Installation): Promise<Probe> {
  const id = "bench-probe";
  const { secret } = await installation.api<{ secret: string }>("POST", "/devices", { id });
  const url = installation.addresses.mqtt.eu;
  const client = await connectAsync(url, { clientId: id, username: id, password: secret });
  let seq = 0;
  const run = async (seconds: number): Promise<number[]> => {
    const times: number[] = [];
    const pending: Promise<void>[] = [];
    const startMs = performance.now();
    for (let dueMs = startMs; dueMs < startMs + seconds * 1_000; dueMs += PROBE_EVERY_MS) {
      await sleep(Math.max(0, dueMs - performance.now()));
      const payload = { ts: Date.now(), seq: seq++, temperature: 20, humidity: 40, light: 1 };
      const reading = JSON.stringify({ ...payload, co2: 400, occupancy: 0 });
      const topic = `devices/${id}/telemetry/environment`;
      const published = client.publishAsync(topic, reading, { qos: 1 });
      pending.push(published.then(() => void times.push(performance.now() - dueMs)));
    }
    await Promise.all(pending);
    return times;
  };
  return { run, [Symbol.asyncDispose]: () => client.endAsync() };
}

/** The event streams of pages; every second one is a page of devices. */
async function openStreams(installation: Installation, count: number): Promise<AsyncDisposable> {
  const { url, operatorToken } = installation.addresses.console;
  const { devices } = await installation.api<{ devices: { id: string }[] }>(
    "GET",
    "/devices?limit=500",
  );
  const urls = Array.from({ length: count }, (_, at) => {
    const from = (at * FOLLOWED) % Math.max(1, devices.length - FOLLOWED);
    const ids = devices.slice(from, from + FOLLOWED).map(({ id }) => encodeURIComponent(id));
    return `${url}api/v1/stream${at % 2 === 0 ? `?devices=${ids.join(",")}` : ""}`;
  });
  const workerData: Streams = { urls, token: operatorToken };
  const streams = new Worker(join(import.meta.dirname, "streams-worker.ts"), { workerData });
  await once(streams, "message");
  return { [Symbol.asyncDispose]: async () => void (await streams.terminate()) };
}

async function measureRound(of: {
  pid: number;
  probe: Probe;
  seconds: number;
  page: Page | null;
}): Promise<Round> {
  const session = of.page ? await of.page.context().newCDPSession(of.page) : null;
  await session?.send("Performance.enable");
  const busySeconds = async (): Promise<number> => {
    const metrics = (await session?.send("Performance.getMetrics"))?.metrics ?? [];
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
  };
  const before = { ms: performance.now(), cpu: cpuSeconds(of.pid)!, busy: await busySeconds() };
  const acknowledgedMs = await of.probe.run(of.seconds);
  const seconds = (performance.now() - before.ms) / 1_000;
  return {
    acknowledgedMs,
    consoleCores: (cpuSeconds(of.pid)! - before.cpu) / seconds,
    residentMiB: residentKiB(of.pid)! / 1_024,
    pageCores: session ? ((await busySeconds()) - before.busy) / seconds : null,
  };
}
