import { join } from "node:path";
import { type NatsConnection, connect } from "nats";
import { ServerProcess, eventually, freePort, temporaryDirectory } from "./nats-influx-process.ts";
import { applyTopology } from "../../infra/nats/topology.ts";

const CONFIGURATIONS = join(import.meta.dirname, "../../infra/nats");
// Not digits only: nats-server would read such a variable as a number.
const PASSWORD = "test-password";
const LEAF_PASSWORD = "test-leaf-password";
const LOG_BYTES_MAX = 1024 ** 3;

export interface NatsUnderTest {
  /** `nats://user:password@host:port`. */
  readonly url: string;
  readonly process: ServerProcess;
  /** Opens a connection that the world closes when it ends. */
  connect(): Promise<NatsConnection>;
}

/** A hub and its regions as leaf nodes, streams, mirrors and buckets applied. */
export interface NatsWorld extends AsyncDisposable {
  readonly hub: NatsUnderTest;
  region(name: string): NatsUnderTest;
}

/**
 * Starts real nats-servers from `infra/nats/*.conf` in temporary directories and applies the
 * topology. Returns once every region is linked to the hub.
 * @param options.regions names that `hub.conf` knows as leaf users: `eu`, `us`.
 */
export async function startHubAndRegions(options: {
  regions: readonly string[];
  partitions?: number;
  logBytesMax?: number;
  /** Puts something between the regions and the hub's leaf port; resolves to the port to dial. */
  wan?: (hubLeafPort: number) => Promise<number>;
}): Promise<NatsWorld> {
  const stack = new AsyncDisposableStack();
  try {
    const directory = stack.use(await temporaryDirectory());
    const leafPort = await freePort();
    const wanPort = (await options.wan?.(leafPort)) ?? leafPort;
    const monitor = `127.0.0.1:${await freePort()}`;
    const hub = await startServer(stack, {
      name: "hub",
      configuration: "hub.conf",
      env: {
        NATS_MONITOR: monitor,
        NATS_STORE: join(directory.path, "hub"),
        NATS_LEAF_LISTEN: `127.0.0.1:${leafPort}`,
        NATS_LEAF_PASSWORD: LEAF_PASSWORD,
      },
    });
    const regions = new Map<string, NatsUnderTest>();
    for (const region of options.regions) {
      const env = {
        NATS_REGION: region,
        NATS_MONITOR: `127.0.0.1:${await freePort()}`,
        NATS_STORE: join(directory.path, region),
        NATS_LEAF_URL: `nats-leaf://leaf-${region}:${LEAF_PASSWORD}@127.0.0.1:${wanPort}`,
      };
      const server = { name: region, configuration: "region.conf", env };
      regions.set(region, await startServer(stack, server));
    }
    await eventually("every region is linked to the hub", async () => {
      const answer = (await (await fetch(`http://${monitor}/leafz`)).json()) as {
        leafnodes: number;
      };
      return answer.leafnodes === options.regions.length;
    });
    await applyWorld(hub, regions, options);
    return {
      hub,
      region: (name) => {
        const found = regions.get(name);
        if (!found) throw new Error(`no region ${name} in this world`);
        return found;
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function applyWorld(
  hub: NatsUnderTest,
  regions: ReadonlyMap<string, NatsUnderTest>,
  options: { regions: readonly string[]; partitions?: number; logBytesMax?: number },
): Promise<void> {
  const connections: Record<string, NatsConnection> = { hub: await hub.connect() };
  for (const [name, server] of regions) connections[name] = await server.connect();
  const { regions: names, partitions = 4, logBytesMax = LOG_BYTES_MAX } = options;
  await applyTopology(connections, { regions: names, partitions, logBytesMax });
}

async function startServer(
  stack: AsyncDisposableStack,
  spec: { name: string; configuration: string; env: Record<string, string> },
): Promise<NatsUnderTest> {
  const listen = `127.0.0.1:${await freePort()}`;
  const open = (reconnect: boolean): Promise<NatsConnection> =>
    connect({
      servers: listen,
      user: "skerry",
      pass: PASSWORD,
      reconnect,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      timeout: 2_000,
    });
  const server = new ServerProcess({
    name: `nats-server ${spec.name}`,
    program: "nats-server",
    args: ["-c", join(CONFIGURATIONS, spec.configuration)],
    env: { NATS_LISTEN: listen, NATS_PASSWORD: PASSWORD, ...spec.env },
    ready: async () => {
      const connection = await open(false);
      try {
        await connection.jetstreamManager();
        return true;
      } finally {
        await connection.close();
      }
    },
  });
  stack.use(server);
  await server.start();
  return {
    url: `nats://skerry:${PASSWORD}@${listen}`,
    process: server,
    connect: async () => {
      const connection = await open(true);
      stack.defer(() => connection.close());
      return connection;
    },
  };
}
