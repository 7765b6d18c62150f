// A hub and a region, each one nats-server or a cluster of three, configured as the product prints it.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import type { NatsUser } from "../../platform/nats/topology/permissions.ts";
import {
  hubConfig,
  leafPasswordVariable,
  regionConfig,
} from "../../platform/nats/topology/server-config.ts";
import { freePort } from "./free-port.ts";
import { passwordOf, passwords } from "./nats.ts";
import { ServerProcess } from "./server-process.ts";
import { skerry } from "./skerry.ts";
import { eventually } from "./eventually.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export const REGION = "eu";
const ROUTE_PASSWORD = "route-of-the-test";

export interface Place {
  readonly nodes: readonly ServerProcess[];
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  urlOf(user: NatsUser, node?: number): string;
  /** The options of a process that is a user there and knows all servers. */
  envOf(user: NatsUser): Record<string, string>;
}

export interface Clusters extends AsyncDisposable {
  readonly hub: Place;
  readonly region: Place;
  /** `skerry topology apply`, once. */
  apply(...more: string[]): Promise<{ code: number | null; out: string }>;
  /** The same until it has succeeded: a leader has to be found first. */
  applied(): Promise<void>;
}

export interface ClusterSizes {
  readonly hub: 1 | 3;
  readonly region: 1 | 3;
  /** Of the servers. */
  readonly program?: string;
}

/** Starts them; no topology is applied yet. */
export async function startClusters(sizes: ClusterSizes): Promise<Clusters> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const leaves = await addressesOf(sizes.hub);
  const pairs = { regions: [REGION] };
  const leafUrl = (leaf: string): string =>
    `nats-leaf://leaf-${REGION}:${passwordOf(`leaf-${REGION}`)}@${leaf}`;
  const start = async (
    name: string,
    size: 1 | 3,
    configuration: string,
    env: (node: number) => Record<string, string>,
  ): Promise<Place> => {
    const place = await makePlace({ name, size, configuration, env, directory, ...sizes });
    for (const node of place.nodes) stack.use(node);
    await Promise.all(place.nodes.map((node) => node.start()));
    return place;
  };
  const hubCluster = sizes.hub === 1 ? {} : { cluster: sizes.hub };
  const hub = await start("hub", sizes.hub, hubConfig(pairs, hubCluster), (node) => ({
    NATS_LEAF_LISTEN: leaves[node]!,
    [leafPasswordVariable(REGION)]: passwordOf(`leaf-${REGION}`),
  }));
  const extras = {
    hubServers: sizes.hub,
    ...(sizes.region === 1 ? {} : { cluster: sizes.region }),
  };
  const region = await start(REGION, sizes.region, regionConfig(pairs, REGION, extras), () =>
    numbered("NATS_LEAF_URL", leaves.map(leafUrl)),
  );
  const apply = (...more: string[]) =>
    skerry([
      ...["topology", "apply", "--hub", hub.urlOf("admin"), "--log-gib", "1"],
      ...["--region", `${REGION}=${region.urlOf("admin")}`, ...more],
    ]);
  const kept = stack.move();
  return {
    ...{ hub, region, apply },
    applied: async () => {
      const attempt = async (): Promise<true> => {
        const { code, out } = await apply();
        if (code !== 0) throw new Error(out); // The reason of the last try is told.
        return true;
      };
      await eventually("the topology is applied", attempt, 60_000);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function makePlace(of: {
  name: string;
  size: 1 | 3;
  configuration: string;
  env: (node: number) => Record<string, string>;
  directory: string;
  program?: string;
}): Promise<Place> {
  const [addresses, routes] = [await addressesOf(of.size), await addressesOf(of.size)];
  const urlOf = (user: NatsUser, node = 0): string =>
    `nats://${user}:${passwordOf(user)}@${addresses[node]}`;
  const path = join(of.directory, `${of.name}.conf`);
  await writeFile(path, of.configuration);
  const nodes: ServerProcess[] = [];
  for (const [node, address] of addresses.entries())
    nodes.push(
      new ServerProcess({
        name: `${of.name}-${node + 1}`,
        program: of.program ?? "nats-server",
        args: ["-c", path],
        env: {
          ...passwords(),
          NATS_LISTEN: address,
          NATS_MONITOR: (await addressesOf(1))[0]!,
          NATS_STORE: join(of.directory, `${of.name}-${node + 1}`),
          ...(of.size === 1
            ? {}
            : {
                NATS_SERVER_NAME: `${of.name}-${node + 1}`,
                NATS_CLUSTER_LISTEN: routes[node]!,
                NATS_ROUTE_PASSWORD: ROUTE_PASSWORD,
                ...numbered(
                  "NATS_ROUTE",
                  routes.map((route) => `nats-route://route:${ROUTE_PASSWORD}@${route}`),
                  1,
                ),
              }),
          ...of.env(node),
        },
        ready: async () => {
          const one = { url: urlOf("admin", node), reconnect: false, timeoutMs: 1_000 };
          const connection = await connectOnce(one);
          await connection.close();
          return true;
        },
      }),
    );
  const others = addresses.slice(1).join(",");
  return {
    ...{ nodes, addresses, urlOf },
    envOf: (user) => ({
      SKERRY_NATS_URL: urlOf(user),
      ...(others === "" ? {} : { SKERRY_NATS_SERVERS: others }),
    }),
  };
}

/** `NAME`, `NAME_2`, … or from `NAME_1` on. */
const numbered = (name: string, values: readonly string[], first: 1 | 2 = 2) =>
  Object.fromEntries(
    values.map((value, at) => [at === 0 && first === 2 ? name : `${name}_${at + 1}`, value]),
  );

async function addressesOf(count: number): Promise<string[]> {
  const all: string[] = [];
  for (let at = 0; at < count; at++) all.push(`127.0.0.1:${await freePort()}`);
  return all;
}
