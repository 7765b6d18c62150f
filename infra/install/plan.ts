// Everything that an installation by systemd writes, as data (pure).
import { HUB_USERS, REGION_USERS } from "../../platform/nats/topology/permissions.ts";
import {
  hubConfig,
  leafPasswordVariable,
  passwordVariable,
  regionConfig,
} from "../../platform/nats/topology/server-config.ts";
import type { ServerExtras } from "../../platform/nats/topology/tls-config.ts";
import { addressesOf, scrapedOf } from "./addresses.ts";
import { configurationOf, configurationText } from "./configuration.ts";
import {
  ADDRESSES_FILE,
  CERTIFICATES,
  CONFIGURATION,
  CONFIG_FILE,
  ENGINE_KEY,
  ENGINE_TRUST,
  GROUP,
  INFLUX_CONFIG,
  type InstallOptions,
  LOOPBACK,
  SIGNING_KEY,
  SYSUSERS_FILE,
  TARGET,
  TMPFILES_FILE,
  TRUSTED_KEYS,
  PROMETHEUS_FILE,
  ROUTE_SECRET,
  hasHub,
  hasHubServer,
  hubServer,
  hasLink,
  natsConfigFile,
  natsPasswordsFile,
  portsOf,
  secretFile,
  unitFile,
} from "./layout.ts";
import { prometheusYaml } from "../grafana/prometheus-files.ts";
import { NATS_PASSWORDS_NAME, unitsOf } from "./processes.ts";
import { HEADER, targetText, timerText, unitText } from "./units.ts";

const SCRAPED_EVERY_SECONDS = 15;

/** A file of an installation. */
export interface InstallFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /**
   * ours: it is written again whenever it differs; theirs: it is written if it is missing, and then left alone;
   * secret: the same, and its text is shown to nobody; derived: ours, of secrets.
   */
  readonly kind: "ours" | "theirs" | "secret" | "derived";
}

/** Names of keys that are made here. */
const keyNames = (options: InstallOptions): string[] => [
  ...(hasHub(options) && options.signed?.records ? [SIGNING_KEY, TRUSTED_KEYS] : []),
  ...(options.region !== null && options.signed?.engine ? [ENGINE_KEY, ENGINE_TRUST] : []),
];

/** Names of secrets that are made here, and of those that have to come from the hub. */
export function secretNames(options: InstallOptions): { own: string[]; fromHub: string[] } {
  const { region } = options;
  const ofServer = (server: string, users: readonly string[]): string[] =>
    [...users, "sys"].map((user) => `nats-${server}-${user}`);
  const ofHubServer = [
    ...ofServer("hub", HUB_USERS),
    ...options.regions.map((one) => `leaf-${one}`),
    ...(options.cluster ? [ROUTE_SECRET] : []),
  ];
  const fromHub = hasHubServer(options) ? ofHubServer : [`leaf-${region}`];
  return {
    own: [
      ...(hasHub(options)
        ? [
            ...ofHubServer,
            ...["administrator", "writer", "reader"].map((user) => `influx-${user}`),
            ...["operator", "viewer"].map((role) => `console-${role}-token`),
          ]
        : []),
      ...(region === null ? [] : ofServer(region, REGION_USERS)),
      ...keyNames(options),
    ],
    fromHub: hasHub(options) ? [] : fromHub,
  };
}

/** Certificates that have to be there with `--tls`, each with its key, and the authority's without. */
export const certificateNames = ({ region, role, regions, cluster }: InstallOptions): string[] => [
  ...(role === "hub" || role === "all"
    ? [...hubServerNames(cluster), ...regions.map((one) => `leaf-${one}`)]
    : []),
  ...(role === "hub-server" ? [`nats-${hubServer(cluster!.own)}`] : []),
  ...(region === null ? [] : [`nats-${region}`, `gateway-${region}`]),
  ...(role === "region" ? [`leaf-${region!}`] : []),
];

/** Names of the certificates of the hub's nats-servers. */
const hubServerNames = (cluster: InstallOptions["cluster"]): string[] =>
  (cluster?.hosts ?? [""]).map((_, at) => `nats-${hubServer(at + 1)}`);

/**
 * @param secret the text of a secret by its name, the same each time.
 * @param influxConfig the text of the configuration of InfluxDB.
 */
export function planInstall(
  options: InstallOptions,
  secret: (name: string) => string,
  influxConfig: string,
): readonly InstallFile[] {
  const units = unitsOf(options);
  const ours = (path: string, text: string): InstallFile => ({
    ...{ path, text, mode: 0o644, kind: "ours" },
  });
  const { own } = secretNames(options);
  return [
    ours(SYSUSERS_FILE, sysusersText(units.map(({ name, user = name }) => user))),
    ours(TMPFILES_FILE, tmpfilesText()),
    {
      path: CONFIG_FILE,
      text: configurationText(configurationOf(options)),
      ...{ mode: 0o640, kind: "theirs" },
    },
    ...own.map((name) => ({
      ...{ path: secretFile(name), text: `${secret(name)}\n` },
      ...{ mode: 0o600, kind: "secret" as const },
    })),
    {
      path: ADDRESSES_FILE,
      text: `${JSON.stringify(addressesOf(options, secret), null, 2)}\n`,
      ...{ mode: 0o600, kind: "derived" },
    },
    ...natsServers(options).flatMap((server) => [
      ours(natsConfigFile(server), natsConfig(server, options)),
      {
        path: natsPasswordsFile(server),
        text: passwordsText(server, options, secret),
        ...{ mode: 0o600, kind: "derived" as const },
      },
    ]),
    ours(PROMETHEUS_FILE, prometheusText(options)),
    ...(hasHub(options) ? [ours(INFLUX_CONFIG, influxConfig)] : []),
    ...units.map((unit) => ours(unitFile(`${unit.name}.service`), unitText(unit))),
    ...units
      .filter(({ schedule }) => schedule !== undefined)
      .map((unit) => ours(unitFile(`${unit.name}.timer`), timerText(unit))),
    ours(unitFile(TARGET), targetText(units)),
  ];
}

function prometheusText(options: InstallOptions): string {
  const { rules } = options.programs;
  const scraping = { targets: scrapedOf(options), rules, everySeconds: SCRAPED_EVERY_SECONDS };
  return prometheusYaml(scraping, HEADER.replace(/^# /, ""));
}

const natsServers = (options: InstallOptions): string[] => [
  ...(hasHubServer(options) ? ["hub"] : []),
  ...(options.region === null ? [] : [options.region]),
];

function natsConfig(server: string, options: InstallOptions): string {
  const { regions, tls } = options;
  const extras: ServerExtras = {
    include: NATS_PASSWORDS_NAME,
    ...(tls ? { tls: { verified: "leaf" } } : {}),
    ...(hasLink(options) ? { link: true } : {}),
  };
  return server === "hub"
    ? hubConfig({ regions }, { ...extras, ...clusterOf(options) })
    : regionConfig({ regions }, server, { ...extras, hubServers: leafPlaces(options).length });
}

/** Variables of a nats-server's configuration, each of which it has to use. */
function passwordsText(
  server: string,
  options: InstallOptions,
  secret: (name: string) => string,
): string {
  const users = server === "hub" ? HUB_USERS : REGION_USERS;
  const variables = [
    ...[...users, "sys" as const].map((user) => [
      passwordVariable(user),
      secret(`nats-${server}-${user}`),
    ]),
    ...(server === "hub"
      ? [
          ...options.regions.map((region) => [
            leafPasswordVariable(region),
            secret(`leaf-${region}`),
          ]),
          ...routesOf(options, secret),
        ]
      : leafUrls(server, options, secret(`leaf-${server}`))),
  ];
  return `${variables.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join("\n")}\n`;
}

const clusterOf = ({ cluster }: InstallOptions): ServerExtras =>
  cluster ? { cluster: cluster.hosts.length } : {};

/** Routes by which each nats-server of the hub reaches all of them. */
function routesOf(options: InstallOptions, secret: (name: string) => string): string[][] {
  const { cluster } = options;
  if (!cluster) return [];
  const password = secret(ROUTE_SECRET);
  return [
    ["NATS_ROUTE_PASSWORD", password],
    ...cluster.hosts.map((host, at) => [
      `NATS_ROUTE_${at + 1}`,
      `nats-route://route:${encodeURIComponent(password)}@${host}:${portsOf(options).hubRoutes}`,
    ]),
  ];
}

/** Addresses at which a region's nats-server finds the hub. */
function leafPlaces(options: InstallOptions): readonly string[] {
  const { hubLeaf, leafBehindLink } = portsOf(options);
  if (hasLink(options)) return [`${LOOPBACK}:${leafBehindLink}`];
  return options.hub?.split(",") ?? [`${LOOPBACK}:${hubLeaf}`];
}

function leafUrls(region: string, options: InstallOptions, password: string): string[][] {
  const user = `leaf-${region}:${encodeURIComponent(password)}`;
  const scheme = options.tls && !hasLink(options) ? "tls" : "nats-leaf";
  return leafPlaces(options).map((place, at) => [
    at === 0 ? "NATS_LEAF_URL" : `NATS_LEAF_URL_${at + 1}`,
    `${scheme}://${user}@${place}`,
  ]);
}

/** A user for each kind of process: what one of them knows or keeps, no other reads. */
const sysusersText = (users: readonly string[]): string =>
  `${[HEADER, `g ${GROUP} -`, ...[...new Set(users)].map((user) => `u ${user} - "Skerry"`)].join(
    "\n",
  )}\n`;

const tmpfilesText = (): string =>
  `${[
    HEADER,
    `d ${CONFIGURATION} 0755 root root`,
    `d ${CONFIGURATION}/secrets 0700 root root`,
    `d ${CERTIFICATES} 0700 root root`,
    `z ${CONFIG_FILE} 0640 root ${GROUP}`,
  ].join("\n")}\n`;
