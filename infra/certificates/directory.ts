// A directory of certificates: `ca.pem`, `ca.key`, and `{name}.pem`, `{name}.key` of each, for their owner alone.
import { X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { type PemPair, type Wanted, issue, makeAuthority, nameOf } from "./authority.ts";

const AUTHORITY = "ca";
const AUTHORITY_NAME = "Skerry test authority";

export interface Making {
  readonly directory: string;
  readonly wanted: readonly Wanted[];
  readonly replace: boolean;
  readonly nowMs: number;
  readonly validMs: number;
  readonly authorityValidMs: number;
}

/**
 * Issues certificates by the directory's authority, which is made if there is none.
 * @returns names of the files' pairs that were written.
 * @throws AppError `CONFIG_INVALID`, before anything is written, if a file is there and may not be replaced.
 */
export async function makeCertificates(making: Making): Promise<string[]> {
  const { directory, wanted, replace, nowMs, validMs } = making;
  const names = wanted.map(nameOf);
  const twice = names.find((name, at) => names.indexOf(name) !== at || name === AUTHORITY);
  if (twice !== undefined) throw refused(`"${twice}" would be two pairs of files of one name`);
  const taken = names.flatMap((name) => pairOf(directory, name)).filter((path) => existsSync(path));
  if (taken.length > 0 && !replace)
    throw refused(`${taken.join(", ")} would be overwritten; say --replace if it shall`);
  const known = readAuthority(directory);
  const validity = { nowMs, validMs: making.authorityValidMs };
  const authority = known ?? (await makeAuthority(AUTHORITY_NAME, validity));
  const pairs: [string, PemPair][] = known ? [] : [[AUTHORITY, authority]];
  for (const one of wanted)
    try {
      pairs.push([nameOf(one), await issue(authority, one, { nowMs, validMs })]);
    } catch (error) {
      throw refused(`the certificate of "${nameOf(one)}" ${messageOf(error)}`, error);
    }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const [name, pair] of pairs) {
    const [certificate, key] = pairOf(directory, name);
    write(key!, pair.key);
    write(certificate!, pair.certificate);
  }
  return pairs.map(([name]) => name);
}

const pairOf = (directory: string, name: string): string[] =>
  ["pem", "key"].map((end) => join(directory, `${name}.${end}`));

function readAuthority(directory: string): PemPair | null {
  const paths = pairOf(directory, AUTHORITY);
  const there = paths.filter((path) => existsSync(path));
  if (there.length === 0) return null;
  if (there.length === 1)
    throw refused(
      `${there[0]} is there without its other half; put it back, or take another directory`,
    );
  const [certificate, key] = paths.map((path) => readFileSync(path, "utf8"));
  return { certificate: certificate!, key: key! };
}

/** Whole or not at all, and never readable by others, not for a moment. */
function write(path: string, text: string): void {
  const beside = `${path}.new`;
  writeFileSync(beside, text, { mode: 0o600, flag: "wx" });
  renameSync(beside, path);
}

export interface CertificateFile {
  readonly file: string;
  readonly name: string;
  /** Names and addresses; empty of an authority. */
  readonly hosts: string;
  readonly notAfter: Date;
}

/** Every certificate of a directory, the next to expire first. @throws AppError `CONFIG_INVALID` naming a file that is none. */
export function listCertificates(directory: string): CertificateFile[] {
  let files: string[];
  try {
    files = readdirSync(directory).filter((file) => file.endsWith(".pem"));
  } catch (error) {
    throw refused(`${directory} cannot be read: ${messageOf(error)}`, error);
  }
  return files
    .map((file) => {
      const path = join(directory, file);
      try {
        const { subject, subjectAltName, validToDate } = new X509Certificate(readFileSync(path));
        const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
        return { file, name, hosts: subjectAltName ?? "", notAfter: validToDate };
      } catch (error) {
        throw refused(`${path} is no certificate: ${messageOf(error)}`, error);
      }
    })
    .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
}

const refused = (message: string, cause?: unknown): AppError =>
  new AppError("CONFIG_INVALID", "fatal", message, { cause });
