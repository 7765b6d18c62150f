// The servers of a local installation that are not ours, as data: NATS at the hub and in each region, InfluxDB. Pure.
import { join } from "node:path";
import {
  HUB_USERS,
  type NatsUser,
  REGION_USERS,
} from "../../platform/nats/topology/permissions.ts";
import {
  leafPasswordVariable,
  passwordVariable,
} from "../../platform/nats/topology/server-config.ts";
import {
  type Env,
  HOST,
  type LocalOptions,
  type NatsServerName,
  PROJECT,
  type PlanContext,
  type Ports,
  type ProcessPlan,
  REGIONS,
  type Region,
  certificatePath,
  influxUrl,
  natsConfigPath,
  passwordOf,
  regionBase,
} from "./places.ts";
import { INFLUX_COLLECTOR } from "./influx-collector.ts";

export function hubServer(options: LocalOptions, context: PlanContext): ProcessPlan {
  const ports = {
    client: options.portBase,
    monitor: options.portBase + 1,
    leaf: leafPort(options),
  };
  const env = {
    NATS_LEAF_LISTEN: `${HOST}:${ports.leaf}`,
    ...Object.fromEntries(
      REGIONS.map((region) => [leafPasswordVariable(region), leafPassword(region, context)]),
    ),
  };
  return natsServer({ name: "hub", users: HUB_USERS, ports, env }, options, context);
}

export function regionServer(
  region: Region,
  options: LocalOptions,
  context: PlanContext,
): ProcessPlan {
  const base = regionBase(options, region);
  const scheme = options.tls ? "tls" : "nats-leaf";
  const leafUrl = `${scheme}://leaf-${region}:${leafPassword(region, context)}@${HOST}:${leafPort(options)}`;
  return natsServer(
    {
      name: region,
      users: REGION_USERS,
      ports: { client: base, monitor: base + 1 },
      env: {
        NATS_LEAF_URL: leafUrl,
        ...(options.tls
          ? {
              NATS_LEAF_CERTIFICATE: certificatePath(`leaf-${region}`, options),
              NATS_LEAF_KEY: certificatePath(`leaf-${region}`, options, "key"),
            }
          : {}),
      },
    },
    options,
    context,
  );
}

/** Each region's own: with it nobody is another region. */
const leafPassword = (region: Region, context: PlanContext): string =>
  passwordOf("hub", `leaf-${region}`, context);

const leafPort = (options: LocalOptions): number => options.portBase + 2;

const natsServer = (
  spec: {
    name: NatsServerName;
    users: readonly NatsUser[];
    ports: Ports & { client: number; monitor: number };
    env: Env;
  },
  options: LocalOptions,
  context: PlanContext,
): ProcessPlan => ({
  name: `nats-${spec.name}`,
  kind: "nats",
  command: context.programs["nats-server"],
  args: ["-c", natsConfigPath(spec.name, options)],
  env: {
    NATS_LISTEN: `${HOST}:${spec.ports.client}`,
    NATS_MONITOR: `${HOST}:${spec.ports.monitor}`,
    NATS_STORE: join(options.dataDir, "nats", spec.name),
    ...Object.fromEntries(
      [...spec.users, "sys" as const].map((user) => [
        passwordVariable(user),
        passwordOf(spec.name, user, context),
      ]),
    ),
    ...(options.tls
      ? {
          NATS_TLS_CERTIFICATE: certificatePath(`nats-${spec.name}`, options),
          NATS_TLS_KEY: certificatePath(`nats-${spec.name}`, options, "key"),
          NATS_TLS_CA: certificatePath("ca", options),
        }
      : {}),
    ...spec.env,
  },
  ports: spec.ports,
  readyUrl: `http://${HOST}:${spec.ports.monitor}/healthz`,
});

export function influxServer(options: LocalOptions, context: PlanContext): ProcessPlan {
  const ports = { http: options.portBase + 3, rpc: options.portBase + 4 };
  return {
    name: "influxd",
    kind: "influx",
    command: context.programs.influxd,
    args: ["-config", join(PROJECT, "infra/influx/influxdb.conf")],
    env: {
      ...INFLUX_COLLECTOR,
      INFLUXDB_HTTP_BIND_ADDRESS: `${HOST}:${ports.http}`,
      INFLUXDB_BIND_ADDRESS: `${HOST}:${ports.rpc}`,
      INFLUXDB_META_DIR: join(options.dataDir, "influx/meta"),
      INFLUXDB_DATA_DIR: join(options.dataDir, "influx/data"),
      INFLUXDB_DATA_WAL_DIR: join(options.dataDir, "influx/wal"),
      ...(options.tls
        ? {
            INFLUXDB_HTTP_HTTPS_ENABLED: "true",
            INFLUXDB_HTTP_HTTPS_CERTIFICATE: certificatePath("influxd", options),
            INFLUXDB_HTTP_HTTPS_PRIVATE_KEY: certificatePath("influxd", options, "key"),
          }
        : {}),
    },
    ports,
    readyUrl: `${influxUrl(options)}/ping`,
  };
}
