// The configuration file that an installation begins with (pure): it is written once, and people's own from then on.
import {
  CONFIG_FILE,
  type InstallOptions,
  LOOPBACK,
  hasHub,
  hasHubServer,
  hasLink,
  portsOf,
} from "./layout.ts";

type Value = string | number | readonly string[];

/** Section → key → value. */
export type Configuration = Readonly<Record<string, Readonly<Record<string, Value>>>>;

export function configurationOf(options: InstallOptions): Configuration {
  const ports = portsOf(options);
  const { regions, region, tls } = options;
  const nats = (user: string, port: number, host = LOOPBACK): Record<string, Value> => ({
    "nats-url": `${tls ? "tls" : "nats"}://${user}@${host}:${port}`,
  });
  // Certificates of several servers are held against names: one and the same address would do for one of them only.
  const [first, ...others] = options.cluster?.hosts ?? [LOOPBACK];
  const hub = (user: string): Record<string, Value> => ({
    ...nats(user, ports.hubClient, first),
    ...(others.length === 0
      ? {}
      : { "nats-servers": others.map((host) => `${host}:${ports.hubClient}`) }),
  });
  const monitor = (port: number): Record<string, Value> => ({
    "nats-monitor-url": `http://${LOOPBACK}:${port}`,
  });
  const influx = (user: string): Record<string, Value> => ({
    "influx-url": `http://${user}@${LOOPBACK}:${ports.influx}`,
    "influx-database": "skerry",
  });
  return {
    shared: { regions, "status-host": LOOPBACK },
    ...(region === null
      ? {}
      : {
          gateway: {
            region,
            ...nats("gateway", ports.regionClient),
            ...(tls
              ? { "mqtt-host": "0.0.0.0", "mqtt-port": "none", "mqtts-port": ports.mqtt }
              : { "mqtt-host": LOOPBACK, "mqtt-port": ports.mqtt }),
            "status-port": ports.gatewayStatus,
          },
          alerting: {
            region,
            ...nats("alerting", ports.regionClient),
            ...monitor(ports.regionMonitor),
            disks: [disk(`nats-${region}`)],
            "status-port": ports.alertingStatus,
          },
        }),
    ...(hasLink(options) ? { link: linkOf(options) } : {}),
    ...(hasHub(options)
      ? {
          aggregator: {
            ...hub("aggregator"),
            ...influx("writer"),
            "status-port": ports.aggregatorStatus,
          },
          steward: {
            ...hub("steward"),
            ...monitor(ports.hubMonitor),
            disks: [disk("nats-hub"), disk("influx")],
            ...influx("writer"),
            "status-port": ports.stewardStatus,
          },
          console: {
            ...hub("console"),
            ...influx("reader"),
            "console-host": LOOPBACK,
            "console-port": ports.console,
            "status-port": ports.consoleStatus,
          },
          notifier: {
            ...hub("notifier"),
            "status-port": ports.notifierStatus,
          },
        }
      : {}),
  };
}

/** A directory of state of a server beside, whose disk is watched. */
const disk = (name: string): string => `${name}=/var/lib/skerry/${name}`;

/** An end of the link: it takes the leaves of the server beside it, or hands them to it. */
function linkOf(options: InstallOptions): Record<string, Value> {
  const { hubLeaf, leafBehindLink, linkStatus } = portsOf(options);
  const behind = `${LOOPBACK}:${leafBehindLink}`;
  return {
    ...(hasHubServer(options)
      ? { side: "hub", listen: `0.0.0.0:${hubLeaf}`, target: behind }
      : { side: "region", listen: behind, target: options.hub! }),
    limit: 0,
    "status-port": linkStatus,
  };
}

const isList = (value: Value): value is readonly string[] => typeof value === "object";

const valueText = (value: Value): string =>
  isList(value) ? `[${value.join(", ")}]` : String(value);

export const configurationText = (configuration: Configuration): string =>
  [
    "# Skerry on this machine. `skerry install` wrote it once and leaves it alone: it is yours.",
    `# What is wrong in it: skerry config check ${CONFIG_FILE}. All keys: docs/reference/options.md.`,
    "# Passwords, certificates and directories are not here: the units name them, and count before this file.",
    ...Object.entries(configuration).flatMap(([section, keys]) => [
      `${section}:`,
      ...Object.entries(keys).map(([key, value]) => `  ${key}: ${valueText(value)}`),
    ]),
    "",
  ].join("\n");

/** Lines for whatever a file that is kept does not say, and a new one would: `gateway.status-port: 8091`. */
export function missingIn(
  kept: readonly { readonly section: string; readonly key: string }[],
  configuration: Configuration,
): string[] {
  const there = new Set(kept.map(({ section, key }) => `${section}.${key}`));
  return Object.entries(configuration).flatMap(([section, keys]) =>
    Object.entries(keys)
      .filter(([key]) => !there.has(`${section}.${key}`) && !there.has(`shared.${key}`))
      .map(([key, value]) => `${section}.${key}: ${valueText(value)}`),
  );
}
