import { createTransport } from "nodemailer";
import { traceFields } from "../../otel/propagation.ts";
import { type ClientTls, isSameTls } from "../../platform/runtime/client-tls.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { EmailChannelSpec } from "./channels.ts";
import { type Message, messageIdOf, stepsOf } from "./message.ts";
import { ATTEMPT_WITHIN_MS, type Outcome, type Sender } from "./sender.ts";
import { linesOf, subjectOf } from "./wording.ts";

/** Every step that a mail tells, as `id.state`, for programs that count them. */
const ALERTS_HEADER = "X-Skerry-Alerts";

/** The sender of one channel, which may send for several regions at once. */
const CONNECTIONS_MAX = 2;

type Transport = ReturnType<typeof createTransport>;

export class EmailSender implements Sender {
  readonly #spec: Pick<EmailChannelSpec, "from" | "to">;
  readonly #open: (tls: ClientTls | undefined) => Transport;
  readonly #tls: ClientTls | undefined;
  #transport: { readonly transport: Transport; readonly tls: ClientTls | undefined };
  readonly #logger: Logger;

  /**
   * Connections are kept while there is something to send: greeting, TLS and login take longer than a
   * message. One that is idle ends by its timeout; a message that meets a broken one is retried.
   */
  constructor(
    spec: Pick<EmailChannelSpec, "from" | "to">,
    { url, tls }: { url: string; tls?: ClientTls },
    logger: Logger,
  ) {
    this.#spec = spec;
    this.#logger = logger;
    this.#open = (now) =>
      createTransport({
        url,
        ...(now ? { tls: now } : {}),
        // Who names an authority means TLS: a server that offers none gets no mail, and no password.
        ...(now?.ca === undefined ? {} : { requireTLS: true }),
        pool: true,
        maxConnections: CONNECTIONS_MAX,
        connectionTimeout: ATTEMPT_WITHIN_MS,
        greetingTimeout: ATTEMPT_WITHIN_MS,
        socketTimeout: ATTEMPT_WITHIN_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    this.#tls = tls;
    const now = tls && { ...tls };
    this.#transport = { transport: this.#open(now), tls: now };
  }

  /** The library keeps what it was told: files that were renewed are a transport of their own. */
  #transportNow(): Transport {
    const { transport, tls: known } = this.#transport;
    const tls = this.#tls && { ...this.#tls };
    if (isSameTls(tls, known)) return transport;
    transport.close(); // Once it has sent what it has.
    this.#transport = { transport: this.#open(tls), tls };
    return this.#transport.transport;
  }

  async send(message: Message, traceparent: string | null): Promise<Outcome> {
    const { kind, alerts } = message;
    const [first] = alerts;
    try {
      const { rejected } = (await this.#transportNow().sendMail({
        from: this.#spec.from,
        to: [...this.#spec.to],
        subject: subjectOf(message),
        text: `${linesOf(message).join("\n")}\n`,
        messageId: message.messageId,
        // So that a mail program shows the end of an alert below its beginning.
        ...(first?.state === "resolved" && (kind === "single" || kind === "merged")
          ? { references: messageIdOf({ id: first.id, state: "firing" }) }
          : {}),
        // RFC 3834: nobody's holiday answer shall come back.
        headers: {
          "Auto-Submitted": "auto-generated",
          [ALERTS_HEADER]: stepsOf(message).join(" "),
        },
      })) as { rejected: readonly string[] };
      if (rejected.length > 0) {
        const about = { rejected, messageId: message.messageId, ...traceFields(traceparent) };
        this.#logger.warn(about, "some recipients refused");
      }
      return { kind: "delivered" };
    } catch (error) {
      return outcomeOf(error as SmtpError);
    }
  }
}

export interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
}

/**
 * Only what a server, or nodemailer before it, says about this message is final: a refused login or a
 * greeting with 554 is about the server, and somebody may mend it.
 */
export function outcomeOf(error: SmtpError): Outcome {
  const { code, responseCode } = error;
  const aboutMessage = code === "EENVELOPE" || code === "EMESSAGE";
  const final = aboutMessage && (responseCode === undefined || responseCode >= 500);
  return { kind: final ? "refused" : "deferred", reason: messageOf(error) };
}
