// Passwords and tokens of a local installation, each in a file of its own that only its owner reads.
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { newSigningKey, publicPemOf } from "../../platform/nats/signed/trusted-keys.ts";
import { KEY_PAIRS, secretPath } from "./places.ts";

/** Never digits only: nats-server would read such a one as a number. */
const newSecret = (): string => `s${randomBytes(16).toString("hex")}`;

/** InfluxDB keeps its users in its own files, from start to start; all other servers are told theirs at each. */
const isKept = (name: string): boolean => name.startsWith("influx ") || KEY_PAIRS.has(name);

/** Passwords of one run, by name. Those that a data directory keeps are the same in the next one. */
export function makeSecrets(dataDir: string): (name: string) => string {
  const known = new Map<string, string>();
  const secretOf = (name: string): string => {
    let secret = known.get(name);
    if (secret === undefined) {
      secret = (isKept(name) ? keptSecret(secretPath(name, { dataDir })) : null) ?? made(name);
      known.set(name, secret);
    }
    return secret;
  };
  const made = (name: string): string => {
    for (const [own, half] of KEY_PAIRS) if (name === half) return publicPemOf(secretOf(own));
    return KEY_PAIRS.has(name) ? newSigningKey().trim() : newSecret();
  };
  return secretOf;
}

function keptSecret(path: string): string | null {
  if (!existsSync(path)) return null;
  return readFileSync(path, "utf8").trim() || null;
}

/** Writes secrets, each for its owner alone. */
export function writeSecrets(files: readonly { path: string; text: string }[]): void {
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    // A file that was there keeps the mode it had.
    chmodSync(path, 0o600);
  }
}

/** The secret of a file that nobody was given yet, or a new one, which is kept in it. */
export function keepSecret(path: string): string {
  const secret = keptSecret(path) ?? newSecret();
  writeSecrets([{ path, text: secret }]);
  return secret;
}
