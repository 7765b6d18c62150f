// A whole small installation whose disks can be filled and whose WAN can be cut, and what its probes say meanwhile: a
// hub, region eu, InfluxDB, both ends of the link and every process.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { type InfluxUnderTest, startInflux } from "./influx.ts";
import { type NatsWorld, environmentsAt, startHubAndRegions } from "./nats.ts";
import { type Service, makeService } from "./services.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export const DISKS = ["region", "hub", "influx", "gateway"] as const;
/** Disk of the region's nats-server, the hub's, InfluxDB's, or the gateway's sessions. */
export type Disk = (typeof DISKS)[number];

export const PROBED = [
  ...["gateway", "alerting", "link-region", "simulator"],
  ...["aggregator", "steward", "notifier", "console", "link-hub"],
] as const;
export type Probed = (typeof PROBED)[number];

export const PROBES = ["livez", "readyz", "startupz"] as const;
export type ProbePath = (typeof PROBES)[number];

export interface Probe {
  readonly status: number;
  /** One sentence, empty if all is well. */
  readonly why: string;
}

type Probes = Readonly<Record<ProbePath, Probe>>;

const DISK_MIB = 64;
const PIECE_BYTES = 64 * 1024;
const PROBE_WITHIN_MS = 5_000;
const STARTS_WITHIN_MS = 90_000;
const RATE = "40";
/** Nothing is alerted of here; were it, nobody would take it. */
const CHANNEL = { name: "ops", kind: "webhook", format: "slack", url: "http://127.0.0.1:1/" };

export class ProbedInstallation implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #services: ReadonlyMap<string, Service>;
  readonly #disks: Readonly<Record<Disk, string>>;
  readonly world: NatsWorld;
  readonly influx: InfluxUnderTest;
  readonly wan: TcpProxy;

  private constructor(
    parts: Pick<ProbedInstallation, "world" | "influx" | "wan"> & {
      readonly stack: AsyncDisposableStack;
      readonly services: ReadonlyMap<string, Service>;
      readonly disks: Readonly<Record<Disk, string>>;
    },
  ) {
    this.#stack = parts.stack;
    this.#services = parts.services;
    this.#disks = parts.disks;
    this.world = parts.world;
    this.influx = parts.influx;
    this.wan = parts.wan;
  }

  /** Starts everything; a simulator sends readings from then on. Needs root, for file systems of their own. */
  static async start(): Promise<ProbedInstallation> {
    await using stack = new AsyncDisposableStack();
    const { path: directory } = stack.use(await temporaryDirectory());
    const disks = Object.fromEntries(
      DISKS.map((disk) => [disk, join(directory, disk)] as const),
    ) as Record<Disk, string>;
    for (const path of Object.values(disks)) {
      await mkdir(path);
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "skerry-test", path]);
      stack.defer(() => void execFileSync("umount", ["-l", path]));
    }
    const services = new Map<string, Service>();
    const run = async (name: Probed, main: string, env: Record<string, string>): Promise<void> => {
      const service = await makeService(main, env, [], STARTS_WITHIN_MS);
      services.set(name, service);
      stack.use(service.process);
      await service.process.start();
    };
    let wan: TcpProxy | undefined;
    const throughLink = async (leafPort: number): Promise<number> => {
      const [hubPort, wanPort, port] = [await freePort(), await freePort(), await freePort()];
      const link = (side: string, listen: number, target: number) => ({
        SKERRY_LINK_SIDE: side,
        SKERRY_LINK_LISTEN: `127.0.0.1:${listen}`,
        SKERRY_LINK_TARGET: `127.0.0.1:${target}`,
      });
      await run("link-hub", "infra/link/main.ts", link("hub", hubPort, leafPort));
      wan = stack.use(await TcpProxy.listen(wanPort, hubPort));
      await run("link-region", "infra/link/main.ts", link("region", port, wanPort));
      return port;
    };
    const world = stack.use(
      await startHubAndRegions({
        ...{ regions: ["eu"], partitions: 1, logBytesMax: 32 * 1024 ** 2, wan: throughLink },
        stores: { hub: disks.hub, eu: disks.region },
      }),
    );
    const influx = stack.use(await startInflux(influxOn(disks.influx)));
    const { hub, eu } = environmentsAt(world);
    const sink = { SKERRY_INFLUX_URL: influx.url };
    await run("aggregator", "cloud/aggregator/main.ts", { ...hub("aggregator"), ...sink });
    const channels = join(directory, "channels.json");
    await writeFile(channels, JSON.stringify([CHANNEL]));
    await run("notifier", "cloud/notifier/main.ts", {
      ...{ SKERRY_NATS_URL: world.hub.urlOf("notifier"), SKERRY_NOTIFIER_PLACE: "hub" },
      ...{ SKERRY_REGIONS: "eu", SKERRY_CHANNELS: channels, SKERRY_WEBHOOK_SECRET: "x" },
    });
    const mqtt = await freePort();
    await run("gateway", "gateway/main.ts", {
      ...{ ...eu("gateway"), SKERRY_MQTT_PORT: String(mqtt), SKERRY_DATA_DIR: disks.gateway },
      SKERRY_ANONYMOUS: "loopback",
    });
    await run("alerting", "gateway/alerting/main.ts", eu("alerting"));
    await run("steward", "cloud/steward/main.ts", {
      ...{ ...hub("steward"), ...sink, SKERRY_COPY_SCHEDULE: "*/5 * * * * *" },
    });
    await run("console", "cloud/console/main.ts", { ...hub("console"), SKERRY_CONSOLE_PORT: "0" });
    await run("simulator", "device-sim/main.ts", {
      ...{ SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${mqtt}`, SKERRY_RATE: RATE },
      ...{ SKERRY_DEVICES: "5", SKERRY_LEDGER: join(directory, "ledger") },
    });
    return new ProbedInstallation({
      ...{ world, influx, wan: wan!, services, disks },
      stack: stack.move(),
    });
  }

  /** Readings that devices saw acknowledged. */
  async acknowledged(): Promise<number> {
    const { acknowledged } = await this.#services
      .get("simulator")!
      .status<{ acknowledged: number }>();
    return acknowledged;
  }

  /** Takes all room of a disk. */
  fill(disk: Disk): void {
    const file = openSync(join(this.#disks[disk], "filler"), "w");
    try {
      for (const piece of [Buffer.alloc(PIECE_BYTES), Buffer.alloc(1)])
        while (wrote(file, piece)) continue;
    } finally {
      closeSync(file);
    }
  }

  /** Gives the room back. */
  free(disk: Disk): void {
    rmSync(join(this.#disks[disk], "filler"));
  }

  /** What a process says of itself now. */
  async probe(name: Probed): Promise<Probes> {
    const url = (path: string) => this.#services.get(name)!.url(path);
    const entries = PROBES.map(async (path) => {
      const signal = AbortSignal.timeout(PROBE_WITHIN_MS);
      const answer = await fetch(url(`/${path}`), { signal });
      const { why = "" } = (await answer.json()) as { why?: string };
      return [path, { status: answer.status, why }] as const;
    });
    return Object.fromEntries(await Promise.all(entries)) as unknown as Probes;
  }

  /** The status of HEAD, and what came behind the headers. */
  async head(name: Probed, path: ProbePath): Promise<{ status: number; body: string }> {
    const answer = await fetch(this.#services.get(name)!.url(`/${path}`), { method: "HEAD" });
    return { status: answer.status, body: await answer.text() };
  }

  /** Waits until a process is ready, or is not for this reason; it is alive and started all the while. */
  async becomes(name: Probed, why: RegExp | null, withinMs = 60_000): Promise<void> {
    const said = why === null ? "is ready" : `is not ready: ${why.source}`;
    await eventually(
      `${name} ${said}`,
      async () => {
        const { livez, readyz, startupz } = await this.probe(name);
        if (livez.status !== 200 || startupz.status !== 200)
          throw new Error(`${name} is not alive: ${livez.why}${startupz.why}`);
        const is =
          why === null ? readyz.status === 200 : readyz.status === 503 && why.test(readyz.why);
        if (!is) throw new Error(`${readyz.status} ${readyz.why}`);
        return true;
      },
      withinMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const influxOn = (path: string): Record<string, string> => ({
  INFLUXDB_META_DIR: join(path, "meta"),
  INFLUXDB_DATA_DIR: join(path, "data"),
  INFLUXDB_DATA_WAL_DIR: join(path, "wal"),
});

/** False once there is no room. */
function wrote(file: number, piece: Buffer): boolean {
  try {
    writeSync(file, piece);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
