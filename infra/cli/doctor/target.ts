// The installation that is looked at: of addresses.json, or of what the command line names.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type NatsAddress, findInstallation } from "../kit/addresses.ts";
import { UsageError } from "../kit/usage-error.ts";

/** Options of `skerry doctor`. */
export interface DoctorFlags {
  readonly dataDir?: string;
  readonly nats: Readonly<Record<string, string>>;
  readonly natsPasswordFile?: string;
  readonly influx?: string;
  readonly influxDatabase: string;
  readonly status: Readonly<Record<string, string>>;
  readonly tcp: Readonly<Record<string, string>>;
  readonly certificate: readonly string[];
  readonly secret: readonly string[];
  readonly disk: readonly string[];
  readonly backups?: string;
  readonly backupAge: number;
  readonly json: boolean;
}

export interface DoctorTarget {
  /** Name of the file that the addresses are from; null if the command line says them. */
  readonly from: string | null;
  readonly nats: Readonly<Record<string, NatsAddress>>;
  readonly ca: string | null;
  readonly influx: string | null;
  readonly database: string;
  readonly status: Readonly<Record<string, string>>;
  /** Other listeners, `host:port` or a URL, by name. */
  readonly tcp: Readonly<Record<string, string>>;
  readonly certificates: readonly string[];
  readonly secrets: readonly string[];
  readonly disks: readonly string[];
  readonly backups: string | null;
  readonly backupAgeMs: number;
}

/** @throws UsageError or AppError saying what to name, if nothing is named and no installation is here. */
export function targetOf(flags: DoctorFlags): DoctorTarget {
  const { natsPasswordFile: passwordFile, influx = null, influxDatabase: database } = flags;
  const named = Object.entries(flags.nats).map(([domain, url]): [string, NatsAddress] => [
    domain,
    { url, domain, from: null, ...(passwordFile === undefined ? {} : { passwordFile }) },
  ]);
  const own = {
    ...{ database, backups: flags.backups ?? null, backupAgeMs: flags.backupAge },
    ...{ status: flags.status, tcp: flags.tcp },
    ...{ certificates: flags.certificate, secrets: flags.secret, disks: flags.disk },
  };
  if (named.length > 0) {
    if (flags.dataDir !== undefined)
      throw new UsageError("--data-dir and --nats exclude each other: one installation at a time");
    return { ...own, from: null, nats: Object.fromEntries(named), ca: null, influx };
  }
  const { path, addresses } = findInstallation(flags.dataDir);
  const directory = dirname(path);
  const { ca } = addresses;
  const from = { from: path, ...(ca === undefined ? {} : { ca }) };
  const nats = Object.entries(addresses.nats).map(([domain, url]) => [domain, { url, ...from }]);
  const listeners = {
    ...(addresses.console ? { console: addresses.console.url } : {}),
    ...prefixed("mqtt-", addresses.mqtt ?? {}),
  };
  return {
    ...{ ...own, from: path, ca: ca ?? null, influx: influx ?? addresses.influx ?? null },
    nats: Object.fromEntries(nats) as Record<string, NatsAddress>,
    status: { ...addresses.status, ...flags.status },
    tcp: { ...listeners, ...flags.tcp },
    certificates: [...filesIn(join(directory, "certificates"), ".pem"), ...flags.certificate],
    secrets: [
      ...[path, ...filesIn(join(directory, "secrets"), "")],
      ...[...filesIn(join(directory, "certificates"), ".key"), ...flags.secret],
    ],
    backups: flags.backups ?? addresses.backups ?? null,
    disks: [...(addresses.disks ?? [directory]), ...flags.disk],
  };
}

const prefixed = (prefix: string, of: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [`${prefix}${name}`, value]));

const filesIn = (directory: string, end: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => name.endsWith(end))
        .map((name) => join(directory, name))
    : [];
