import { type ConnectionOptions, Events, type NatsConnection, connect } from "nats";
import type { Logger } from "../../runtime/logger.ts";
import { clearTextWarning } from "../../runtime/client-tls.ts";
import { AppError, messageOf } from "../../runtime/errors.ts";
import { asReached } from "./connection.ts";
import { Backoff, sleep } from "../../runtime/backoff.ts";
import { hasPassword } from "../../runtime/secret-files.ts";
import { type NatsAccess, accessOptions, tlsOf } from "./access.ts";
import { whyNoTls } from "./why-no-tls.ts";

/** A connection, as the server's monitoring knows it. */
export interface NatsTarget extends NatsAccess {
  readonly name: string;
}

/** An outage over TLS that lasts is asked for its reason so often. */
const ASK_EVERY_MS = 5_000;

/** The sentence for a password that goes to another machine in clear text; null if none does. */
export const clearPasswordWarning = ({ url }: NatsAccess, label: string): string | null =>
  hasPassword(url) ? clearTextWarning(label, url, "the password") : null;

/**
 * Connects, waiting for the server as long as `signal` allows, and stays connected: an outage of
 * any length is waited out, because what a caller holds is either stored or still unacknowledged.
 * What stands in the way of TLS is told, once in each way.
 *
 * @throws AppError `NATS_UNAVAILABLE` if aborted before the first connection; its cause is what stood in the way.
 */
export async function connectNats(
  target: NatsTarget,
  logger: Logger,
  signal: AbortSignal,
): Promise<NatsConnection> {
  const { host } = new URL(target.url);
  const warning = clearPasswordWarning(target, "SKERRY_NATS_URL");
  if (warning !== null) logger.warn(warning);
  const options: ConnectionOptions = {
    ...accessOptions(target),
    name: target.name,
    maxReconnectAttempts: -1,
    // A password that is being changed, here or there, is tried again like everything else.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    reconnectJitterTLS: 100,
    // A server that hangs is noticed within 6 s; the default takes 6 minutes.
    pingInterval: 2_000,
    maxPingOut: 2,
    timeout: 2_000,
    // Two stack traces for every request are 4 to 8 % of a gateway's time.
    noAsyncTraces: true,
  };
  const backoff = new Backoff({ baseMs: 50, maxMs: 1_000 });
  const tellOnce = tellingOnce(logger, host);
  for (;;) {
    try {
      const connection = await connect(options);
      void logStatus(connection, logger);
      void explainOutages(connection, target, logger);
      return asReached(connection, target);
    } catch (error) {
      const refusal = await whyNoTls(target);
      if (refusal) tellOnce(messageOf(refusal));
      const cause = refusal ?? error;
      if (signal.aborted)
        throw new AppError("NATS_UNAVAILABLE", "retry", `${host}: ${messageOf(cause)}`, { cause });
      await sleep(backoff.next(), signal);
    }
  }
}

const tellingOnce = (logger: Logger, server: string): ((why: string) => void) => {
  let told = "";
  return (why) => {
    if (why !== told) logger.warn({ server }, `no connection to the nats-server: ${why}`);
    told = why;
  };
};

const [ERROR, RECONNECT]: readonly [string, string] = [Events.Error, Events.Reconnect];
const SHOWN: ReadonlySet<string> = new Set([Events.Disconnect, RECONNECT, ERROR]);

async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  let lastError = "";
  for await (const status of connection.status()) {
    const { data } = status;
    const type: string = status.type;
    if (!SHOWN.has(type)) continue;
    const detail = typeof data === "string" ? data : JSON.stringify(data);
    // One that goes on, such as a wrong password, comes four times a second.
    if (type !== ERROR || detail !== lastError)
      logger.warn({ server: connection.getServer(), detail: data }, `nats ${type}`);
    if (type === ERROR) lastError = detail;
    else if (type === RECONNECT) lastError = "";
  }
}

/** Says while an outage lasts what stands in the way of TLS. */
async function explainOutages(
  connection: NatsConnection,
  target: NatsTarget,
  logger: Logger,
): Promise<void> {
  if (!tlsOf(target)) return;
  let outage = new AbortController();
  // It may be closed while the server is away, and then says no more.
  void connection.closed().then(() => outage.abort());
  for await (const { type } of connection.status()) {
    if (type === Events.Disconnect) {
      outage.abort();
      outage = new AbortController();
      void explain(target, logger, outage.signal);
    } else if (type === Events.Reconnect) outage.abort();
  }
}

async function explain(target: NatsTarget, logger: Logger, signal: AbortSignal): Promise<void> {
  const tellOnce = tellingOnce(logger, new URL(target.url).host);
  for (;;) {
    await sleep(ASK_EVERY_MS, signal);
    if (signal.aborted) return;
    const refusal = await whyNoTls(target);
    if (refusal && !signal.aborted) tellOnce(messageOf(refusal));
  }
}
