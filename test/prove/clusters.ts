// Makes clusters of three nats-servers of a local installation's hub and of its region eu; region us stays alone.
import { join } from "node:path";
import { HOST, type ProcessPlan, REGIONS } from "../../infra/local/places.ts";
import type { LocalPlan } from "../../infra/local/plan.ts";
import { hubConfig, regionConfig } from "../../platform/nats/topology/server-config.ts";

/** Servers of a cluster. */
export const NODES = 3;
export const CLUSTERS = ["hub", "eu"] as const;
export type Cluster = (typeof CLUSTERS)[number];

/** Ports beyond those of the plan: the further servers' for processes, monitoring and leaves, and every route. */
export const CLUSTER_PORTS = 2 * (3 * NODES - 2) + NODES;

/** The processes of a cluster, and where its further servers listen (`host:port`). */
export interface ClusterPlan {
  readonly processes: readonly string[];
  readonly others: readonly string[];
}

export type ClusterPlans = Readonly<Record<Cluster, ClusterPlan>>;

/** `nats-hub`, `nats-hub-2`, … */
export const nodeName = (cluster: Cluster, node: number): string =>
  node === 1 ? `nats-${cluster}` : `nats-${cluster}-${node}`;

/** @param firstPort of a row of {@link CLUSTER_PORTS}. */
export function makeClusters(plan: LocalPlan, firstPort: number): ClusterPlans {
  let next = firstPort;
  const port = (): number => next++;
  const pairs = { regions: REGIONS };
  const configs = {
    hub: hubConfig(pairs, { cluster: NODES }),
    eu: regionConfig(pairs, "eu", { cluster: NODES, hubServers: NODES }),
    us: regionConfig(pairs, "us", { hubServers: NODES }),
  };
  for (const file of plan.files)
    for (const [server, text] of Object.entries(configs))
      if (file.path.endsWith(join("nats", `${server}.conf`))) file.text = text;
  return {
    hub: makeCluster(plan, "hub", port),
    eu: makeCluster(plan, "eu", port),
  };
}

function makeCluster(plan: LocalPlan, cluster: Cluster, port: () => number): ClusterPlan {
  const first = plan.servers.find(({ name }) => name === nodeName(cluster, 1))!;
  const routes = Array.from({ length: NODES }, () => `${HOST}:${port()}`);
  const nodes = routes.map((listen, at): ProcessPlan => {
    const name = nodeName(cluster, at + 1);
    const env = {
      ...first.env,
      NATS_SERVER_NAME: name,
      NATS_CLUSTER_LISTEN: listen,
      NATS_ROUTE_PASSWORD: "route-of-the-proof",
      ...Object.fromEntries(
        routes.map((route, of) => [
          `NATS_ROUTE_${of + 1}`,
          `nats-route://route:route-of-the-proof@${route}`,
        ]),
      ),
    };
    if (at === 0) return { ...first, env };
    const ports = {
      client: port(),
      monitor: port(),
      ...(first.ports["leaf"] === undefined ? {} : { leaf: port() }),
    };
    return {
      ...first,
      name,
      ports,
      env: {
        ...env,
        NATS_LISTEN: `${HOST}:${ports.client}`,
        NATS_MONITOR: `${HOST}:${ports.monitor}`,
        NATS_STORE: `${first.env["NATS_STORE"]}-${at + 1}`,
        ...(ports.leaf === undefined ? {} : { NATS_LEAF_LISTEN: `${HOST}:${ports.leaf}` }),
      },
      readyUrl: `http://${HOST}:${ports.monitor}/healthz`,
    };
  });
  plan.servers.splice(plan.servers.indexOf(first), 1, ...nodes);
  const others = nodes.slice(1).map(({ ports }) => `${HOST}:${ports["client"]}`);
  const own = `@${HOST}:${first.ports["client"]}`;
  for (const { env } of plan.services)
    if (env["SKERRY_NATS_URL"]?.endsWith(own)) env["SKERRY_NATS_SERVERS"] = others.join(",");
  return { processes: nodes.map(({ name }) => name), others };
}
