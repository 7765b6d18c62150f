// Everything that an installation by systemd writes, as data (pure).
import { HUB_USERS, REGION_USERS } from "../../platform/nats/topology/permissions.ts";
import {
  hubConfig,
  leafPasswordVariable,
  passwordVariable,
  regionConfig,
} from "../../platform/nats/topology/server-config.ts";
import type { ServerExtras } from "../../platform/nats/topology/tls-config.ts";
import { configurationOf, configurationText } from "./configuration.ts";
import {
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
  hasHub,
  hasLink,
  natsConfigFile,
  natsPasswordsFile,
  portsOf,
  secretFile,
  unitFile,
} from "./layout.ts";
import { NATS_PASSWORDS_NAME, unitsOf } from "./processes.ts";
import { HEADER, targetText, unitText } from "./units.ts";

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

/** Names of secrets that are made here, and of one that has to come from the hub. */
export function secretNames(options: InstallOptions): { own: string[]; fromHub: string[] } {
  const { regions, region } = options;
  const leaves = regions.map((one) => `leaf-${one}`);
  const ofServer = (server: string, users: readonly string[]): string[] =>
    [...users, "sys"].map((user) => `nats-${server}-${user}`);
  return {
    own: [
      ...(hasHub(options)
        ? [
            ...ofServer("hub", HUB_USERS),
            ...leaves,
            ...["administrator", "writer", "reader"].map((user) => `influx-${user}`),
            ...["operator", "viewer"].map((role) => `console-${role}-token`),
          ]
        : []),
      ...(region === null ? [] : ofServer(region, REGION_USERS)),
      ...keyNames(options),
    ],
    fromHub: hasHub(options) || region === null ? [] : [`leaf-${region}`],
  };
}

/** Certificates that have to be there with `--tls`, each with its key, and the authority's without. */
export const certificateNames = ({ region, role, regions }: InstallOptions): string[] => [
  ...(role === "region" ? [] : ["nats-hub", ...regions.map((one) => `leaf-${one}`)]),
  ...(region === null ? [] : [`nats-${region}`, `gateway-${region}`]),
  ...(role === "region" ? [`leaf-${region!}`] : []),
];

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
    ...natsServers(options).flatMap((server) => [
      ours(natsConfigFile(server), natsConfig(server, options)),
      {
        path: natsPasswordsFile(server),
        text: passwordsText(server, options, secret),
        ...{ mode: 0o600, kind: "derived" as const },
      },
    ]),
    ...(hasHub(options) ? [ours(INFLUX_CONFIG, influxConfig)] : []),
    ...units.map((unit) => ours(unitFile(`${unit.name}.service`), unitText(unit))),
    ours(unitFile(TARGET), targetText(units)),
  ];
}

const natsServers = (options: InstallOptions): string[] => [
  ...(hasHub(options) ? ["hub"] : []),
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
    ? hubConfig({ regions }, extras)
    : regionConfig({ regions }, server, extras);
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
      ? options.regions.map((region) => [leafPasswordVariable(region), secret(`leaf-${region}`)])
      : [["NATS_LEAF_URL", leafUrl(server, options, secret(`leaf-${server}`))]]),
  ];
  return `${variables.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join("\n")}\n`;
}

function leafUrl(region: string, options: InstallOptions, password: string): string {
  const { hubLeaf, leafBehindLink } = portsOf(options);
  const isBehind = hasLink(options);
  const at = isBehind ? `${LOOPBACK}:${leafBehindLink}` : (options.hub ?? `${LOOPBACK}:${hubLeaf}`);
  const user = `leaf-${region}:${encodeURIComponent(password)}`;
  return `${options.tls && !isBehind ? "tls" : "nats-leaf"}://${user}@${at}`;
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
