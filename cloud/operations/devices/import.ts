import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from "node:fs";
import type { Credential, Device } from "../../../contracts/device.ts";
import { PASSWORD_CHARS_MIN, passwordCredential } from "../../../gateway/identity/passwords.ts";
import {
  generateSecret,
  looksGenerated,
  secretCredential,
} from "../../../gateway/identity/secrets.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { type DeviceRow, parseDeviceRows, secretsCsv } from "./csv.ts";
import { refused } from "../refused.ts";
import { count } from "../words.ts";
import type { DeviceStore } from "./store.ts";

/** Writes under way at once. */
const WRITES_MAX = 64;
const PROBLEMS_SHOWN_MAX = 20;

export interface ImportOptions {
  readonly file: string;
  /** The file for generated secrets, which must not exist yet. */
  readonly secretsOut?: string;
  /** Leave devices that exist as they are, instead of refusing the file. */
  readonly skipExisting?: boolean;
  /** The secrets of the file are such as `secretsOut` once got: others are refused. */
  readonly generated?: boolean;
}

/**
 * Adds every device of a CSV file, or none if a row is bad or a device exists. The secrets are on
 * disk before the first record is written: no device can exist whose secret nobody has.
 * @param report hears of each that was added, and of how many there are.
 */
export async function importDevices(
  store: DeviceStore,
  { file, secretsOut, skipExisting = false, generated: areGenerated = false }: ImportOptions,
  report: (added: number, total: number) => void = () => undefined,
): Promise<{ added: number; generated: number; skipped: number }> {
  const { rows, problems } = parseDeviceRows(readFileSync(file, "utf8"), PASSWORD_CHARS_MIN);
  const present = new Set((await store.all()).devices.map(({ id }) => id));
  const fresh = rows.filter(({ id }) => !present.has(id));
  if (!skipExisting)
    for (const { id, line } of rows)
      if (present.has(id)) problems.push(`line ${line}: "${id}" exists already`);
  if (areGenerated)
    for (const { line, secret } of rows)
      if (secret !== undefined && !looksGenerated(secret))
        problems.push(`line ${line}: the secret is none that was generated here`);
  if (problems.length > 0) throw refused(described(file, problems));

  const secrets = fresh
    .filter(({ secret, fingerprint }) => (secret ?? fingerprint) === undefined)
    .map(({ id }) => ({ id, secret: generateSecret() }));
  if (secrets.length > 0) {
    if (secretsOut === undefined)
      throw refused(
        `${count(secrets.length, "row has", "rows have")} no secret: say --secrets-out FILE to get new ones`,
      );
    writePrivately(secretsOut, secretsCsv(secrets));
  }
  const generated = new Map(secrets.map(({ id, secret }) => [id, secret]));
  let added = 0;
  const addOne = async (row: DeviceRow): Promise<void> => {
    const credential: Credential =
      row.fingerprint === undefined
        ? await credentialOf(row.secret ?? generated.get(row.id)!, {
            generated: areGenerated || row.secret === undefined,
          })
        : { kind: "certificate", fingerprint: row.fingerprint };
    await store.write(row.id, (now) => {
      if (now) throw refused(`"${row.id}" exists already`);
      return newDevice(row, credential);
    });
    added++;
    report(1, fresh.length);
  };
  const queue = fresh.values();
  let failure: unknown;
  const work = async (): Promise<void> => {
    for (const row of queue)
      if (failure === undefined) await addOne(row).catch((error: unknown) => (failure ??= error));
  };
  await Promise.all(Array.from({ length: WRITES_MAX }, work));
  if (failure !== undefined)
    throw refused(
      `stopped after ${added} of ${fresh.length}: ${messageOf(failure)}; --skip-existing adds the rest`,
    );
  return { added, generated: secrets.length, skipped: rows.length - fresh.length };
}

/**
 * Whatever somebody else brings may be guessed, however long it is: it is kept as a password is.
 * Only of what was generated here is a fast hash enough.
 */
export const credentialOf = async (
  secret: string,
  { generated }: { generated: boolean },
): Promise<Credential> => (generated ? secretCredential(secret) : await passwordCredential(secret));

const newDevice = ({ id, role, speaksFor }: DeviceRow, credential: Credential): Device => ({
  id,
  role,
  credentials: [credential],
  ...(speaksFor ? { speaksFor } : {}),
  createdAtMs: Date.now(),
});

function described(file: string, problems: readonly string[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX);
  const more = problems.length - shown.length;
  return [
    `${file}: nothing was written`,
    ...shown.map((problem) => `  ${problem}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}

function writePrivately(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
