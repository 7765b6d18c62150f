// One region and the cloud around it, with a WAN between them that counts and can be cut.
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { PARTITIONS_DEFAULT } from "../../../platform/nats/topology/topology.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import type { LaneStatus } from "../../../contracts/messages/status.ts";
import { telemetryStream } from "../../../contracts/names/subjects.ts";
import { SCHEMAS_DIRECTORY } from "../../../contracts/schema/catalog.ts";
import { type InfluxUnderTest, startInflux } from "../../support/influx.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type NatsWorld, startHubAndRegions } from "../../support/nats.ts";
import { type Service, makeService } from "../../support/services.ts";
import { ROOMY } from "../../../infra/local/node-flags.ts";
import { type LinkFiles, type Links, placeLinkFiles } from "../links.ts";
import { type CountedLink, startCountedLink } from "./link-ends.ts";
import type { TcpProxy } from "../../../infra/local/demo/tcp-proxy.ts";
import type { Target } from "../ingest/targets.ts";

export const REGION = "eu";
export const PARTITIONS = PARTITIONS_DEFAULT;
/** Above anything a run writes. */
const LOG_BYTES_MAX = 16 * 1024 ** 3;

/** A region linked to the hub over a WAN. */
export interface LinkedRegion {
  readonly nats: NatsWorld;
  readonly link: CountedLink;
  readonly wan: TcpProxy;
  /** Of the product, and those of this benchmark. */
  readonly schemas: string;
  readonly region: NatsConnection;
  readonly directory: string;
  /** With TLS: its certificates. */
  readonly files: LinkFiles | null;
}

export interface Site extends LinkedRegion {
  readonly influx: Pick<InfluxUnderTest, "url" | "process"> & AsyncDisposable;
}

/** InfluxDB, or a server that answers at once and keeps nothing: then the aggregator alone is measured. */
export const STORES = ["influxdb", "instant"] as const;
export type Store = (typeof STORES)[number];

export async function startSite(
  stack: AsyncDisposableStack,
  { store = "influxdb", ...of }: { store?: Store } & LinkedOptions = {},
): Promise<Site> {
  const linked = await startLinkedRegion(stack, of);
  const { files } = linked;
  const influx =
    store === "influxdb"
      ? await startInflux(files?.influxEnv, files?.influxTls)
      : await startInstantStore();
  return { ...linked, influx: stack.use(influx) };
}

async function startInstantStore(): Promise<Site["influx"]> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = new ServerProcess({
    name: "instant store",
    program: process.execPath,
    args: [join(import.meta.dirname, "../servers/instant-store.ts"), String(port)],
    env: {},
    ready: async () => (await fetch(url)).ok,
  });
  await server.start();
  return { url, process: server, [Symbol.asyncDispose]: () => server.kill() };
}

interface LinkedOptions {
  readonly partitions?: number;
  readonly compressed?: boolean;
  readonly links?: Links;
}

export async function startLinkedRegion(
  stack: AsyncDisposableStack,
  { partitions = PARTITIONS, compressed = false, links = "clear" }: LinkedOptions = {},
): Promise<LinkedRegion> {
  const directory = stack.use(await temporaryDirectory()).path;
  const schemas = join(directory, "schemas");
  await cp(SCHEMAS_DIRECTORY, schemas, { recursive: true });
  await cp(join(import.meta.dirname, "schemas"), schemas, { recursive: true });
  const files = links === "tls" ? await placeLinkFiles(stack, [REGION]) : null;
  let link: CountedLink | null = null;
  const nats = stack.use(
    await startHubAndRegions({
      regions: [REGION],
      partitions,
      logBytesMax: LOG_BYTES_MAX,
      ...(files && { tls: files.world }),
      wan: async (hubLeafPort) => {
        link = await startCountedLink(stack, hubLeafPort, compressed);
        return link.port;
      },
    }),
  );
  const region = await nats.region(REGION).connect();
  return { nats, link: link!, wan: link!.wan, schemas, region, directory, files };
}

export interface GatewayUnderLoad {
  readonly process: ServerProcess;
  /** What the load is sent to: the process as it is now. */
  target(): Target;
}

/** The gateway with load of any rate allowed; `broker` is what the load is sent to. */
export const startGateway = async (
  stack: AsyncDisposableStack,
  site: LinkedRegion,
): Promise<Target> => (await startGatewayProcess(stack, site)).target();

export async function startGatewayProcess(
  stack: AsyncDisposableStack,
  site: LinkedRegion,
  { flags = [], env = {} }: { flags?: readonly string[]; env?: Record<string, string> } = {},
): Promise<GatewayUnderLoad> {
  const port = await freePort();
  const settings = {
    SKERRY_REGION: REGION,
    SKERRY_NATS_URL: site.nats.region(REGION).urlOf("gateway"),
    SKERRY_SCHEMAS: site.schemas,
    SKERRY_MQTT_PORT: String(port),
    SKERRY_DATA_DIR: join(site.directory, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_LIMIT_PUBLISH_RATE_PER_SECOND: "1000000",
    SKERRY_LIMIT_PUBLISH_BURST: "1000000",
    SKERRY_LOG_LEVEL: "warn",
    ...site.files?.env,
    ...env,
  };
  const gateway = await makeService("gateway/main.ts", settings, flags);
  stack.use(gateway.process);
  await gateway.process.start();
  const { process } = gateway;
  const target = (): Target => {
    return { name: "gateway", port, pids: { broker: process.pid! }, credentials: [] };
  };
  return { process, target };
}

/** The alerting engine with these rules and no others. */
export async function startAlerting(
  stack: AsyncDisposableStack,
  site: LinkedRegion,
  rules: readonly Rule[],
  profileDirectory?: string,
): Promise<Service> {
  const path = join(site.directory, "rules.json");
  await writeFile(path, JSON.stringify(rules));
  const env = {
    SKERRY_REGION: REGION,
    SKERRY_NATS_URL: site.nats.region(REGION).urlOf("alerting"),
    SKERRY_SCHEMAS: site.schemas,
    SKERRY_RULES: path,
    ...site.files?.env,
    SKERRY_LOG_LEVEL: "warn",
  };
  const profile = profileDirectory ? ["--cpu-prof", "--cpu-prof-dir", profileDirectory] : [];
  const alerting = await makeService("gateway/alerting/main.ts", env, profile);
  stack.use(alerting.process);
  await alerting.process.start();
  return alerting;
}

/** Not yet started. */
export async function makeAggregator(
  stack: AsyncDisposableStack,
  site: Site,
  profileDirectory?: string,
  partitions = PARTITIONS,
): Promise<Service> {
  const profile = profileDirectory ? ["--cpu-prof", "--cpu-prof-dir", profileDirectory] : [];
  const flags = [...ROOMY, ...profile];
  const env = {
    SKERRY_NATS_URL: site.nats.hub.urlOf("aggregator"),
    SKERRY_INFLUX_URL: site.influx.url,
    ...site.files?.env,
    ...(site.files && { SKERRY_INFLUX_TLS_CA: site.files.ca }),
    SKERRY_REGIONS: REGION,
    SKERRY_PARTITIONS: String(partitions),
    SKERRY_SCHEMAS: site.schemas,
    SKERRY_LOG_LEVEL: "warn",
  };
  const aggregator = await makeService("cloud/aggregator/main.ts", env, flags);
  stack.use(aggregator.process);
  return aggregator;
}

export async function lastSeqOf(connection: NatsConnection): Promise<number> {
  const manager = await connection.jetstreamManager();
  return (await manager.streams.info(telemetryStream(REGION))).state.last_seq;
}

/** Until the hub's mirror holds what the region's log holds now. */
export async function mirrored(site: Site, withinMs = 120_000): Promise<void> {
  const last = await lastSeqOf(site.region);
  const hub = await site.nats.hub.connect();
  await eventually("the hub has it all", async () => (await lastSeqOf(hub)) >= last, withinMs);
}

/** Until an operator has passed what the region's log holds now. */
export async function passed(
  service: Service,
  site: LinkedRegion,
  withinMs = 300_000,
): Promise<void> {
  const last = await lastSeqOf(site.region);
  const probe = async (): Promise<boolean> => {
    const { lanes } = await service.status<{ lanes: readonly LaneStatus[] }>();
    return lanes.length === PARTITIONS && lanes.every(({ doneSeq }) => doneSeq >= last);
  };
  await eventually("every lane has passed the log's end", probe, withinMs);
}
