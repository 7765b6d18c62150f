// Where the parts of a local installation are: their ports, addresses and secrets. Pure.
import { join } from "node:path";
import type { NatsUser } from "../../platform/nats/topology/permissions.ts";
import type { SystemProgram } from "./prerequisites.ts";

export const REGIONS = ["eu", "us"] as const;
export type Region = (typeof REGIONS)[number];

export const INFLUX_DATABASE = "skerry";

export const HOST = "127.0.0.1";
export const PROJECT = join(import.meta.dirname, "../..");
/** One at the hub's ports, one at each region's. */
export const AGGREGATORS_MAX = 1 + REGIONS.length;
export type Env = Record<string, string>;
export type Ports = Record<string, number>;

export interface LocalOptions {
  portBase: number;
  /** Absolute. */
  dataDir: string;
  devices: number;
  rate: number;
  keepTimes: boolean;
  /** Aggregators that share the lanes. */
  aggregators: number;
  /** Absolute; the channels of a notifier at the hub, without which there is none. */
  channels: string | null;
  /** The URL of the mail server of e-mail channels. */
  smtpUrl: string | null;
  /** Absolute; null: none, undefined: the demo's. */
  rules?: string | null | undefined;
  /** Absolute; null: none, undefined: the examples. */
  mappings?: string | null | undefined;
  /** Absolute; all contracts, undefined: those that ship. */
  schemas?: string | undefined;
  /** Everything speaks TLS, but for status pages and the console. */
  tls?: boolean;
}

export interface PlanContext {
  programs: Record<SystemProgram, string>;
  /** The Node that runs our processes. */
  node: string;
  /** A password for each name, the same one every time. */
  secret: (name: string) => string;
  /** Names this run's ledger. */
  runId: string;
  /** Handed to every Skerry process: OpenTelemetry and log level. */
  passedEnv: Env;
  /** Variables that the channels file names; handed to the notifier only. */
  channelEnv?: Env;
}

/** A plan in the making: whatever a process is given by file is written down. */
export interface PlanParts extends PlanContext {
  /** The file of a secret; it will be there when a process starts. */
  secretFile: (name: string) => string;
}

/** The users of InfluxDB, and whatever it takes to make them. */
export interface InfluxPlan {
  /** Without a user. */
  readonly url: string;
  readonly database: string;
  /** Holds the administrator's password, which nothing else here knows. */
  readonly administratorFile: string;
  readonly passwords: Readonly<Record<"writer" | "reader", string>>;
}

export interface ProcessPlan {
  /** `nats-hub`, `gateway-eu`, …: unique, and the name of its log file. */
  name: string;
  kind: "nats" | "influx" | "skerry";
  command: string;
  args: string[];
  env: Env;
  /** Everything it listens on, so that a port in use is found before anything starts. */
  ports: Ports;
  /** Answers 200 or 204 once the process is ready. */
  readyUrl: string;
}

export interface Addresses {
  nats: Record<"hub" | Region, string>;
  /** PEM file with the authority of all servers; absent without TLS. */
  ca?: string;
  /** File with the private key that signs records. */
  signingKey: string;
  /** As its reader. */
  influx: string;
  mqtt: Record<Region, string>;
  /** Readings over HTTP. */
  http: Record<Region, string>;
  console: ConsoleAddress;
  /** Mapping files of the gateways, and the one of them that takes what is learned. */
  mappings: { inForce: string; learned: string };
  /** `/status` of each of our processes, by its name. */
  status: Record<string, string>;
}

/** The console, and the tokens of its roles. */
export interface ConsoleAddress {
  url: string;
  operatorToken: string;
  viewerToken: string;
}

export const regionBase = (options: LocalOptions, region: Region): number =>
  options.portBase + 10 * (REGIONS.indexOf(region) + 1);

export type NatsServerName = "hub" | Region;

/** The password of one user of one server. */
export const passwordOf = (
  server: NatsServerName,
  user: NatsUser | "sys" | `leaf-${Region}`,
  { secret }: PlanContext,
): string => secret(`${server} ${user}`);

export const natsUrl = (
  user: NatsUser,
  server: NatsServerName,
  options: LocalOptions,
  context: PlanContext,
): string =>
  `${natsScheme(options)}://${user}:${passwordOf(server, user, context)}@${HOST}:${natsPort(server, options)}`;

const natsScheme = ({ tls }: LocalOptions): string => (tls ? "tls" : "nats");

/** The variable of an option that names the authority, where there is one. */
const trust = (variable: string, options: LocalOptions): Env =>
  options.tls ? { [variable]: certificatePath("ca", options) } : {};

/** Files of mappings that people confirmed: `skerry learn` writes there, and gateways look. */
export const learnedDirectory = ({ dataDir }: Pick<LocalOptions, "dataDir">): string =>
  join(dataDir, "mappings");

export const certificateDirectory = ({ dataDir }: Pick<LocalOptions, "dataDir">): string =>
  join(dataDir, "certificates");

/** The certificate of a server or a client; its key is beside it. */
export const certificatePath = (
  name: string,
  options: Pick<LocalOptions, "dataDir">,
  end: "pem" | "key" = "pem",
): string => join(certificateDirectory(options), `${name}.${end}`);

/** The authority for what has no option of its own: Node's variable. */
export const nodeTrust = (options: LocalOptions): Env => trust("NODE_EXTRA_CA_CERTS", options);

/** The options with which a process of ours is a user of a server. */
export const natsEnv = (
  user: NatsUser,
  server: NatsServerName,
  options: LocalOptions,
  { secretFile }: PlanParts,
): Env => ({
  SKERRY_NATS_URL: `${natsScheme(options)}://${user}@${HOST}:${natsPort(server, options)}`,
  SKERRY_NATS_PASSWORD_FILE: secretFile(`${server} ${user}`),
  ...trust("SKERRY_NATS_TLS_CA", options),
});

const natsPort = (server: NatsServerName, options: LocalOptions): number =>
  server === "hub" ? options.portBase : regionBase(options, server);

export const influxUrl = ({ portBase, tls }: LocalOptions, user = ""): string =>
  `${tls ? "https" : "http"}://${user === "" ? "" : `${user}@`}${HOST}:${portBase + 3}`;

/** The same for InfluxDB. */
export const influxEnv = (
  user: "writer" | "reader",
  options: LocalOptions,
  { secretFile }: PlanParts,
): Env => ({
  SKERRY_INFLUX_URL: influxUrl(options, user),
  SKERRY_INFLUX_PASSWORD_FILE: secretFile(`influx ${user}`),
  SKERRY_INFLUX_DATABASE: INFLUX_DATABASE,
  ...trust("SKERRY_INFLUX_TLS_CA", options),
});

/** The private key that signs records, in PEM. What it signed stays, and so does the key. */
export const SIGNING_KEY = "signing key";
/** The public half of it. */
export const TRUSTED_KEYS = "trusted keys";

/** The private key with which a region's alerting engine signs, and the public half of it. */
export const engineKey = (region: Region): string => `engine key of ${region}`;
export const engineTrust = (region: Region): string => `trusted engine keys of ${region}`;

/** Private keys, each with the name of its public half. */
export const KEY_PAIRS: ReadonlyMap<string, string> = new Map([
  [SIGNING_KEY, TRUSTED_KEYS],
  ...REGIONS.map((region) => [engineKey(region), engineTrust(region)] as const),
]);

/** The file that holds one secret, and nothing else. */
export const secretPath = (name: string, { dataDir }: Pick<LocalOptions, "dataDir">): string =>
  join(dataDir, "secrets", name.replaceAll(" ", "-"));

export const natsConfigPath = (server: NatsServerName, { dataDir }: LocalOptions): string =>
  join(dataDir, "nats", `${server}.conf`);
