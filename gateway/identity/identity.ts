// Identity and access of one gateway, decided from the region's copy of bucket `devices`, which is
// written at the hub and stays readable with the WAN down.
//
// Y1. No listener opens before all devices are known: `openIdentity` resolves after the first load.
// Y2. A change ends what it concerns only after the book knows it, and after every login that
//     was answered from the older record has reached the broker: none slips in between. Changes of one turn
//     of the event loop are told together: whoever hears of them looks at every session.
import { setImmediate as turn } from "node:timers/promises";
import { DEVICES_BUCKET, bucketStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { newestSequence } from "../../platform/nats/client/stored.ts";
import { type GuardedEntry, guardOf } from "../../platform/nats/signed/record-guard.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import { type SettingAside, entriesSetAside } from "../../platform/nats/lanes/set-aside.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Message } from "../ingest/message.ts";
import { ownerOfClientId } from "./access.ts";
import { type Access, accessOf } from "./book-access.ts";
import { Authenticator, type LoginOutcome } from "./authenticator.ts";
import { type Change, DeviceBook } from "./device-book.ts";
import type { Authentication, Credentials } from "./login.ts";
import type { AnonymousMode } from "./options.ts";
import { digestOf } from "./secrets.ts";

const NOTHING = new Uint8Array();
const KEYS = `$KV.${DEVICES_BUCKET}.`;

export interface IdentityParts {
  /** Connection to the region's nats-server. */
  readonly connection: NatsConnection;
  readonly setAside?: Pick<SettingAside, "note" | "mended">;
  readonly logger: Logger;
  readonly anonymous: AnonymousMode;
  /** Filters; absent: everything. */
  readonly anonymousSubscribe?: readonly string[];
  /** Absent: they do not. */
  readonly anonymousReadsLog?: boolean;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

/** True for a client of a record that has changed, or one without a record whose client id has become a record's. */
export type Concerns = (client: Pick<Message, "clientId" | "principal">) => boolean;

export interface Identity extends Access {
  /** Records, revoked ones included. */
  readonly devices: number;
  readonly logins: Readonly<Partial<Record<LoginOutcome, number>>>;
  authenticate(credentials: Credentials): Promise<Authentication>;
  /** The record that a generated secret belongs to, for programs that know a token alone; it still has to log in. */
  recordOfSecret(secret: Buffer): string | undefined;
  /**
   * Follows the bucket until `signal` aborts. `changed` is called with those whom changes concern: close their
   * connections, as not authorized, and end what is not theirs any more.
   */
  run(signal: AbortSignal, changed: (concerns: Concerns) => void): Promise<void>;
}

/**
 * Loads every device of the region, waiting for its nats-server as long as `signal` allows.
 * `signal` also ends the following of changes, which goes on in `run`.
 *
 * @throws AppError `NATS_UNAVAILABLE` if aborted before.
 */
export async function openIdentity(parts: IdentityParts, signal: AbortSignal): Promise<Identity> {
  const { connection, logger } = parts;
  const book = new DeviceBook();
  const logins: Partial<Record<LoginOutcome, number>> = {};
  const stream = bucketStream(DEVICES_BUCKET);
  const lastSeq = await newestSequence(parts, { stream, subject: `${KEYS}>` }, signal);
  const slice = { stream, subject: `${KEYS}>`, from: 1 };
  const following = new AbortController();
  const until = AbortSignal.any([signal, following.signal]);
  const entries = readSlice(connection, slice, logger, until);
  const judged = parts.setAside && entriesSetAside("device", DEVICES_BUCKET, parts.setAside);
  const guard = guardOf(connection);
  const apply = (entry: GuardedEntry): Change => {
    const { subject, data } = entry;
    const why = guard?.judge(stream, entry) ?? null;
    if (why !== null) {
      logger.error({ subject }, `a device record is not taken, what was before stays: ${why}`);
      judged?.({ subject, data: NOTHING }, why, "unverified");
      return { kind: "unchanged", id: subject.slice(KEYS.length) };
    }
    const change = book.apply(subject.slice(KEYS.length), Buffer.from(data).toString("utf8"));
    if (change.kind === "unreadable")
      logger.error({ device: change.id, problem: change.problem }, "a device record is unreadable");
    // Its credentials are not copied: they stay in the bucket.
    judged?.({ subject, data: NOTHING }, change.kind === "unreadable" ? change.problem : null);
    return change;
  };
  for (const entry of guard?.kept(stream) ?? []) apply(entry);
  for (let seq = 0; seq < lastSeq;) {
    const next = await entries.next();
    if (next.done) throw new AppError("NATS_UNAVAILABLE", "retry", "stopped before devices loaded");
    apply(next.value);
    seq = next.value.seq;
  }
  const authenticator = new Authenticator({
    book,
    anonymous: parts.anonymous,
    nowMs: parts.nowMs ?? (() => performance.now()),
    count: (outcome) => (logins[outcome] = (logins[outcome] ?? 0) + 1),
  });
  return {
    get devices() {
      return book.size;
    },
    logins,
    authenticate: (credentials) => authenticator.authenticate(credentials),
    recordOfSecret: (secret) => book.ownerOfSecret(digestOf(secret).toString("hex")),
    ...accessOf(book, parts.anonymous !== "off", {
      ...(parts.anonymousSubscribe ? { heard: parts.anonymousSubscribe } : {}),
      readLog: parts.anonymousReadsLog ?? false,
    }),
    run: async (running, changed) => {
      const stopped = new Promise<void>((resolve) => {
        if (running.aborted) resolve();
        running.addEventListener("abort", () => resolve(), { once: true });
      });
      const ids = new Set<string>();
      const failed = Promise.withResolvers<never>();
      const tell = async (): Promise<void> => {
        await turn(); // Y2
        const told = new Set(ids);
        ids.clear();
        if (running.aborted) return;
        changed(({ clientId, principal }) => told.has(principal ?? ownerOfClientId(clientId)));
      };
      const follow = async (): Promise<void> => {
        for await (const entry of entries) {
          const change = apply(entry);
          if (change.kind === "unchanged") continue;
          logger.info({ device: change.id, change: change.kind }, "device changed");
          ids.add(change.id);
          if (ids.size === 1) tell().catch(failed.reject);
        }
      };
      await Promise.race([follow(), stopped, failed.promise]).finally(() => following.abort());
    },
  };
}
