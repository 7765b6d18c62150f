// Which processes a role has, and what each of them is told by its unit: whatever differs from process to process and
// is not people's to choose, secrets and directories. All else is in the configuration file. Pure.
import { INFLUX_COLLECTOR } from "../local/influx-collector.ts";
import { ROOMY, SPARING } from "../local/node-flags.ts";
import { PROCESSES, type ProcessName } from "../processes/processes.ts";
import {
  CHANNELS_ENVIRONMENT,
  CHANNELS_FILE,
  CONFIG_FILE,
  ENGINE_KEY,
  ENGINE_TRUST,
  INFLUX_CONFIG,
  type InstallOptions,
  LOOPBACK,
  SIGNING_KEY,
  TRUSTED_KEYS,
  certificateFile,
  hasHub,
  hasHubServer,
  hasLink,
  hubServer,
  makesBackups,
  natsConfigFile,
  natsPasswordsFile,
  othersOf,
  portsOf,
  secretFile,
} from "./layout.ts";
import { CREDENTIAL, HUB, type Variables, authority, keyFile, skerry } from "./common.ts";
import { backup, influxUsers, topology } from "./jobs.ts";
import type { Unit } from "./units.ts";

const EVERYWHERE = "0.0.0.0";
/** Files of a nats-server, side by side, because the one includes the other. */
export const NATS_PASSWORDS_NAME = "passwords.conf";
const NATS_CONFIG_NAME = "nats.conf";

/** Units in the order in which their processes need each other. */
export function unitsOf(options: InstallOptions): readonly Unit[] {
  const { region, role } = options;
  return [
    ...(hasHubServer(options) ? [natsServer(HUB, options)] : []),
    ...(hasHub(options) ? [influxd(options)] : []),
    ...(region === null ? [] : [natsServer(region, options)]),
    ...(hasHub(options) ? [influxUsers(options)] : []),
    ...(hasLink(options) ? [link(options)] : []),
    ...(role === "all" ? [topology(options)] : []),
    ...(region === null ? [] : regionUnits(region, options)),
    ...(hasHub(options) ? hubUnits(options) : []),
    ...(makesBackups(options) ? [backup(options)] : []),
  ];
}

function natsServer(where: string, options: InstallOptions): Unit {
  const ports = portsOf(options);
  const isHub = where === HUB;
  const [client, monitor] = isHub
    ? [ports.hubClient, ports.hubMonitor]
    : [ports.regionClient, ports.regionMonitor];
  const leafListen = hasLink(options)
    ? `${LOOPBACK}:${ports.leafBehindLink}`
    : `${othersOf(options).length === 0 ? LOOPBACK : EVERYWHERE}:${ports.hubLeaf}`;
  const { cluster } = options;
  const isOne = isHub && cluster !== undefined;
  const tls = tlsFiles("nats", isHub ? ownHubServer(options) : where, options);
  const hasLeafTls = !isHub && options.tls && !hasLink(options);
  return {
    name: `skerry-nats-${where}`,
    user: "skerry-nats",
    description: isHub
      ? "Skerry: nats-server of the hub"
      : `Skerry: nats-server of region ${where}`,
    type: "exec",
    command: [options.programs.natsServer, "-c", `${CREDENTIAL}/${NATS_CONFIG_NAME}`],
    env: {
      NATS_LISTEN: `${isOne ? EVERYWHERE : LOOPBACK}:${client}`,
      NATS_MONITOR: `${LOOPBACK}:${monitor}`,
      NATS_STORE: `%S/skerry/nats-${where}`,
      ...(isHub ? { NATS_LEAF_LISTEN: leafListen } : {}),
      ...(isOne
        ? {
            NATS_SERVER_NAME: `hub-${cluster.own}`,
            NATS_CLUSTER_LISTEN: `${EVERYWHERE}:${ports.hubRoutes}`,
          }
        : {}),
      ...(options.tls
        ? {
            NATS_TLS_CERTIFICATE: `${CREDENTIAL}/tls.pem`,
            NATS_TLS_KEY: `${CREDENTIAL}/tls.key`,
            NATS_TLS_CA: `${CREDENTIAL}/ca.pem`,
          }
        : {}),
      ...(hasLeafTls
        ? {
            NATS_LEAF_CERTIFICATE: `${CREDENTIAL}/leaf.pem`,
            NATS_LEAF_KEY: `${CREDENTIAL}/leaf.key`,
          }
        : {}),
    },
    credentials: {
      [NATS_CONFIG_NAME]: natsConfigFile(where),
      [NATS_PASSWORDS_NAME]: natsPasswordsFile(where),
      ...tls,
      ...(hasLeafTls ? leafFiles(where) : {}),
      ...authority(options),
    },
    state: `skerry/nats-${where}`,
    after: isHub || !hasHub(options) ? [] : ["skerry-nats-hub.service"],
    makesCode: false,
  };
}

const ownHubServer = ({ cluster }: InstallOptions): string => hubServer(cluster?.own ?? 1);

const tlsFiles = (of: "nats" | "gateway", where: string, { tls }: InstallOptions): Variables =>
  tls
    ? {
        "tls.pem": certificateFile(`${of}-${where}`),
        "tls.key": certificateFile(`${of}-${where}`, "key"),
      }
    : {};

const leafFiles = (region: string): Variables => ({
  "leaf.pem": certificateFile(`leaf-${region}`),
  "leaf.key": certificateFile(`leaf-${region}`, "key"),
});

/** An end of the link: at the hub it shows the certificate of its nats-server, in a region that of the leaf. */
function link(options: InstallOptions): Unit {
  const isHub = hasHubServer(options);
  const [pem, key] = isHub ? ["tls.pem", "tls.key"] : ["leaf.pem", "leaf.key"];
  const files = isHub
    ? tlsFiles("nats", ownHubServer(options), options)
    : leafFiles(options.region!);
  return {
    name: "skerry-link",
    description: "Skerry: compressed link between region and hub",
    type: "notify",
    command: skerry(options, ["link"], SPARING),
    env: {
      SKERRY_CONFIG: CONFIG_FILE,
      NODE_COMPILE_CACHE: "%C/skerry-link",
      ...(options.tls
        ? {
            SKERRY_LINK_CERT: `${CREDENTIAL}/${pem}`,
            SKERRY_LINK_KEY: `${CREDENTIAL}/${key}`,
            SKERRY_LINK_CA: `${CREDENTIAL}/ca.pem`,
          }
        : {}),
    },
    credentials: options.tls ? { ...files, ...authority(options) } : {},
    after: [],
    makesCode: true,
  };
}

function influxd(options: InstallOptions): Unit {
  const { influx, influxBackup } = portsOf(options);
  return {
    name: "skerry-influxd",
    user: "skerry-influx",
    description: "Skerry: InfluxDB",
    type: "exec",
    command: [options.programs.influxd, "-config", INFLUX_CONFIG],
    env: {
      ...INFLUX_COLLECTOR,
      INFLUXDB_HTTP_BIND_ADDRESS: `${LOOPBACK}:${influx}`,
      INFLUXDB_BIND_ADDRESS: `${LOOPBACK}:${influxBackup}`,
      INFLUXDB_META_DIR: "%S/skerry/influx/meta",
      INFLUXDB_DATA_DIR: "%S/skerry/influx/data",
      INFLUXDB_DATA_WAL_DIR: "%S/skerry/influx/wal",
    },
    credentials: {},
    state: "skerry/influx",
    after: [],
    makesCode: false,
    isLocal: true,
  };
}

interface Own {
  readonly env?: Variables;
  readonly credentials?: Variables;
  readonly flags?: readonly string[];
  readonly state?: string;
  readonly condition?: string;
  readonly environmentFile?: string;
}

/** A process of ours: it reads the configuration file, and knows one password of NATS. */
function process(name: ProcessName, where: string, options: InstallOptions, own: Own = {}): Unit {
  const { env, credentials, flags, ...rest } = own;
  return {
    name: `skerry-${name}`,
    description: `Skerry: ${PROCESSES[name].title.toLowerCase()}`,
    type: "notify",
    command: skerry(options, [name], flags),
    env: {
      SKERRY_CONFIG: CONFIG_FILE,
      NODE_COMPILE_CACHE: `%C/skerry-${name}`,
      SKERRY_NATS_PASSWORD_FILE: `${CREDENTIAL}/nats`,
      ...(options.tls ? { SKERRY_NATS_TLS_CA: `${CREDENTIAL}/ca.pem` } : {}),
      ...env,
    },
    credentials: {
      nats: secretFile(`nats-${where}-${name}`),
      ...authority(options),
      ...credentials,
    },
    after: [
      `skerry-nats-${where}.service`,
      ...(options.role === "all" ? ["skerry-topology.service"] : []),
      ...(hasHub(options) && where === HUB ? ["skerry-influx-users.service"] : []),
    ],
    makesCode: true,
    ...rest,
  };
}

const influxUser = (user: "writer" | "reader"): Own => ({
  env: { SKERRY_INFLUX_PASSWORD_FILE: `${CREDENTIAL}/influx` },
  credentials: { influx: secretFile(`influx-${user}`) },
});

/** The keys by which a process of a region verifies, and its file of what was verified. */
const trust = (name: "gateway" | "alerting", { signed }: InstallOptions) => ({
  env: {
    ...(signed?.records ? { SKERRY_TRUSTED_KEYS_FILE: `${CREDENTIAL}/${TRUSTED_KEYS}` } : {}),
    ...(signed?.records || signed?.engine
      ? { SKERRY_VERIFIED_RECORDS_FILE: `%S/skerry/${name}/records.sqlite` }
      : {}),
  },
  credentials: signed?.records ? { [TRUSTED_KEYS]: secretFile(TRUSTED_KEYS) } : {},
});

function regionUnits(region: string, options: InstallOptions): readonly Unit[] {
  const { signed } = options;
  const verified = { gateway: trust("gateway", options), alerting: trust("alerting", options) };
  const engines = keyFile("SKERRY_TRUSTED_ENGINE_KEYS_FILE", ENGINE_TRUST, signed?.engine);
  const engine = keyFile("SKERRY_ENGINE_KEY_FILE", ENGINE_KEY, signed?.engine);
  return [
    process("gateway", region, options, {
      env: {
        SKERRY_DATA_DIR: "%S/skerry/gateway",
        ...verified.gateway.env,
        ...engines.env,
        ...(options.tls
          ? {
              SKERRY_TLS_CERTIFICATE: `${CREDENTIAL}/tls.pem`,
              SKERRY_TLS_KEY: `${CREDENTIAL}/tls.key`,
            }
          : {}),
      },
      credentials: {
        ...tlsFiles("gateway", region, options),
        ...verified.gateway.credentials,
        ...engines.credentials,
      },
      state: "skerry/gateway",
    }),
    process("alerting", region, options, {
      env: { ...verified.alerting.env, ...engine.env },
      credentials: { ...verified.alerting.credentials, ...engine.credentials },
      state: "skerry/alerting",
    }),
  ];
}

function hubUnits(options: InstallOptions): readonly Unit[] {
  const reader = influxUser("reader");
  const token = (role: string): string => `console-${role}-token`;
  const key = keyFile("SKERRY_SIGNING_KEY_FILE", SIGNING_KEY, options.signed?.records);
  return [
    process("aggregator", HUB, options, { ...influxUser("writer"), flags: ROOMY }),
    process("steward", HUB, options, { ...influxUser("writer"), flags: SPARING }),
    process("console", HUB, options, {
      env: {
        ...reader.env,
        ...key.env,
        SKERRY_CONSOLE_OPERATOR_TOKEN_FILE: `${CREDENTIAL}/${token("operator")}`,
        SKERRY_CONSOLE_VIEWER_TOKEN_FILE: `${CREDENTIAL}/${token("viewer")}`,
      },
      credentials: {
        ...reader.credentials,
        ...key.credentials,
        ...Object.fromEntries(
          ["operator", "viewer"].map((role) => [token(role), secretFile(token(role))]),
        ),
      },
      flags: SPARING,
    }),
    process("notifier", HUB, options, {
      env: { SKERRY_CHANNELS: `${CREDENTIAL}/channels.json` },
      credentials: { "channels.json": CHANNELS_FILE },
      condition: CHANNELS_FILE,
      environmentFile: CHANNELS_ENVIRONMENT,
      flags: SPARING,
    }),
  ];
}
