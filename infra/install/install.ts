// An installation by systemd, written below a root directory.
//
// W1. What is there and is people's, the configuration file and secrets, is never written again.
// W2. A second run with the same options changes nothing.
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { newSigningKey, publicPemOf } from "../../platform/nats/signed/trusted-keys.ts";
import { parseConfigFile } from "../../platform/runtime/config-file/parse.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { configurationOf, missingIn } from "./configuration.ts";
import { differences } from "./differences.ts";
import {
  CERTIFICATES,
  CONFIGURATION,
  CONFIG_FILE,
  DATA,
  ENGINE_KEY,
  ENGINE_TRUST,
  type InstallOptions,
  SIGNING_KEY,
  SYSUSERS_FILE,
  type Signed,
  TMPFILES_FILE,
  TRUSTED_KEYS,
  UNITS,
  certificateFile,
  hasHub,
  natsConfigFile,
  secretFile,
} from "./layout.ts";
import { type InstallFile, certificateNames, planInstall, secretNames } from "./plan.ts";
import { HEADER } from "./units.ts";

const INFLUX_CONFIG_SOURCE = join(import.meta.dirname, "../influx/influxdb.conf");

export interface Where {
  /** Directory that stands for `/`. */
  readonly root: string;
  readonly isDryRun: boolean;
  readonly say: (line: string) => void;
}

/** Counts of files: those that were written, or would be, and all. */
export interface Installed {
  readonly written: number;
  readonly files: number;
}

/** @throws AppError `CONFIG_INVALID` naming files of the hub that are missing, before anything is written. */
export function install(given: InstallOptions, where: Where): Installed {
  const { root, say } = where;
  const at = (path: string): string => join(root, path);
  const options = { ...given, signed: signedOf(given, at) };
  if (!where.isDryRun || !hasHub(options)) refuseMissing(options, at);
  const known = new Map<string, string>();
  const secret = (name: string): string => {
    let text = known.get(name);
    if (text === undefined) {
      const path = at(secretFile(name));
      text = existsSync(path) ? readFileSync(path, "utf8").trim() : newSecret(name, secret);
      if (text === "") throw refused(`${path} is empty: put the secret back, or remove the file`);
      known.set(name, text);
    }
    return text;
  };
  const files = planInstall(options, secret, readFileSync(INFLUX_CONFIG_SOURCE, "utf8"));
  if (!where.isDryRun) makeDirectories(root);
  let written = 0;
  for (const file of files) if (put(file, at(file.path), where)) written += 1;
  const planned = new Set(files.map(({ path }) => path));
  for (const path of unitsThere(root).filter((one) => !planned.has(one)))
    say(
      `${path} is not of this role: skerry uninstall removes it, and this command writes the rest again`,
    );
  const kept = at(CONFIG_FILE);
  if (existsSync(kept)) {
    const { entries } = parseConfigFile(readFileSync(kept, "utf8"));
    const configuration = configurationOf(options);
    for (const line of missingIn(entries, configuration))
      say(`${CONFIG_FILE} is kept as it is, and has no ${line}`);
  }
  for (const line of unsignedIn(options)) say(line);
  return { written, files: files.length };
}

/**
 * Keys count on a machine where nothing is installed yet, and later where they are there. Others go on as they are: a region that
 * verifies takes no record of before, so these are signed first.
 */
function signedOf(options: InstallOptions, at: (path: string) => string): Signed {
  const isThere = (path: string): boolean => existsSync(at(path));
  const isNew = !isThere(CONFIG_FILE);
  return {
    records: hasHub(options)
      ? isNew || isThere(secretFile(SIGNING_KEY))
      : isThere(secretFile(TRUSTED_KEYS)),
    engine: isNew || isThere(secretFile(ENGINE_KEY)),
  };
}

/** Lines for what is not signed here, and what would end that. */
function unsignedIn(options: InstallOptions & { readonly signed: Signed }): string[] {
  const { signed, region } = options;
  if (options.role === "hub-server") return [];
  const guide = "docs/guides/production.md#signed-records";
  const [what, key] = hasHub(options)
    ? ["records of the hub are not signed", SIGNING_KEY]
    : ["this region takes records of the hub unsigned", TRUSTED_KEYS];
  return [
    ...(signed.records ? [] : [`${what}: ${secretFile(key)} is not there (${guide})`]),
    ...(signed.engine || region === null
      ? []
      : [`commands of alerts are not signed: ${secretFile(ENGINE_KEY)} is not there (${guide})`]),
  ];
}

/** Directories of the configuration; those of secrets and certificates are root's alone. */
const DIRECTORIES: readonly (readonly [path: string, mode: number])[] = [
  [CONFIGURATION, 0o755],
  [dirname(natsConfigFile("hub")), 0o755],
  [dirname(secretFile("any")), 0o700],
  [CERTIFICATES, 0o700],
];

/** Makes the directories, which processes have to get through, whatever umask whoever installs has. */
export function makeDirectories(root: string): void {
  for (const [path, mode] of DIRECTORIES) {
    const missing = mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    if (missing !== undefined) openFrom(missing, dirname(join(root, path)));
    mkdirSync(join(root, path), { recursive: true });
    chmodSync(join(root, path), mode);
  }
}

/** Lets everybody through directories that were made just now. */
function openFrom(first: string, last: string): void {
  for (let path = last; path.length >= first.length; path = dirname(path)) chmodSync(path, 0o755);
}

/** @param secret the text of another one, of which this one is made. */
function newSecret(name: string, secret: (name: string) => string): string {
  if (name === SIGNING_KEY || name === ENGINE_KEY) return newSigningKey().trim();
  if (name === TRUSTED_KEYS) return publicPemOf(secret(SIGNING_KEY)).trim();
  if (name === ENGINE_TRUST) return publicPemOf(secret(ENGINE_KEY)).trim();
  // Never digits only: nats-server would read such a one as a number.
  return `s${randomBytes(24).toString("hex")}`;
}

function refuseMissing(options: InstallOptions, at: (path: string) => string): void {
  const fromHub = secretNames(options).fromHub.map(secretFile);
  const certificates = options.tls
    ? [
        certificateFile("ca"),
        ...certificateNames(options).flatMap((name) => [
          certificateFile(name),
          certificateFile(name, "key"),
        ]),
      ]
    : [];
  const missing = [...fromHub, ...certificates].filter((path) => !existsSync(at(path)));
  if (missing.length > 0)
    throw refused(
      `${missing.join(", ")} must be there first: copy ${missing.length === 1 ? "it" : "them"} from the hub, for root alone (docs/guides/production.md)`,
    );
}

/** Writes a file if it has to be; true if it does. */
function put(file: InstallFile, path: string, { isDryRun, say }: Where): boolean {
  const before = existsSync(path) ? readFileSync(path, "utf8") : null;
  const isOurs = file.kind === "ours" || file.kind === "derived";
  const isKept = before !== null && (!isOurs || before === file.text); // W1, W2
  if (isKept && !(isOurs && modeOf(path) !== file.mode)) {
    if (isDryRun) say(`as it is  ${file.path}`);
    return false;
  }
  say(`${before === null ? "new      " : "changed  "} ${file.path}`);
  if (isDryRun) {
    for (const line of shown(file, before)) say(`          ${line}`);
    return true;
  }
  const made = mkdirSync(dirname(path), { recursive: true });
  if (made !== undefined) openFrom(made, dirname(path));
  // Whole or not at all, and never readable by others, not for a moment.
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  writeFileSync(beside, file.text, { mode: file.mode & 0o600, flag: "wx" });
  chmodSync(beside, file.mode);
  renameSync(beside, path);
  return true;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

function shown({ kind, text }: InstallFile, before: string | null): string[] {
  if (kind === "secret" || kind === "derived") return ["(secret)"];
  return before === null ? text.trimEnd().split("\n") : differences(before, text);
}

/** Removes what an installation may write again, and nothing else; says what is kept. */
export function uninstall({ root, isDryRun, say }: Where): number {
  const paths = [
    ...unitsThere(root),
    ...[SYSUSERS_FILE, TMPFILES_FILE].filter((path) => isWrittenByUs(join(root, path))),
  ];
  for (const path of paths) {
    say(`removed   ${path}`);
    if (!isDryRun) rmSync(join(root, path));
  }
  const kept: readonly (readonly [path: string, what: string])[] = [
    [CONFIGURATION, "configuration, secrets and certificates"],
    [DATA, "logs of readings, InfluxDB and sessions"],
  ];
  for (const [path, what] of kept)
    if (existsSync(join(root, path))) say(`kept      ${path}: ${what}`);
  return paths.length;
}

/** Paths of the units that an installation wrote, those of people's excepted. */
const unitsThere = (root: string): string[] =>
  globSync("skerry*.{service,timer,target}", { cwd: join(root, UNITS) })
    .toSorted()
    .map((name) => `${UNITS}/${name}`)
    .filter((path) => isWrittenByUs(join(root, path)));

const isWrittenByUs = (path: string): boolean =>
  existsSync(path) && readFileSync(path, "utf8").startsWith(HEADER);

/** Certificates that an installation with `--tls` has not got yet. */
export const missingCertificates = (options: InstallOptions, root: string): string[] =>
  certificateNames(options).filter((name) => !existsSync(join(root, certificateFile(name))));
