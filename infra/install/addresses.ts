// Addresses of this machine's part of an installation, for commands of whoever administers it (pure). It has passwords,
// and is made of secrets again each time.
import type { InstallationAddresses } from "../cli/kit/addresses.ts";
import {
  DATA,
  type InstallOptions,
  LOOPBACK,
  SIGNING_KEY,
  certificateFile,
  BACKUPS,
  hasHub,
  hasHubServer,
  hasLink,
  makesBackups,
  portsOf,
  secretFile,
} from "./layout.ts";

/** Status ports of this machine's processes, `host:port` by their names. */
export function statusOf(options: InstallOptions): Readonly<Record<string, string>> {
  const { region } = options;
  const ports = portsOf(options);
  const at = (port: number): string => `${LOOPBACK}:${port}`;
  return {
    ...(region === null
      ? {}
      : {
          [`gateway-${region}`]: at(ports.gatewayStatus),
          [`alerting-${region}`]: at(ports.alertingStatus),
        }),
    ...(hasHub(options)
      ? {
          aggregator: at(ports.aggregatorStatus),
          steward: at(ports.stewardStatus),
          console: at(ports.consoleStatus),
        }
      : {}),
  };
}

/** Targets of a Prometheus on this machine, those included that may not be configured yet. */
export const scrapedOf = (options: InstallOptions): Readonly<Record<string, string>> => {
  const { linkStatus, notifierStatus } = portsOf(options);
  return {
    ...statusOf(options),
    ...(hasLink(options) ? { link: `${LOOPBACK}:${linkStatus}` } : {}),
    ...(hasHub(options) ? { notifier: `${LOOPBACK}:${notifierStatus}` } : {}),
  };
};

/** @param secret the text of a secret by its name. */
export function addressesOf(
  options: InstallOptions,
  secret: (name: string) => string,
): InstallationAddresses {
  const { region, tls, signed } = options;
  const ports = portsOf(options);
  const nats = (server: string, port: number): string =>
    `${tls ? "tls" : "nats"}://admin:${secret(`nats-${server}-admin`)}@${LOOPBACK}:${port}`;
  return {
    nats: {
      ...(hasHubServer(options) ? { hub: nats("hub", ports.hubClient) } : {}),
      ...(region === null ? {} : { [region]: nats(region, ports.regionClient) }),
    },
    ...(tls ? { ca: certificateFile("ca") } : {}),
    ...(hasHub(options) && signed?.records ? { signingKey: secretFile(SIGNING_KEY) } : {}),
    ...(hasHub(options)
      ? {
          influx: `http://reader:${secret("influx-reader")}@${LOOPBACK}:${ports.influx}`,
          console: {
            url: `http://${LOOPBACK}:${ports.console}`,
            operatorToken: secret("console-operator-token"),
          },
        }
      : {}),
    ...(region === null
      ? {}
      : { mqtt: { [region]: `${tls ? "mqtts" : "mqtt"}://${LOOPBACK}:${ports.mqtt}` } }),
    status: Object.fromEntries(
      Object.entries(statusOf(options)).map(([name, at]) => [name, `http://${at}`]),
    ),
    disks: [DATA],
    ...(makesBackups(options) ? { backups: BACKUPS } : {}),
  };
}
