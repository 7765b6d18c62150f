// Logins: which record, if any, stands behind the credentials that a client shows.
//
// U1. Every failure of credentials has one answer and takes one time, whether the id is unknown,
//     revoked or the secret wrong: `FAILURE_MS` after it was asked, or when its turn came, which all
//     wait for alike (passwords.ts/W5).
// U2. Nothing is asked of the network or the disk.
// U3. Credentials are compared with the record of the moment of the answer: one that changed while a
//     password was being computed lets nobody in.
// U4. A client id belongs to one record (access.ts), also against anonymous clients.
// U5. An empty password is none: with no user name, or an empty one, its client is nobody.
import { setTimeout as wait } from "node:timers/promises";
import type { Credential } from "../../contracts/device.ts";
import { mayUseClientId, ownerOfClientId } from "./access.ts";
import { namesOf } from "./certificate-names.ts";
import { ANONYMOUS_GRANT, type DeviceBook, type Known } from "./device-book.ts";
import type { Authentication, Certificate, Credentials, LoginRefusal } from "./login.ts";
import type { AnonymousMode } from "./options.ts";
import { type Derive, Passwords, type PasswordVerdict } from "./passwords.ts";
import { isLoopback, placeOf } from "./remote-address.ts";
import { digestOf, isSecret, looksGenerated } from "./secrets.ts";

const FAILURE_MS = 300;
/** Longer than any password; hashing what a stranger sends must stay cheap. */
const PASSWORD_BYTES_MAX = 1024;

/** Bounded, because they are metric labels. */
export type LoginOutcome =
  | Credential["kind"]
  | "anonymous"
  | "refused_credentials"
  | "refused_limited"
  | "refused_anonymous"
  | "refused_client_id"
  | "refused_busy";

type Verdict =
  | { kind: "known"; known: Known; by: Credential["kind"] }
  | { kind: "wrong" }
  | { kind: "limited" }
  | { kind: "busy" };

export interface AuthenticatorParts {
  readonly book: DeviceBook;
  readonly anonymous: AnonymousMode;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly count: (outcome: LoginOutcome) => void;
  readonly derive?: Derive;
}

export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #passwords: Passwords;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
    this.#passwords = new Passwords(parts.nowMs, parts.derive);
  }

  async authenticate(credentials: Credentials): Promise<Authentication> {
    const { nowMs } = this.#parts;
    const sinceMs = nowMs();
    const { username, certificate, clientId, remoteAddress } = credentials;
    // U5. Libraries that always send both send them empty.
    const password = credentials.password?.length ? credentials.password : undefined;
    const isNameless = (username ?? "") === "" && password === undefined;
    if (isNameless && !certificate) return this.#anonymous(clientId, remoteAddress);

    const place = placeOf(remoteAddress);
    const verdict =
      certificate && password === undefined
        ? this.#byCertificate(credentials, certificate)
        : await this.#byPassword(username ?? "", password, place);
    if (verdict.kind === "busy") return this.#refuse("refused_busy", "server_unavailable");
    if (verdict.kind !== "known") return this.#fail(verdict.kind, sinceMs);

    const { id, role } = verdict.known.device;
    if (!mayUseClientId(id, clientId))
      return this.#refuse("refused_client_id", "client_id_invalid");
    this.#parts.count(verdict.by);
    const { grant } = verdict.known;
    return { allowed: true, principal: id, grant, ...(role === "device" ? { device: id } : {}) };
  }

  #anonymous(clientId: string, remoteAddress: string): Authentication {
    const { anonymous, book } = this.#parts;
    if (anonymous === "off" || (anonymous === "loopback" && !isLoopback(remoteAddress)))
      return this.#refuse("refused_anonymous", "not_authorized");
    // U4: the session of a registered device is out of reach without its credentials.
    if (book.has(ownerOfClientId(clientId)))
      return this.#refuse("refused_client_id", "client_id_invalid");
    this.#parts.count("anonymous");
    return { allowed: true, grant: ANONYMOUS_GRANT };
  }

  #byCertificate(
    { username, clientId, remoteAddress }: Credentials,
    certificate: Certificate,
  ): Verdict {
    const names = namesOf(certificate);
    const wanted = username || ownerOfClientId(clientId);
    const candidates = names.includes(wanted) ? [wanted] : username ? [] : names;
    for (const name of candidates) {
      const known = this.#parts.book.active(name);
      if (known?.device.credentials.some((credential) => isPinnedOrFree(credential, certificate)))
        return { kind: "known", known, by: "certificate" };
    }
    return this.#noGuess(placeOf(remoteAddress));
  }

  async #byPassword(id: string, password: Buffer | undefined, place: string): Promise<Verdict> {
    const { book } = this.#parts;
    if (!password || password.length > PASSWORD_BYTES_MAX) return this.#noGuess(place);
    const digest = digestOf(password); // Also for unknown ids (U1).
    const mayBeGenerated = looksGenerated(password.toString("utf8"));
    const known = book.active(id);
    const credentials = known?.device.credentials ?? [];
    for (const credential of credentials) {
      const isRight =
        credential.kind === "secret"
          ? (credential.generated ?? mayBeGenerated) && isSecret(credential, digest)
          : credential.kind === "password" && this.#passwords.isKnown(credential, password);
      if (isRight) return { kind: "known", known: known!, by: credential.kind };
    }
    const verdict = await this.#passwords.verify({ place, id, password, credentials });
    if (isRefusal(verdict)) return { kind: verdict };
    if (!known || book.active(id) !== known) return { kind: "busy" }; // U3
    return { kind: "known", known, by: verdict };
  }

  /** A failure that nothing was computed for; a place that has too many of them hears so. */
  #noGuess(place: string): Verdict {
    const { limit } = this.#passwords;
    const nowMs = this.#parts.nowMs();
    if (limit.isPlaceOver(place, nowMs)) return { kind: "limited" };
    limit.fail(place, nowMs);
    return { kind: "wrong" };
  }

  async #fail(why: "wrong" | "limited", sinceMs: number): Promise<Authentication> {
    const waitMs = Math.max(0, sinceMs + FAILURE_MS - this.#parts.nowMs());
    await wait(waitMs, undefined, { ref: false }); // U1
    return why === "limited"
      ? this.#refuse("refused_limited", "quota_exceeded")
      : this.#refuse("refused_credentials", "bad_credentials");
  }

  #refuse(outcome: LoginOutcome, reason: LoginRefusal): Authentication {
    this.#parts.count(outcome);
    return { allowed: false, reason };
  }
}

/** A record may name the one certificate that it means; else any with its name will do. */
const isPinnedOrFree = (credential: Credential, { fingerprint }: Certificate): boolean =>
  credential.kind === "certificate" && (credential.fingerprint ?? fingerprint) === fingerprint;

const isRefusal = (verdict: PasswordVerdict): verdict is "wrong" | "busy" | "limited" =>
  verdict === "wrong" || verdict === "busy" || verdict === "limited";
