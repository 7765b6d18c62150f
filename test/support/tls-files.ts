// Certificates of one test, as files: an authority that can be replaced, and what it signs.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type PemPair,
  type Wanted,
  issue,
  makeAuthority,
  nameOf,
} from "../../infra/certificates/authority.ts";

const DAY_MS = 86_400_000;

export interface TestAuthority {
  readonly pem: string;
  issue(wanted: Wanted, expired?: "expired"): Promise<PemPair>;
}

/** An authority of the last ten days, so that what it signed may have expired. */
export async function testAuthority(name: string): Promise<TestAuthority> {
  const bornMs = Date.now() - 10 * DAY_MS;
  const pair = await makeAuthority(name, { nowMs: bornMs, validMs: 100 * DAY_MS });
  return {
    pem: pair.certificate,
    issue: (wanted, expired) =>
      issue(pair, wanted, {
        nowMs: expired ? bornMs : Date.now() - DAY_MS,
        validMs: expired ? DAY_MS : 2 * DAY_MS,
      }),
  };
}

/** Whole or not at all, as who renews certificates writes them. */
export function place(directory: string, file: string, text: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, file);
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return path;
}

/** Issues and writes `{name}.pem` and `{name}.key`. */
export async function placeCertificate(
  directory: string,
  authority: TestAuthority,
  wanted: Wanted,
  expired?: "expired",
): Promise<{ certificate: string; key: string }> {
  const { certificate, key } = await authority.issue(wanted, expired);
  const name = nameOf(wanted);
  return {
    key: place(directory, `${name}.key`, key),
    certificate: place(directory, `${name}.pem`, certificate),
  };
}
