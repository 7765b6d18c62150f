// The local installation as data (pure): which processes, on which ports, with which settings.
import { join } from "node:path";
import type { NatsUser } from "../../platform/nats/topology/permissions.ts";
import { NO_FILE } from "../../platform/runtime/config-file/known-keys.ts";
import { asRun } from "../../platform/runtime/as-run.ts";
import { hubConfig, regionConfig } from "../../platform/nats/topology/server-config.ts";
import type { ServerExtras } from "../../platform/nats/topology/tls-config.ts";
import { ROOMY, SPARING } from "./node-flags.ts";
import { observerFiles } from "./observer-files.ts";
import {
  type Addresses,
  type Env,
  HOST,
  INFLUX_DATABASE,
  type LocalOptions,
  PROJECT,
  type InfluxPlan,
  type PlanContext,
  type PlanParts,
  type Ports,
  type ProcessPlan,
  REGIONS,
  SIGNING_KEY,
  TRUSTED_KEYS,
  type Region,
  certificatePath,
  engineKey,
  engineTrust,
  influxEnv,
  influxUrl,
  learnedDirectory,
  natsConfigPath,
  natsEnv,
  natsUrl,
  nodeTrust,
  regionBase,
  secretPath,
} from "./places.ts";
import { hubServer, influxServer, regionServer } from "./servers.ts";

const RULES_FILE = join(PROJECT, "infra/local/rules.json");
const MAPPINGS_FILE = join(PROJECT, "infra/mappings/examples.json");
/** The age limit of a run with `--keep-times`, whose rows are from 2013 and 2015. */
const HISTORY_AGE_MAX = "36500d";
/** Compiled code of our processes, which Node keeps here by itself: they start sooner, and hold no compiler. */
const COMPILE_CACHE = join(PROJECT, "node_modules/.cache/skerry");
/** The C library keeps memory for each thread, up to eight times as many as there are cores. */
const FEW_ARENAS = { MALLOC_ARENA_MAX: "2" };

export interface LocalPlan {
  /** Written before anything starts. */
  files: { path: string; text: string }[];
  /** The same for secrets, one in each file, for its owner alone. */
  secretFiles: { path: string; text: string }[];
  /** The users of InfluxDB, made as soon as it answers. */
  influx: InfluxPlan;
  servers: ProcessPlan[];
  /** Started once the servers are ready and the topology is applied. */
  services: ProcessPlan[];
  simulator: ProcessPlan;
  /** False if there are no simulated devices: then nothing starts the simulator. */
  isSimulated: boolean;
  addresses: Addresses;
  /** Logs in whoever opens it first. */
  loginUrl: string;
  /** The ledger of what the devices saw acknowledged in this run. */
  ledgerPath: string;
}

/** Our processes that are started, in their order. */
export const startedOf = ({ services, simulator, isSimulated }: LocalPlan): ProcessPlan[] =>
  isSimulated ? [...services, simulator] : services;

/** Everything that `npm start` will run: 30 ports from `portBase`. */
export function planLocal(options: LocalOptions, given: PlanContext): LocalPlan {
  const secrets = new Map<string, string>();
  const secretFile = (name: string): string => {
    const path = secretPath(name, options);
    secrets.set(path, given.secret(name));
    return path;
  };
  const context: PlanParts = { ...given, secretFile };
  const ledgerPath = join(options.dataDir, "ledger", `${context.runId}.jsonl`);
  const addresses: Addresses = {
    nats: {
      hub: natsUrl("admin", "hub", options, context),
      eu: natsUrl("admin", "eu", options, context),
      us: natsUrl("admin", "us", options, context),
    },
    ...(options.tls ? { ca: certificatePath("ca", options) } : {}),
    signingKey: secretFile(SIGNING_KEY),
    influx: influxUrl(options, `reader:${context.secret("influx reader")}`),
    mqtt: {
      eu: mqttUrl("eu", options),
      us: mqttUrl("us", options),
    },
    http: {
      eu: httpUrl("eu", options),
      us: httpUrl("us", options),
    },
    console: {
      url: `http://${HOST}:${options.portBase + 7}/`,
      operatorToken: context.secret("console operator"),
      viewerToken: context.secret("console viewer"),
    },
    mappings: {
      inForce: mappingsPath(options),
      learned: join(learnedDirectory(options), "learned.json"),
    },
    status: {},
  };
  const services = [
    ...REGIONS.flatMap((region) => regionServices(region, options, context)),
    ...Array.from({ length: options.aggregators }, (_, at) => aggregator(at, options, context)),
    steward(options, context),
    consoleService(options, context),
    ...notifier(options, context),
  ];
  const simulator = service(
    { name: "simulator", main: "device-sim/main.ts", statusPort: options.portBase + 6 },
    {
      SKERRY_GATEWAYS: REGIONS.map((region) => `${region}=${addresses.mqtt[region]}`).join(","),
      SKERRY_DEVICES: String(options.devices),
      SKERRY_RATE: String(options.rate),
      SKERRY_KEEP_TIMES: String(options.keepTimes),
      SKERRY_LEDGER: ledgerPath,
      ...nodeTrust(options),
    },
    context,
  );
  const isSimulated = options.devices > 0;
  for (const { name, readyUrl } of isSimulated ? [...services, simulator] : services)
    addresses.status[name] = new URL("/status", readyUrl).href;
  return {
    files: [
      ...natsConfigs(options),
      ...observerFiles({
        ...{ project: PROJECT, dataDir: options.dataDir },
        influx: {
          url: influxUrl(options),
          user: "reader",
          passwordFile: secretFile("influx reader"),
          ...(options.tls ? { caFile: certificatePath("ca", options) } : {}),
        },
        status: addresses.status,
      }),
    ],
    secretFiles: [...secrets].map(([path, text]) => ({ path, text })),
    influx: {
      ...{ url: influxUrl(options), database: INFLUX_DATABASE },
      administratorFile: secretPath("influx administrator", options),
      passwords: {
        writer: context.secret("influx writer"),
        reader: context.secret("influx reader"),
      },
    },
    servers: [
      hubServer(options, context),
      ...REGIONS.map((region) => regionServer(region, options, context)),
      influxServer(options, context),
    ],
    services,
    simulator,
    isSimulated,
    addresses,
    loginUrl: `${addresses.console.url}#login=${context.secret("console login")}`,
    ledgerPath,
  };
}

function natsConfigs(options: LocalOptions): { path: string; text: string }[] {
  const pairs = { regions: REGIONS };
  const extras: ServerExtras = options.tls ? { tls: { verified: "leaf" } } : {};
  return [
    { path: natsConfigPath("hub", options), text: hubConfig(pairs, extras) },
    ...REGIONS.map((region) => ({
      path: natsConfigPath(region, options),
      text: regionConfig(pairs, region, extras),
    })),
  ];
}

function regionServices(region: Region, options: LocalOptions, context: PlanParts): ProcessPlan[] {
  const base = regionBase(options, region);
  const as = (user: NatsUser): Env => ({
    SKERRY_REGION: region,
    ...natsEnv(user, region, options, context),
    SKERRY_TRUSTED_KEYS_FILE: context.secretFile(TRUSTED_KEYS),
    SKERRY_VERIFIED_RECORDS_FILE: join(options.dataDir, user, `${region}-records.sqlite`),
  });
  return [
    service(
      {
        name: `gateway-${region}`,
        main: "gateway/main.ts",
        statusPort: base + 3,
        ports: { mqtt: base + 2, http: base + 9 },
      },
      {
        ...as("gateway"),
        SKERRY_TRUSTED_ENGINE_KEYS_FILE: context.secretFile(engineTrust(region)),
        ...mqttListener(base + 2, options),
        [options.tls ? "SKERRY_HTTPS_PORT" : "SKERRY_HTTP_PORT"]: String(base + 9),
        SKERRY_ANONYMOUS: "loopback",
        ...files(options, "mappings", "schemas"),
        SKERRY_DATA_DIR: join(options.dataDir, "gateway", region),
        ...(options.keepTimes ? { SKERRY_AGE_MAX: HISTORY_AGE_MAX } : {}),
      },
      context,
    ),
    service(
      { name: `alerting-${region}`, main: "gateway/alerting/main.ts", statusPort: base + 4 },
      {
        ...as("alerting"),
        SKERRY_ENGINE_KEY_FILE: context.secretFile(engineKey(region)),
        ...files(options, "rules", "schemas"),
        SKERRY_NATS_MONITOR_URL: `http://${HOST}:${base + 1}`,
      },
      context,
    ),
  ];
}

const mqttUrl = (region: Region, options: LocalOptions): string =>
  `${options.tls ? "mqtts" : "mqtt"}://${HOST}:${regionBase(options, region) + 2}`;

const httpUrl = (region: Region, options: LocalOptions): string =>
  `${options.tls ? "https" : "http"}://${HOST}:${regionBase(options, region) + 9}`;

const mqttListener = (port: number, options: LocalOptions): Env =>
  options.tls
    ? {
        SKERRY_MQTT_PORT: "none",
        SKERRY_MQTTS_PORT: String(port),
        SKERRY_TLS_CERTIFICATE: certificatePath("gateway", options),
        SKERRY_TLS_KEY: certificatePath("gateway", options, "key"),
      }
    : { SKERRY_MQTT_PORT: String(port) };

const steward = (options: LocalOptions, context: PlanParts): ProcessPlan =>
  service(
    {
      name: "steward",
      main: "cloud/steward/main.ts",
      statusPort: options.portBase + 16,
      room: SPARING,
    },
    {
      ...natsEnv("steward", "hub", options, context),
      SKERRY_NATS_MONITOR_URL: `http://${HOST}:${options.portBase + 1}`,
      SKERRY_DISKS: `data=${options.dataDir}`,
      ...influxEnv("writer", options, context),
      SKERRY_REGIONS: REGIONS.join(","),
      ...files(options, "schemas"),
    },
    context,
  );

function consoleService(options: LocalOptions, context: PlanParts): ProcessPlan {
  const { portBase } = options;
  const { secretFile } = context;
  return service(
    {
      name: "console",
      main: "cloud/console/main.ts",
      statusPort: portBase + 8,
      ports: { http: portBase + 7 },
      room: SPARING,
    },
    {
      ...natsEnv("console", "hub", options, context),
      SKERRY_SIGNING_KEY_FILE: secretFile(SIGNING_KEY),
      SKERRY_REGIONS: REGIONS.join(","),
      ...influxEnv("reader", options, context),
      ...files(options, "rules", "mappings", "schemas"),
      SKERRY_LEARNED_MAPPINGS: join(learnedDirectory(options), "learned.json"),
      SKERRY_CONSOLE_HOST: HOST,
      SKERRY_CONSOLE_PORT: String(portBase + 7),
      SKERRY_CONSOLE_OPERATOR_TOKEN_FILE: secretFile("console operator"),
      SKERRY_CONSOLE_VIEWER_TOKEN_FILE: secretFile("console viewer"),
      SKERRY_CONSOLE_LOGIN_CODE_FILE: secretFile("console login"),
    },
    context,
  );
}

/** Only if there are channels. */
function notifier(options: LocalOptions, context: PlanParts): ProcessPlan[] {
  const { channels, smtpUrl, portBase } = options;
  if (channels === null) return [];
  const env = {
    ...context.channelEnv,
    ...natsEnv("notifier", "hub", options, context),
    SKERRY_REGIONS: REGIONS.join(","),
    SKERRY_CHANNELS: channels,
    ...(smtpUrl === null ? {} : { SKERRY_SMTP_URL: smtpUrl }),
  };
  const spec = { name: "notifier", main: "cloud/notifier/main.ts", statusPort: portBase + 26 };
  return [service({ ...spec, room: SPARING }, env, context)];
}

/** `aggregator`, `aggregator-2`, … */
const aggregator = (at: number, options: LocalOptions, context: PlanParts): ProcessPlan =>
  service(
    {
      name: at === 0 ? "aggregator" : `aggregator-${at + 1}`,
      main: "cloud/aggregator/main.ts",
      statusPort: options.portBase + 10 * at + 5,
      room: ROOMY,
    },
    {
      ...natsEnv("aggregator", "hub", options, context),
      ...influxEnv("writer", options, context),
      SKERRY_REGIONS: REGIONS.join(","),
      ...files(options, "schemas"),
    },
    context,
  );

const FILES = {
  rules: ["SKERRY_RULES", RULES_FILE],
  mappings: ["SKERRY_MAPPINGS", MAPPINGS_FILE],
  schemas: ["SKERRY_SCHEMAS", null],
} as const;

/** The mappings of people's own, or else the examples, and what is learned. */
export const mappingsPath = (options: Pick<LocalOptions, "mappings" | "dataDir">): string => {
  const { mappings = MAPPINGS_FILE } = options;
  const learned = learnedDirectory(options);
  return mappings === null ? learned : `${mappings},${learned}`;
};

/** Files that a process reads: people's own, or else those of the demo. */
function files(options: LocalOptions, ...kinds: readonly (keyof typeof FILES)[]): Env {
  const given = kinds.flatMap((kind) => {
    const [variable, demo] = FILES[kind];
    if (kind === "mappings") return [[variable, mappingsPath(options)] as const];
    const file = options[kind] === undefined ? demo : options[kind];
    return file === null ? [] : [[variable, file] as const];
  });
  return Object.fromEntries(given);
}

const service = (
  spec: { name: string; main: string; statusPort: number; ports?: Ports; room?: readonly string[] },
  env: Env,
  context: PlanParts,
): ProcessPlan => ({
  name: spec.name,
  kind: "skerry",
  command: context.node,
  args: [...(spec.room ?? []), join(PROJECT, asRun(spec.main))],
  env: {
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...(spec.room === SPARING ? FEW_ARENAS : {}),
    ...context.passedEnv,
    SKERRY_CONFIG: NO_FILE,
    SKERRY_STATUS_HOST: HOST,
    SKERRY_STATUS_PORT: String(spec.statusPort),
    ...env,
  },
  ports: { ...spec.ports, status: spec.statusPort },
  readyUrl: `http://${HOST}:${spec.statusPort}/readyz`,
});
