// Goal: the ledger is the truth about what a device saw acknowledged, whatever happens to the
// gateway or to the simulator. Method: a stock MQTT broker stands for the gateway; it acknowledges
// late, refuses some readings, and is cut off and restarted in mid-stream; then every reading that
// was made (sequence numbers without a hole) must be in the ledger once, and have reached the peer.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { pino } from "pino";
import { afterAll, expect, test } from "vitest";
import { endingWithParent } from "../support/children.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { contentHash } from "../../contracts/messages/reading.ts";
import { parseTelemetryTopic } from "../../contracts/names/topics.ts";
import { type LedgerEntry, readLedger } from "../../device-sim/ledger.ts";
import { SIMULATOR_OPTIONS } from "../../device-sim/options.ts";
import { runSimulator } from "../../device-sim/simulator.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { loadConfig } from "../../platform/runtime/config.ts";

const MAIN = join(import.meta.dirname, "../../device-sim/main.ts");
const directory = mkdtempSync(join(tmpdir(), "skerry-device-sim-"));
afterAll(() => rmSync(directory, { recursive: true }));

interface Received {
  device: string;
  contract: string;
  dup: boolean;
  payload: Record<string, number>;
}

/** A broker on one port that can be cut off and started again, losing what it did not acknowledge. */
class Peer implements AsyncDisposable {
  readonly received: Received[] = [];
  port = 0;
  /** Readings of these devices are refused with a reason code. */
  refuses: (device: string) => boolean = () => false;
  /** So many connections are refused first, as by a gateway whose log is away. */
  connectionsRefused = 0;
  #server: Server | null = null;
  #aedes: Aedes | null = null;
  readonly #sockets = new Set<Socket>();

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({ receiveMaximum: 20 });
    this.#aedes = aedes;
    aedes.authenticate = (_client, _username, _password, callback) => {
      if (this.connectionsRefused === 0) return callback(null, true);
      this.connectionsRefused -= 1;
      callback(Object.assign(new Error("not now"), { returnCode: 3 }), null);
    };
    aedes.authorizePublish = (_client, { topic, payload, dup }, callback) => {
      const { device, contract } = parseTelemetryTopic(topic)!;
      const text = payload.toString();
      this.received.push({ device, contract, dup, payload: JSON.parse(text) as never });
      const refusal = this.refuses(device) ? new Error("refused") : null;
      // Some answers are late, so that a cut always finds readings in flight.
      setTimeout(() => callback(refusal), this.received.length % 10 === 0 ? 60 : 0);
    };
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      aedes.handle(socket);
    });
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    const closed = once(this.#server!, "close");
    this.#server!.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#aedes!.close();
  }

  async receives(count: number): Promise<void> {
    const target = this.received.length + count;
    while (this.received.length < target) await sleep(10);
  }

  /** Until nothing of a killed process is still to come. */
  async disconnected(): Promise<void> {
    while (this.#sockets.size > 0) await sleep(10);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }
}

const seriesOf = (entries: readonly LedgerEntry[]): [string, LedgerEntry[]][] => [
  ...Map.groupBy(entries, ({ device }) => device),
];

function expectEachOnce(entries: readonly LedgerEntry[]): void {
  const keys = entries.map(({ device, identity, hash }) => `${device} ${identity} ${hash}`);
  expect(new Set(keys).size).toBe(keys.length);
}

const partsOf = ({ signal }: AbortController) => ({
  ...{ logger: pino({ level: "silent" }), signal },
  ending: new AsyncDisposableStack(),
});

test("the peer is cut off three times: every reading is in the ledger once", async () => {
  await using peer = new Peer();
  await peer.start();
  const ledger = join(directory, "cut.jsonl");
  const config = loadConfig(SIMULATOR_OPTIONS, {
    SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${peer.port},us=mqtt://127.0.0.1:${peer.port}`,
    SKERRY_LEDGER: ledger,
    SKERRY_DEVICES: "10",
    SKERRY_RATE: "500",
  });
  const stop = new AbortController();
  const running = runSimulator(config, partsOf(stop));
  for (let cut = 0; cut < 3; cut++) {
    await peer.receives(300);
    await peer.cut();
    peer.connectionsRefused = 5;
    await peer.start();
  }
  await peer.receives(300);
  expect(peer.connectionsRefused).toBe(0);
  stop.abort();
  await running;

  const entries = await Array.fromAsync(readLedger(ledger));
  expectEachOnce(entries);
  const series = seriesOf(entries);
  expect(series).toHaveLength(10);
  for (const [device, acknowledged] of series) {
    if (!device.startsWith("room")) continue;
    const sequences = acknowledged.map(({ identity }) => identity).sort((a, b) => a - b);
    // Without a hole: nothing that was made stayed unacknowledged.
    expect(sequences).toEqual(sequences.map((_, at) => sequences[0]! + at));
  }
  const known = new Set(peer.received.map((r) => `${r.device} ${contentHash(r.payload)}`));
  expect(entries.filter(({ device, hash }) => !known.has(`${device} ${hash}`))).toEqual([]);
  expect(known.size).toBe(entries.length);
  expect(peer.received.some(({ dup }) => dup)).toBe(true);
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  for (const { contract, payload } of peer.received)
    expect(catalog.get(contract, 1)!.validate(payload)).toBe(true);
});

test("a refused reading is not in the ledger, and its device goes on", async () => {
  await using peer = new Peer();
  await peer.start();
  peer.refuses = (device) => device === "room-eu-01";
  const ledger = join(directory, "refused.jsonl");
  const config = loadConfig(SIMULATOR_OPTIONS, {
    SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${peer.port}`,
    SKERRY_LEDGER: ledger,
    SKERRY_DEVICES: "2",
    SKERRY_RATE: "200",
  });
  const stop = new AbortController();
  const running = runSimulator(config, partsOf(stop));
  await peer.receives(200);
  stop.abort();
  await running;

  expect(seriesOf(await Array.fromAsync(readLedger(ledger))).map(([device]) => device)).toEqual([
    "room-eu-02",
  ]);
  // Refused is answered: nothing is sent again.
  const refused = peer.received.filter(({ device }) => device === "room-eu-01");
  expect(refused.length).toBeGreaterThan(50);
  expect(new Set(refused.map(({ payload }) => payload.seq)).size).toBe(refused.length);
});

test("the simulator is killed and started again: sequences rise, SIGTERM drains and exits 0", async () => {
  await using peer = new Peer();
  await peer.start();
  const ledger = join(directory, "killed.jsonl");
  const sizes = ["--devices", "4", "--rate", "200"];
  const start = (): ChildProcess =>
    spawn(...endingWithParent(process.execPath, [MAIN, ...sizes, "--ledger", ledger]), {
      env: { ...process.env, SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${peer.port}` },
      stdio: "ignore",
    });
  const killed = start();
  await peer.receives(200);
  killed.kill("SIGKILL");
  await once(killed, "exit");
  await peer.disconnected();
  const before = peer.received.length;
  const stopped = start();
  await peer.receives(200);
  stopped.kill("SIGTERM");
  expect(await once(stopped, "exit")).toEqual([0, null]);

  for (const device of ["room-eu-01", "room-eu-02", "room-eu-03", "room-eu-04"]) {
    const sequences = (from: number, to?: number): number[] =>
      peer.received.slice(from, to).flatMap((r) => (r.device === device ? [r.payload.seq!] : []));
    expect(Math.min(...sequences(before))).toBeGreaterThan(Math.max(...sequences(0, before)));
  }
  const entries = await Array.fromAsync(readLedger(ledger));
  expectEachOnce(entries);
  const acknowledged = new Set(entries.map(({ device, identity }) => `${device} ${identity}`));
  // The second process said goodbye properly: all it sent is in the ledger.
  const missing = peer.received
    .slice(before)
    .filter(({ device, payload }) => !acknowledged.has(`${device} ${payload.seq}`));
  expect(missing).toEqual([]);
});
