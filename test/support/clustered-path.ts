// The whole way of a reading over clusters: gateways, an alerting engine, an aggregator, InfluxDB, and devices that
// publish all the time and write down every PUBACK.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type MqttClient, connectAsync } from "mqtt";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { isAlertState } from "../../contracts/messages/alert.ts";
import {
  alertSubjects,
  alertsStream,
  telemetryFilter,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import { type NatsConnection, connectOnce } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { type ClusterSizes, type Clusters, type Place, REGION, startClusters } from "./clusters.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { type InfluxUnderTest, startInflux } from "./influx.ts";
import { type Service, makeService } from "./services.ts";
import type { ServerProcess } from "./server-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const DEVICE = "steady";
const CONTRACT = "machine";
const PAUSE_MS = 5;
const LEVEL_WITHIN_MS = 90_000;
const RULES = [
  {
    ...{ id: "hot", version: 1, kind: "threshold", contract: CONTRACT },
    ...{ when: "temperature > 90", clear: "temperature < 80" },
  },
];

export interface PathOptions extends ClusterSizes {
  readonly gateways?: 1 | 2;
  /** The other processes of a hub as well: steward, notifier and console. */
  readonly whole?: boolean;
}

/** One PUBACK: when the reading was published, and when it was acknowledged (`performance.now()`). */
export interface Acknowledgement {
  /** Event time, epoch ms: no two readings have the same. */
  readonly ts: number;
  readonly sentMs: number;
  readonly ackedMs: number;
}

export class ClusteredPath implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly clusters: Clusters;
  readonly influx: InfluxUnderTest;
  readonly gateways: readonly Service[];
  readonly alerting: Service;
  readonly aggregator: Service;
  /** With `whole`: steward, notifier and console. */
  readonly others: readonly Service[];
  /** To all servers of the region, as the administrator. */
  readonly region: NatsConnection;
  readonly hub: NatsConnection;
  readonly acknowledged: Acknowledgement[] = [];
  /** Topics of alerts that a subscriber was told, firing ones. */
  readonly told = new Set<string>();
  readonly #client: MqttClient;
  #isEnding = false;
  #load: Promise<void> = Promise.resolve();
  #lastTs = 0;

  private constructor(
    parts: Pick<
      ClusteredPath,
      "clusters" | "influx" | "gateways" | "alerting" | "aggregator" | "others"
    > & {
      readonly region: NatsConnection;
      readonly hub: NatsConnection;
      readonly client: MqttClient;
      readonly stack: AsyncDisposableStack;
    },
  ) {
    this.clusters = parts.clusters;
    this.influx = parts.influx;
    this.gateways = parts.gateways;
    this.alerting = parts.alerting;
    this.aggregator = parts.aggregator;
    this.others = parts.others;
    this.region = parts.region;
    this.hub = parts.hub;
    this.#client = parts.client;
    this.#stack = parts.stack;
  }

  /** Starts everything; devices publish from then on. */
  static async start(options: PathOptions): Promise<ClusteredPath> {
    await using stack = new AsyncDisposableStack();
    const clusters = stack.use(await startClusters(options));
    const influx = stack.use(await startInflux());
    const { path: directory } = stack.use(await temporaryDirectory());
    await clusters.applied();
    const connect = async (place: Place): Promise<NatsConnection> => {
      const others = place.addresses.slice(1);
      const one = { url: place.urlOf("admin"), others, reconnect: true, timeoutMs: 5_000 };
      const connection = await connectOnce(one);
      stack.defer(() => connection.close());
      return connection;
    };
    const start = async (main: string, env: Record<string, string>): Promise<Service> => {
      const service = await makeService(main, env, [], 60_000);
      stack.use(service.process);
      await service.process.start();
      return service;
    };
    const rules = join(directory, "rules.json");
    await writeFile(rules, JSON.stringify(RULES));
    const ports: number[] = [];
    const gateways: Service[] = [];
    for (let at = 0; at < (options.gateways ?? 1); at++) {
      const port = await freePort();
      ports.push(port);
      gateways.push(
        await start("gateway/main.ts", {
          ...{ SKERRY_REGION: REGION, ...clusters.region.envOf("gateway") },
          ...{ SKERRY_MQTT_PORT: String(port), SKERRY_ANONYMOUS: "loopback" },
          ...{ SKERRY_GATEWAY_ID: `gateway-${at + 1}`, SKERRY_DATA_DIR: join(directory, `${at}`) },
        }),
      );
    }
    const alerting = await start("gateway/alerting/main.ts", {
      ...{ SKERRY_REGION: REGION, SKERRY_RULES: rules, ...clusters.region.envOf("alerting") },
    });
    const aggregator = await start("cloud/aggregator/main.ts", {
      ...{ SKERRY_REGIONS: REGION, SKERRY_INFLUX_URL: influx.url },
      ...clusters.hub.envOf("aggregator"),
    });
    const others = options.whole ? await startOthers(start, clusters, influx, directory) : [];
    const client = await connectAsync({
      servers: ports.map((port) => ({ host: "127.0.0.1", port, protocol: "mqtt" as const })),
      ...{ clientId: DEVICE, protocolVersion: 5, reconnectPeriod: 100, connectTimeout: 2_000 },
    });
    client.on("error", () => undefined);
    stack.defer(() => client.endAsync(true));
    const services = { gateways, alerting, aggregator, others };
    const connections = {
      region: await connect(clusters.region),
      hub: await connect(clusters.hub),
    };
    const path = new ClusteredPath({
      ...{ clusters, influx, client, ...services, ...connections },
      stack: stack.move(),
    });
    await path.#begin();
    return path;
  }

  /** Every process in the order in which an installation is restarted (docs/guides/upgrading.md). */
  get inTurn(): readonly (readonly [what: string, process: ServerProcess])[] {
    const { region, hub } = this.clusters;
    const [steward, notifier, console_] = this.others;
    const all: [string, ServerProcess | undefined][] = [
      ...hub.nodes.map((node, at): [string, ServerProcess] => [`hub, server ${at + 1}`, node]),
      ["InfluxDB", this.influx.process],
      ["aggregator", this.aggregator.process],
      ["steward", steward?.process],
      ["notifier", notifier?.process],
      ["console", console_?.process],
      ...region.nodes.map((node, at): [string, ServerProcess] => [
        `region, server ${at + 1}`,
        node,
      ]),
      ["alerting engine", this.alerting.process],
      ...this.gateways.map(({ process }, at): [string, ServerProcess] => [
        `gateway ${at + 1}`,
        process,
      ]),
    ];
    return all.flatMap(([what, process]) => (process ? [[what, process] as const] : []));
  }

  /** Waits until everything that is acknowledged by now is in InfluxDB. */
  async level(what: string): Promise<void> {
    const wanted = this.acknowledged.length;
    await eventually(what, async () => (await this.stored()) >= wanted, LEVEL_WITHIN_MS);
  }

  /** Readings of the steady device that InfluxDB holds. */
  async stored(): Promise<number> {
    const rows = await this.influx
      .client()
      .query(`SELECT count(temperature) AS n FROM "${CONTRACT}" WHERE device = '${DEVICE}'`);
    return Number(rows[0]?.["n"] ?? 0);
  }

  /** True once InfluxDB holds a reading of the steady device with a later event time (epoch ms). */
  async holdsAfter(ms: number): Promise<boolean> {
    const after = `device = '${DEVICE}' AND time > ${Math.ceil(ms)}ms`;
    const query = `SELECT temperature FROM "${CONTRACT}" WHERE ${after} LIMIT 1`;
    return (await this.influx.client().query(query)).length > 0;
  }

  /** Waits until devices are acknowledged again; the longest time between two PUBACKs since `fromMs`. */
  async gapSince(fromMs: number, withinMs = 60_000): Promise<number> {
    const from = this.acknowledged.length;
    await eventually("PUBACKs", () => this.acknowledged.length >= from + 20, withinMs);
    return this.gapBetween(fromMs, performance.now());
  }

  /** The longest time without a PUBACK in this while. */
  gapBetween(fromMs: number, untilMs: number): number {
    const times = this.acknowledged.map(({ ackedMs }) => ackedMs);
    const within = times.filter((ms) => ms >= fromMs && ms <= untilMs);
    const edges = [fromMs, ...within];
    return edges.reduce((most, ms, at) => Math.max(most, (within[at] ?? ms) - ms), 0);
  }

  /** A reading of another device raises an alert; resolves once a subscriber is told. */
  async raise(device: string, withinMs = 60_000): Promise<void> {
    await this.#publish(device, 99);
    const told = (): boolean => [...this.told].some((topic) => topic.endsWith(`/${device}`));
    await eventually(`the alert of ${device} is told`, told, withinMs);
  }

  /** Alerts of the region and of the hub that fire or fired, by rule and key. */
  async fired(): Promise<string[]> {
    const of = async (connection: NatsConnection, domain: string): Promise<string[]> => {
      const slice = { stream: alertsStream(domain), subject: alertSubjects(domain), from: 1 };
      const fired: string[] = [];
      for await (const { data } of readStored(connection, slice)) {
        const { state, rule, key } = jsonOf<{ state?: unknown; rule: string; key: string }>(data);
        if (isAlertState(state) && state === "firing") fired.push(`${domain}: ${rule} ${key}`);
      }
      return fired;
    };
    return [...(await of(this.region, REGION)), ...(await of(this.hub, "hub"))];
  }

  /** Waits until each replica of the region's log, or of the hub's copy, is there and current. */
  async current(place: "region" | "hub"): Promise<void> {
    const whole = async (): Promise<boolean> => {
      const manager = await this[place].jetstreamManager({ timeout: 2_000 });
      const streams = await manager.streams.list().next();
      return streams.every(({ cluster }) => {
        const replicas = cluster?.replicas ?? [];
        return cluster?.leader !== undefined && replicas.every(({ current }) => current);
      });
    };
    await eventually(`every copy of the ${place} is level`, whole, LEVEL_WITHIN_MS);
  }

  /** The node (from 0) that leads the region's log, or the hub's copy of it. */
  async leader(place: "region" | "hub"): Promise<number> {
    return eventually("a leader", async () => {
      const manager = await this[place].jetstreamManager({ timeout: 2_000 });
      const { cluster } = await manager.streams.info(telemetryStream(REGION));
      return cluster?.leader === undefined ? false : Number(cluster.leader.split("-")[1]) - 1;
    });
  }

  /** Ends the load and waits for what is unanswered. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#load;
  }

  /** Readings of the steady device in the region's log, each frame counted once. */
  async inLog(): Promise<number> {
    const frames = new Set<string>();
    let count = 0;
    const slice = { stream: telemetryStream(REGION), subject: telemetryFilter(REGION), from: 1 };
    const { lastSeq } = await new Streams(this.region).state(slice.stream);
    for await (const { subject, data } of readStored(this.region, slice, lastSeq)) {
      const { header, readings } = decodeFrame(data);
      const id = `${subject} ${header.gateway} ${header.epoch} ${header.n}`;
      if (frames.has(id)) continue;
      frames.add(id);
      count += readings.filter(
        ({ device, contract }) => device === DEVICE && contract === CONTRACT,
      ).length;
    }
    return count;
  }

  async #begin(): Promise<void> {
    await this.#client.subscribeAsync("alerts/#", { qos: 1 });
    this.#client.on("message", (topic) => void this.told.add(topic));
    this.#load = (async () => {
      while (!this.#isEnding) {
        const sentMs = performance.now();
        const ts = await this.#publish(DEVICE, 20);
        this.acknowledged.push({ ts, sentMs, ackedMs: performance.now() });
        await sleep(PAUSE_MS);
      }
    })();
    this.#load.catch(() => undefined); // Told by end(), if it comes to that.
    await this.level("the first readings are stored");
  }

  async #publish(device: string, temperature: number): Promise<number> {
    const ts = Math.max(this.#lastTs + 1, Date.now());
    this.#lastTs = ts;
    const payload = JSON.stringify({ ts, temperature });
    const topic = `devices/${device}/telemetry/${CONTRACT}`;
    await this.#client.publishAsync(topic, payload, { qos: 1 });
    return ts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await this.#stack.disposeAsync();
  }
}

/** Steward, notifier and console of the hub. */
async function startOthers(
  start: (main: string, env: Record<string, string>) => Promise<Service>,
  { hub }: Clusters,
  influx: InfluxUnderTest,
  directory: string,
): Promise<Service[]> {
  const channels = join(directory, "channels.json");
  const channel = { name: "ops", kind: "webhook", format: "slack", url: "http://127.0.0.1:1/" };
  await writeFile(channels, JSON.stringify([channel]));
  const env = (user: "steward" | "notifier" | "console") => ({
    ...{ SKERRY_REGIONS: REGION, ...hub.envOf(user) },
  });
  return [
    await start("cloud/steward/main.ts", { ...env("steward"), SKERRY_INFLUX_URL: influx.url }),
    await start("cloud/notifier/main.ts", {
      ...{ ...env("notifier"), SKERRY_NOTIFIER_PLACE: "hub" },
      ...{ SKERRY_CHANNELS: channels, SKERRY_WEBHOOK_SECRET: "x" },
    }),
    await start("cloud/console/main.ts", { ...env("console"), SKERRY_CONSOLE_PORT: "0" }),
  ];
}
