// Units that do something and end: once, or at times (pure).
import { NO_FILE } from "../../platform/runtime/config-file/known-keys.ts";
import { CREDENTIAL, HUB, authority, keyFile, scheme, skerry } from "./common.ts";
import {
  CONFIG_FILE,
  type InstallOptions,
  LOOPBACK,
  SIGNING_KEY,
  hasHub,
  othersOf,
  portsOf,
  secretFile,
} from "./layout.ts";
import type { Unit } from "./units.ts";

/** Backups that stay, one of each day. */
const BACKUPS_KEPT = 7;

/** A unit that ends when the users are made: nothing that runs has the administrator's password. */
export function influxUsers(options: InstallOptions): Unit {
  const users = ["administrator", "writer", "reader"];
  return {
    name: "skerry-influx-users",
    user: "skerry-setup",
    description: "Skerry: users of InfluxDB",
    type: "oneshot",
    command: skerry(options, [
      ...["influx", "apply", "--influx", `http://${LOOPBACK}:${portsOf(options).influx}`],
      ...users.flatMap((user) => [`--${user}-password-file`, `${CREDENTIAL}/${user}`]),
    ]),
    env: { SKERRY_CONFIG: CONFIG_FILE },
    credentials: Object.fromEntries(users.map((user) => [user, secretFile(`influx-${user}`)])),
    after: ["skerry-influxd.service"],
    makesCode: true,
  };
}

/** The variable with the file of a server's password, for commands that speak to several. */
const passwordFileVariable = (server: string): string =>
  `SKERRY_NATS_PASSWORD_${server.toUpperCase().replaceAll("-", "_")}_FILE`;

export function topology(options: InstallOptions): Unit {
  const { hubClient, regionClient } = portsOf(options);
  const region = options.region!;
  const variable = passwordFileVariable(region);
  const key = keyFile("SKERRY_SIGNING_KEY_FILE", SIGNING_KEY, options.signed?.records);
  return {
    name: "skerry-topology",
    user: "skerry-setup",
    description: "Skerry: streams, mirrors and buckets",
    type: "oneshot",
    command: skerry(options, [
      ...["topology", "apply", "--hub", `${scheme(options)}://admin@${LOOPBACK}:${hubClient}`],
      ...["--region", `${region}=${scheme(options)}://admin@${LOOPBACK}:${regionClient}`],
      // One machine trusts itself: what older servers lack are walls between regions.
      ...(othersOf(options).length === 0 ? ["--allow-old-servers"] : []),
    ]),
    env: {
      SKERRY_NATS_PASSWORD_HUB_FILE: `${CREDENTIAL}/hub`,
      [variable]: `${CREDENTIAL}/region`,
      ...key.env,
      ...(options.tls ? { SKERRY_NATS_TLS_CA: `${CREDENTIAL}/ca.pem` } : {}),
    },
    credentials: {
      hub: secretFile("nats-hub-admin"),
      region: secretFile(`nats-${region}-admin`),
      ...key.credentials,
      ...authority(options),
    },
    after: ["skerry-nats-hub.service", `skerry-nats-${region}.service`],
    makesCode: true,
  };
}

/** Copies of what this machine's servers hold, beside them: whoever takes these elsewhere reads them as root. */
export function backup(options: InstallOptions): Unit {
  const { region } = options;
  const { hubClient, regionClient, influxBackup } = portsOf(options);
  const isHub = hasHub(options);
  const at = (port: number): string => `${scheme(options)}://admin@${LOOPBACK}:${port}`;
  const servers = [...(isHub ? [HUB] : []), ...(region === null ? [] : [region])];
  return {
    name: "skerry-backup",
    user: "skerry-setup",
    description: "Skerry: backup of this machine's stores",
    type: "oneshot",
    command: skerry(options, [
      ...["backup", "all", "--to", "%S/skerry/backups", "--keep", String(BACKUPS_KEPT)],
      ...(isHub ? ["--hub", at(hubClient)] : []),
      ...(region === null ? [] : ["--region", `${region}=${at(regionClient)}`]),
      ...(isHub ? ["--influx", `${LOOPBACK}:${influxBackup}`] : []),
    ]),
    env: {
      SKERRY_CONFIG: NO_FILE,
      ...Object.fromEntries(
        servers.map((server) => [passwordFileVariable(server), `${CREDENTIAL}/${server}`]),
      ),
      ...(options.tls ? { SKERRY_NATS_TLS_CA: `${CREDENTIAL}/ca.pem` } : {}),
    },
    credentials: {
      ...Object.fromEntries(servers.map((server) => [server, secretFile(`nats-${server}-admin`)])),
      ...authority(options),
    },
    state: "skerry/backups",
    after: servers.map((server) => `skerry-nats-${server}.service`),
    schedule: "*-*-* 03:00:00",
    makesCode: true,
  };
}
