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
  makesBackups,
  portsOf,
  secretFile,
} from "./layout.ts";

/** @param secret the text of a secret by its name. */
export function addressesOf(
  options: InstallOptions,
  secret: (name: string) => string,
): InstallationAddresses {
  const { region, tls, signed } = options;
  const ports = portsOf(options);
  const nats = (server: string, port: number): string =>
    `${tls ? "tls" : "nats"}://admin:${secret(`nats-${server}-admin`)}@${LOOPBACK}:${port}`;
  const status = (port: number): string => `http://${LOOPBACK}:${port}`;
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
    status: {
      ...(region === null
        ? {}
        : {
            [`gateway-${region}`]: status(ports.gatewayStatus),
            [`alerting-${region}`]: status(ports.alertingStatus),
          }),
      ...(hasHub(options)
        ? {
            aggregator: status(ports.aggregatorStatus),
            steward: status(ports.stewardStatus),
            console: status(ports.consoleStatus),
          }
        : {}),
    },
    disks: [DATA],
    ...(makesBackups(options) ? { backups: BACKUPS } : {}),
  };
}
