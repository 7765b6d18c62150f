import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type NatsConnection, connectOnce } from "../../platform/nats/client/connection.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import type { NatsTls } from "../../platform/nats/client/access.ts";
import type { ServerExtras, Verified } from "../../platform/nats/topology/tls-config.ts";
import type { RegionPairs } from "../../platform/nats/topology/pairs.ts";
import {
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
  /** With `passwordFiles`: its variables, each `NAME: "value"` on a line of its own. */
  readonly variables: string;
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
  /** TLS on every link; the files are the test's to renew. */
  readonly tls?: WorldTls;
  /** Passwords are in a file that each server reads anew when it is told to (SIGHUP). */
  readonly passwordFiles?: boolean;
  /** Where servers keep their streams, by their names, if not in a temporary directory. */
  readonly stores?: Readonly<Record<string, string>>;
  /** Puts something between the regions and the hub's leaf port; resolves to the port to dial. */
  readonly wan?: (hubLeafPort: number) => Promise<number>;
}

export interface WorldTls {
  readonly verified: Verified;
  /** `{server}.pem` and `.key` of each server, `leaf-{region}.pem`, `client.pem`, and `ca.pem` with the authorities. */
  readonly directory: string;
}

const tlsEnv = ({ directory }: WorldTls, server: string): Record<string, string> => ({
  NATS_TLS_CERTIFICATE: join(directory, `${server}.pem`),
  NATS_TLS_KEY: join(directory, `${server}.key`),
  NATS_TLS_CA: join(directory, "ca.pem"),
  NATS_LEAF_CERTIFICATE: join(directory, `leaf-${server}.pem`),
  NATS_LEAF_KEY: join(directory, `leaf-${server}.key`),
});

/** The files of a process of ours. */
export const clientTlsOf = ({ directory, verified }: WorldTls): NatsTls => ({
  ca: join(directory, "ca.pem"),
  minVersion: "TLSv1.2",
  ...(verified === "all"
    ? { certificate: join(directory, "client.pem"), key: join(directory, "client.key") }
    : {}),
});

/**
 * Starts real nats-servers, configured as the product configures them, in temporary directories and
 * applies the topology. Returns once every region is linked to the hub.
 */
export async function startHubAndRegions(options: WorldOptions): Promise<NatsWorld> {
  const stack = new AsyncDisposableStack();
  try {
    const directory = stack.use(await temporaryDirectory());
    const { violationsExpected, tls } = options;
    const included = options.passwordFiles === true;
    const program = options.natsServer ?? "nats-server";
    const common = { directory: directory.path, violationsExpected, tls, included, program };
    const extrasOf = (server: string): ServerExtras => ({
      ...(tls ? { tls: { verified: tls.verified } } : {}),
      ...(included ? { include: variablesFile(server) } : {}),
    });
    const leafPort = await freePort();
    const wanPort = (await options.wan?.(leafPort)) ?? leafPort;
    const monitor = `127.0.0.1:${await freePort()}`;
    const hub = await startServer(stack, {
      name: "hub",
      ...common,
      configuration: (options.hubConfiguration ?? String)(hubConfig(options, extrasOf("hub"))),
      env: {
        NATS_MONITOR: monitor,
        NATS_STORE: options.stores?.["hub"] ?? join(directory.path, "hub"),
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
        NATS_STORE: options.stores?.[region] ?? join(directory.path, region),
        NATS_LEAF_URL: `${tls ? "tls" : "nats-leaf"}://leaf-${region}:${passwordOf(`leaf-${region}`)}@127.0.0.1:${wanPort}`,
      };
      const written = regionConfig(options, region, extrasOf(region));
      const configuration = (options.regionConfiguration ?? String)(written);
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
    tls: WorldTls | undefined;
    included: boolean;
    program: string;
  },
): Promise<NatsUnderTest> {
  const path = join(spec.directory, `${spec.name}.conf`);
  await writeFile(path, spec.configuration);
  const variables = join(spec.directory, variablesFile(spec.name));
  const all = { ...passwords(), ...spec.env };
  // A variable that a configuration has and does not use is an error.
  const isInFile = ([name]: [string, string]): boolean =>
    spec.included && /_PASSWORD$|_LEAF_URL$/.test(name) && spec.configuration.includes(`$${name}`);
  const inFile = Object.entries(all).filter(isInFile);
  if (spec.included)
    await writeFile(variables, inFile.map(([name, text]) => `${name}: "${text}"\n`).join(""));
  const env = Object.fromEntries(Object.entries(all).filter((one) => !isInFile(one)));
  const listen = `127.0.0.1:${await freePort()}`;
  const { tls } = spec;
  const scheme = tls ? "tls" : "nats";
  const urlOf = (user: NatsUser): string => `${scheme}://${user}:${passwordOf(user)}@${listen}`;
  const open = (reconnect: boolean, user: NatsUser = "admin"): Promise<NatsConnection> =>
    connectOnce({
      url: urlOf(user),
      ...(tls && { tls: clientTlsOf(tls) }),
      reconnect,
      timeoutMs: 2_000,
    });
  const server = new ServerProcess({
    name: `nats-server ${spec.name}`,
    program: spec.program,
    args: ["-c", path],
    env: { NATS_LISTEN: listen, ...env, ...(tls && tlsEnv(tls, spec.name)) },
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
  return {
    url: urlOf("admin"),
    urlOf,
    process: server,
    variables,
    store: spec.env["NATS_STORE"]!,
    connect: async (user) => {
      const connection = await open(true, user);
      stack.defer(() => connection.close());
      return connection;
    },
  };
}

const variablesFile = (server: string): string => `${server}-variables.conf`;

/** The variables with the passwords of all users, for the servers of a test. */
export const passwords = (): Record<string, string> =>
  Object.fromEntries(
    [...HUB_USERS, ...REGION_USERS, "sys" as const].map((user) => [
      passwordVariable(user),
      passwordOf(user),
    ]),
  );

/** The environments of processes at the hub and in its one region, `eu`, whose log has one lane; by NATS user. */
export const environmentsAt = (world: Pick<NatsWorld, "hub" | "region">) => ({
  hub: (user: NatsUser) => ({
    SKERRY_NATS_URL: world.hub.urlOf(user),
    SKERRY_REGIONS: "eu",
    SKERRY_PARTITIONS: "1",
  }),
  eu: (user: NatsUser) => ({
    SKERRY_NATS_URL: world.region("eu").urlOf(user),
    SKERRY_REGION: "eu",
    SKERRY_PARTITIONS: "1",
  }),
});
