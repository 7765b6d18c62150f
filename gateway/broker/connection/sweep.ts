// Work that is due now and then: keep-alives, stalled sockets, expired sessions, full rate buckets.
// One timer over all connections instead of several per connection, reset by every packet.
import { REASON } from "../protocol/reason-codes.ts";
import type { Retained } from "../routing/retained.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Holders } from "../session/holders.ts";
import type { Connection } from "./connection.ts";
import type { RateLimit } from "./rate-limit.ts";

export const SWEEP_MS = 250;
const SWEEPS_PER_HOUSEKEEPING = 4;

export interface SweepParts {
  readonly connections: Iterable<Connection>;
  readonly sessions: Sessions;
  readonly rateLimit: RateLimit;
  readonly rejectLimit: RateLimit;
  readonly subscribeLimit: RateLimit;
  readonly holders: Holders;
  readonly retained: Retained;
  readonly drainTimeoutMs: number;
}

/** @returns a function that stops it. */
export function startSweeping(parts: SweepParts): () => void {
  const { connections, sessions, holders, retained, drainTimeoutMs } = parts;
  const rates = [parts.rateLimit, parts.rejectLimit, parts.subscribeLimit];
  let sweeps = 0;
  const timer = setInterval(() => {
    for (const connection of connections) sweepConnection(connection, drainTimeoutMs);
    if (++sweeps % SWEEPS_PER_HOUSEKEEPING !== 0) return;
    sessions.endExpired(Date.now());
    for (const rate of rates) rate.prune(performance.now());
    holders.prune();
    retained.sweep(Date.now());
  }, SWEEP_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function sweepConnection(connection: Connection, drainTimeoutMs: number): void {
  if (!connection.open) return;
  const { channel, keepAliveMs } = connection;
  // One and a half times the keep-alive without a packet [MQTT-3.1.2-22]; not while we do not read.
  channel.idleSweeps = channel.paused ? 0 : channel.idleSweeps + 1;
  if (keepAliveMs > 0 && channel.idleSweeps * SWEEP_MS > keepAliveMs * 1.5 + SWEEP_MS)
    return connection.close("keep_alive", REASON.keepAliveTimeout);
  // A client that takes nothing of what waits for it is gone or frozen; a slow one makes progress.
  const waiting = channel.stream.writableLength;
  if (waiting === 0 || waiting < channel.waitingBytes) channel.stalledSweeps = 0;
  else channel.stalledSweeps++;
  channel.waitingBytes = waiting;
  if (channel.stalledSweeps * SWEEP_MS > drainTimeoutMs) connection.abort("stalled");
}
