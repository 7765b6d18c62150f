// A hub of three nats-servers and a region that dials all of them, configured as the product prints it.
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
import { temporaryDirectory } from "./temporary-directory.ts";

const NODES = 3;
const REGION = "eu";

export interface HubCluster extends AsyncDisposable {
  readonly nodes: readonly ServerProcess[];
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  readonly region: { readonly process: ServerProcess; urlOf(user: NatsUser): string };
  urlOf(user: NatsUser, node?: number): string;
}

/** @param program of the servers. */
export async function startHubCluster(program = "nats-server"): Promise<HubCluster> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const ports = async (): Promise<string[]> => {
    const all: string[] = [];
    for (let node = 0; node < NODES; node++) all.push(`127.0.0.1:${await freePort()}`);
    return all;
  };
  const [addresses, routes, leaves] = [await ports(), await ports(), await ports()];
  const urlAt = (address: string, user: NatsUser): string =>
    `nats://${user}:${passwordOf(user)}@${address}`;
  const pairs = { regions: [REGION] };
  const server = async (
    name: string,
    address: string,
    text: string,
    env: Record<string, string>,
  ): Promise<ServerProcess> => {
    const path = join(directory, `${name}.conf`);
    await writeFile(path, text);
    const process = new ServerProcess({
      name,
      program,
      args: ["-c", path],
      env: {
        ...passwords(),
        NATS_LISTEN: address,
        NATS_MONITOR: `127.0.0.1:${await freePort()}`,
        NATS_STORE: join(directory, name),
        ...env,
      },
      ready: async () => {
        const one = { url: urlAt(address, "admin"), reconnect: false, timeoutMs: 1_000 };
        const connection = await connectOnce(one);
        await connection.close();
        return true;
      },
    });
    stack.use(process);
    return process;
  };
  const nodes: ServerProcess[] = [];
  for (let node = 0; node < NODES; node++)
    nodes.push(
      await server(`hub-${node + 1}`, addresses[node]!, hubConfig(pairs, { cluster: NODES }), {
        NATS_SERVER_NAME: `hub-${node + 1}`,
        NATS_CLUSTER_LISTEN: routes[node]!,
        NATS_ROUTE_PASSWORD: "route-of-the-test",
        NATS_LEAF_LISTEN: leaves[node]!,
        [leafPasswordVariable(REGION)]: passwordOf(`leaf-${REGION}`),
        ...Object.fromEntries(
          routes.map((route, at) => [
            `NATS_ROUTE_${at + 1}`,
            `nats-route://route:route-of-the-test@${route}`,
          ]),
        ),
      }),
    );
  await Promise.all(nodes.map((node) => node.start()));
  const regionAt = `127.0.0.1:${await freePort()}`;
  const leafUrl = (leaf: string): string =>
    `nats-leaf://leaf-${REGION}:${passwordOf(`leaf-${REGION}`)}@${leaf}`;
  const region = await server(
    REGION,
    regionAt,
    regionConfig(pairs, REGION, { hubServers: NODES }),
    Object.fromEntries(
      leaves.map((leaf, at) => [`NATS_LEAF_URL${at === 0 ? "" : `_${at + 1}`}`, leafUrl(leaf)]),
    ),
  );
  await region.start();
  const kept = stack.move();
  return {
    nodes,
    addresses,
    region: { process: region, urlOf: (user) => urlAt(regionAt, user) },
    urlOf: (user, node = 0) => urlAt(addresses[node]!, user),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
