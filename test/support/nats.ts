import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type NatsConnection, connectOnce } from "../../platform/nats/client/connection.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import type { RegionPairs } from "../../platform/nats/topology/pairs.ts";
import {
  HUB_INBOX,
  HUB_USERS,
  type NatsUser,
  REGION_USERS,
} from "../../platform/nats/topology/permissions.ts";
import {
  hubConfig,
  leafPasswordVariable,
  passwordVariable,
  regionConfig,
} from "../../platform/nats/topology/server-config.ts";
import { PARTITIONS_DEFAULT } from "../../platform/nats/topology/topology.ts";
import { applyTopology } from "../../platform/nats/topology/apply-topology.ts";
import { type RejectBounds } from "../../platform/nats/topology/topology.ts";

// Not digits only: nats-server would read such a variable as a number.
export const passwordOf = (user: NatsUser | "sys" | `leaf-${string}`): string => `test-${user}`;
const LOG_BYTES_MAX = 1024 ** 3;

export interface NatsUnderTest {
  /** `nats://user:password@host:port` of a user that may do everything. */
  readonly url: string;
  /** The same with the rights of one kind of process. */
  urlOf(user: NatsUser): string;
  readonly process: ServerProcess;
  /** Its JetStream directory. */
  readonly store: string;
  /** Opens a connection that the world closes when it ends. */
  connect(user?: NatsUser): Promise<NatsConnection>;
}

/** A hub and its regions as leaf nodes, streams, mirrors and buckets applied. */
export interface NatsWorld extends AsyncDisposable {
  readonly hub: NatsUnderTest;
  /** Where regions dial in at the hub. */
  readonly leafPort: number;
  region(name: string): NatsUnderTest;
}

export interface WorldOptions extends RegionPairs {
  readonly partitions?: number;
  readonly logBytesMax?: number;
  readonly rejects?: RejectBounds;
  /** Takes a wall out of the hub's configuration: a trick has to work without it. */
  readonly hubConfiguration?: (written: string) => string;
  /** The same of every region's. */
  readonly regionConfiguration?: (written: string) => string;
  /** Another program than the `nats-server` of the PATH. */
  readonly natsServer?: string;
  /** For tests of what is not allowed. */
  readonly violationsExpected?: boolean;
  /** Puts something between the regions and the hub's leaf port; resolves to the port to dial. */
  readonly wan?: (hubLeafPort: number) => Promise<number>;
}

/**
 * Starts real nats-servers, configured as the product configures them, in temporary directories and
 * applies the topology. Returns once every region is linked to the hub.
 */
export async function startHubAndRegions(options: WorldOptions): Promise<NatsWorld> {
  const stack = new AsyncDisposableStack();
  try {
    const directory = stack.use(await temporaryDirectory());
    const { violationsExpected } = options;
    const program = options.natsServer ?? "nats-server";
    const common = { directory: directory.path, violationsExpected, program };
    const leafPort = await freePort();
    const wanPort = (await options.wan?.(leafPort)) ?? leafPort;
    const monitor = `127.0.0.1:${await freePort()}`;
    const hub = await startServer(stack, {
      name: "hub",
      ...common,
      configuration: (options.hubConfiguration ?? String)(hubConfig(options)),
      env: {
        NATS_MONITOR: monitor,
        NATS_STORE: join(directory.path, "hub"),
        NATS_LEAF_LISTEN: `127.0.0.1:${leafPort}`,
        ...Object.fromEntries(
          options.regions.map((region) => [
            leafPasswordVariable(region),
            passwordOf(`leaf-${region}`),
          ]),
        ),
      },
    });
    const regions = new Map<string, NatsUnderTest>();
    for (const region of options.regions) {
      const env = {
        NATS_MONITOR: `127.0.0.1:${await freePort()}`,
        NATS_STORE: join(directory.path, region),
        NATS_LEAF_URL: `nats-leaf://leaf-${region}:${passwordOf(`leaf-${region}`)}@127.0.0.1:${wanPort}`,
      };
      const configuration = (options.regionConfiguration ?? String)(regionConfig(options, region));
      const server = { name: region, ...common, configuration, env };
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
      leafPort,
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
  options: WorldOptions,
): Promise<void> {
  const connections: Record<string, NatsConnection> = { hub: await hub.connect() };
  for (const [name, server] of regions) connections[name] = await server.connect();
  const { partitions = PARTITIONS_DEFAULT, logBytesMax = LOG_BYTES_MAX } = options;
  await applyTopology(connections, { ...options, partitions, logBytesMax });
}

async function startServer(
  stack: AsyncDisposableStack,
  spec: {
    name: string;
    directory: string;
    configuration: string;
    env: Record<string, string>;
    violationsExpected: boolean | undefined;
    program: string;
  },
): Promise<NatsUnderTest> {
  const path = join(spec.directory, `${spec.name}.conf`);
  await writeFile(path, spec.configuration);
  const listen = `127.0.0.1:${await freePort()}`;
  const open = (reconnect: boolean, user: NatsUser = "admin"): Promise<NatsConnection> =>
    connectOnce({
      url: `nats://${user}:${passwordOf(user)}@${listen}`,
      ...(spec.name === "hub" && user !== "admin" ? { inboxPrefix: HUB_INBOX } : {}),
      reconnect,
      timeoutMs: 2_000,
    });
  const server = new ServerProcess({
    name: `nats-server ${spec.name}`,
    program: spec.program,
    args: ["-c", path],
    env: { NATS_LISTEN: listen, ...passwords(), ...spec.env },
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
  stack.defer(() => {
    if (spec.violationsExpected) return;
    // A process that lacks a right may well go on, a little slower: only the server says so.
    const violation = /^.*(Publish|Subscription) Violation.*$/m.exec(server.output);
    if (violation) throw new Error(`${spec.name}: ${violation[0]}`);
  });
  stack.use(server);
  await server.start();
  const urlOf = (user: NatsUser): string => `nats://${user}:${passwordOf(user)}@${listen}`;
  return {
    url: urlOf("admin"),
    urlOf,
    process: server,
    store: spec.env["NATS_STORE"]!,
    connect: async (user) => {
      const connection = await open(true, user);
      stack.defer(() => connection.close());
      return connection;
    },
  };
}

const passwords = (): Record<string, string> =>
  Object.fromEntries(
    [...HUB_USERS, ...REGION_USERS, "sys" as const].map((user) => [
      passwordVariable(user),
      passwordOf(user),
    ]),
  );
