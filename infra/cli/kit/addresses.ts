// Addresses of an installation, where they were left: by the launcher in `.skerry/addresses.json` of this directory or one
// above it, else by `skerry install` in /etc/skerry, unless the command line names another place.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { TypedAddress } from "./credentials.ts";
import { ADDRESSES_FILE } from "../../install/layout.ts";
import { refused } from "../../../cloud/operations/refused.ts";

const DATA_DIRECTORY = ".skerry";
const FILE = "addresses.json";

/** Servers and processes of one installation. */
export interface InstallationAddresses {
  /** URL of each nats-server by its JetStream domain: `hub`, `eu`, … */
  readonly nats: Readonly<Record<string, string>>;
  /** PEM file with the authority of the servers, where they speak TLS. */
  readonly ca?: string;
  /** File with the private key that signs records. */
  readonly signingKey?: string;
  readonly influx?: string;
  /** URL of each gateway's listener by its region. */
  readonly mqtt?: Readonly<Record<string, string>>;
  readonly console?: { readonly url: string; readonly operatorToken: string };
  /** `/status` of each process by its name. */
  readonly status?: Readonly<Record<string, string>>;
  /** Mapping files of its gateways: what SKERRY_MAPPINGS names, and the one of them that takes what is learned. */
  readonly mappings?: { readonly inForce: string; readonly learned: string };
  /** Directories of data elsewhere than beside this file. */
  readonly disks?: readonly string[];
  /** Directory of its backups. */
  readonly backups?: string;
}

export interface Installation {
  /** The file that the addresses are from, as people read it. */
  readonly path: string;
  readonly addresses: InstallationAddresses;
}

/** Options of every command that speaks to a nats-server. */
export interface Place {
  readonly nats?: string;
  readonly natsPasswordFile?: string;
  readonly dataDir?: string;
}

/** One nats-server, and how it was found. */
export interface NatsAddress extends TypedAddress {
  /** File that names the server; null if the command line does. */
  readonly from: string | null;
  /** The authority that this file names. */
  readonly ca?: string;
  /** The private key that this file names. */
  readonly signingKey?: string;
}

/** The installation of a data directory, or the closest one. @throws AppError `CONFIG_INVALID` saying what to do. */
export function findInstallation(
  dataDir: string | undefined,
  cwd = process.cwd(),
  ofMachine = ADDRESSES_FILE,
): Installation {
  const nearest = dataDir === undefined ? nearestFile(cwd) : join(dataDir, FILE);
  const path = nearest ?? (existsSync(ofMachine) ? ofMachine : null);
  if (path === null)
    throw refused(
      `No local installation is here: neither ${cwd} nor a directory above it has ${join(DATA_DIRECTORY, FILE)}, nor is there ` +
        `${ofMachine}. Start one with npm start, or name its directory with --data-dir (most commands also take --nats URL).`,
    );
  const shown = dataDir === undefined && path === nearest ? relative(cwd, path) : path;
  if (!existsSync(path))
    throw refused(
      `No local installation is at ${shown}. Start one with npm start, or name its directory with --data-dir (most commands also take --nats URL).`,
    );
  try {
    const addresses = JSON.parse(readFileSync(path, "utf8")) as InstallationAddresses;
    return { path: shown, addresses };
  } catch (error) {
    if (path === ofMachine && (error as NodeJS.ErrnoException).code === "EACCES")
      throw refused(`${path} has passwords, which only root reads: run this as root`, error);
    throw refused(`${shown} cannot be read: ${messageOf(error)}`, error);
  }
}

/** The file in `.skerry` of the directory or of the closest one above it; null if there is none. */
function nearestFile(directory: string): string | null {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, DATA_DIRECTORY, FILE);
    if (existsSync(path)) return path;
    if (at === dirname(at)) return null;
  }
}

/** The nats-server of a JetStream domain: the one that was named, or that of the local installation. */
export function natsAddress(place: Place, domain: string): NatsAddress {
  const { nats, natsPasswordFile: passwordFile, dataDir } = place;
  if (nats !== undefined)
    return { url: nats, from: null, ...(passwordFile === undefined ? {} : { passwordFile }) };
  const { path, addresses } = findInstallation(dataDir);
  const url = addresses.nats[domain];
  if (url === undefined)
    throw refused(
      `${path} has no nats-server "${domain}", only ${Object.keys(addresses.nats).join(", ")}.`,
    );
  const { ca, signingKey } = addresses;
  return {
    ...{ url, from: path },
    ...(ca === undefined ? {} : { ca }),
    ...(signingKey === undefined ? {} : { signingKey }),
  };
}
