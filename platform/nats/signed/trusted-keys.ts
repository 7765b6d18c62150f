// Keys in files: the private one of whoever signs, and the public ones that are trusted.
import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
} from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { AppError, messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { keyIdOf } from "./signature.ts";

const PUBLIC_KEYS = /-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g;
const KIND = "ed25519";

const wrong = (message: string): AppError => new AppError("CONFIG_INVALID", "fatal", message);

/** A new private key, in PEM. */
export const newSigningKey = (): string =>
  generateKeyPairSync(KIND).privateKey.export({ type: "pkcs8", format: "pem" }).toString();

/** The public half of a private key, both in PEM. */
export const publicPemOf = (privatePem: string): string =>
  createPublicKey(privatePem).export({ type: "spki", format: "pem" }).toString();

/** The private key in a PEM file. @throws AppError `CONFIG_INVALID` naming the file. */
export function readSigningKey(path: string, label: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(path, "utf8"));
  } catch (error) {
    throw wrong(`${label}: ${path} cannot be read as a private key: ${messageOf(error)}`);
  }
  if (key.asymmetricKeyType !== KIND)
    throw wrong(`${label}: ${path} must hold a key of kind ${KIND}: npx skerry keys make ${path}`);
  return key;
}

/** The public keys in PEM, by their ids. @throws Error if there is none, or one of another kind. */
export function parseTrustedKeys(text: string): ReadonlyMap<string, KeyObject> {
  const keys = (text.match(PUBLIC_KEYS) ?? []).map((pem) => createPublicKey(pem));
  if (keys.length === 0) throw new Error("it holds no public key: npx skerry keys show prints one");
  const other = keys.find(({ asymmetricKeyType }) => asymmetricKeyType !== KIND);
  if (other) throw new Error(`it holds a key of kind ${other.asymmetricKeyType}, not ${KIND}`);
  return new Map(keys.map((key) => [keyIdOf(key), key]));
}

/** The keys of a file, which is read again whenever it has changed; one that cannot be read changes nothing. */
export class TrustedKeys {
  readonly #path: string;
  readonly #logger: Logger;
  #keys: ReadonlyMap<string, KeyObject>;
  #stamp: string;

  /** @throws AppError `CONFIG_INVALID` if the file holds no keys. */
  constructor(path: string, label: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    try {
      this.#stamp = stampOf(path);
      this.#keys = parseTrustedKeys(readFileSync(path, "utf8"));
    } catch (error) {
      throw wrong(`${label}: ${path} cannot be used: ${messageOf(error)}`);
    }
  }

  get ids(): string[] {
    return [...this.#keys.keys()];
  }

  get(keyId: string): KeyObject | undefined {
    this.#refresh();
    return this.#keys.get(keyId);
  }

  #refresh(): void {
    let stamp = "gone";
    try {
      stamp = stampOf(this.#path);
      if (stamp === this.#stamp) return;
      this.#keys = parseTrustedKeys(readFileSync(this.#path, "utf8"));
      this.#logger.info({ keys: this.ids }, "trusted keys were read again");
    } catch (error) {
      if (stamp !== this.#stamp)
        this.#logger.error(
          { file: this.#path, problem: messageOf(error) },
          "trusted keys cannot be read again; those of before stay",
        );
    }
    this.#stamp = stamp;
  }
}

function stampOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  return `${mtimeMs} ${size} ${ino}`;
}
