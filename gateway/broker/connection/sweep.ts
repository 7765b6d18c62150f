// What is due now and then: keep-alives, stalled sockets, expired sessions, full rate buckets.
// One timer over all connections instead of several per connection, reset by every packet.
import type { Connection } from "./connection.ts";
import type { Core } from "../core.ts";
import { REASON } from "../protocol/reason-codes.ts";

export const SWEEP_MS = 250;
const SWEEPS_PER_HOUSEKEEPING = 4;

/** Returns what stops it. */
export function startSweeping(core: Core): () => void {
  let sweeps = 0;
  const timer = setInterval(() => {
    for (const connection of core.connections) sweepConnection(core, connection);
    if (++sweeps % SWEEPS_PER_HOUSEKEEPING !== 0) return;
    core.sessions.endExpired(Date.now());
    core.rateLimit.prune(performance.now());
  }, SWEEP_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function sweepConnection(core: Core, connection: Connection): void {
  if (!connection.open) return;
  // One and a half times the keep-alive without a packet [MQTT-3.1.2-22]; not while we do not read.
  connection.idleSweeps = connection.paused ? 0 : connection.idleSweeps + 1;
  const { keepAliveMs } = connection;
  if (keepAliveMs > 0 && connection.idleSweeps * SWEEP_MS > keepAliveMs * 1.5 + SWEEP_MS)
    return connection.close("keep_alive", REASON.keepAliveTimeout);
  // A client that takes nothing of what waits for it is gone or frozen; a slow one makes progress.
  const waiting = connection.stream.writableLength;
  if (waiting === 0 || waiting < connection.waitingBytes) connection.stalledSweeps = 0;
  else connection.stalledSweeps++;
  connection.waitingBytes = waiting;
  if (connection.stalledSweeps * SWEEP_MS > core.limits.drainTimeoutMs) connection.abort("stalled");
}
