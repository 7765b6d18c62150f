// Servers that take notifications, and alerts to be told.
import { createServer as createHttpServer, type IncomingHttpHeaders, type Server } from "node:http";
import { once } from "node:events";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { SMTPServer } from "smtp-server";
import type { Alert } from "../../contracts/messages/alert.ts";
import { alertSubject } from "../../contracts/names/subjects.ts";
import { freePort } from "./free-port.ts";

export interface Mail {
  readonly messageId: string;
  /** Every step of an alert that it tells, as `id.state`. */
  readonly steps: readonly string[];
  readonly text: string;
}

/** A header of a mail, unfolded; empty if it is not there. */
const headerOf = (text: string, name: string): string =>
  (new RegExp(`^${name}: (.*(?:\\r\\n[ \\t].*)*)`, "im").exec(text)?.[1] ?? "")
    .replaceAll(/\r\n[ \t]/g, " ")
    .trim();

/** A real SMTP server that can refuse and go away. */
export class MailServer implements AsyncDisposable {
  readonly port: number;
  readonly mails: Mail[] = [];
  /** Called before a message is taken; a number is the SMTP code to refuse it with. */
  refuse: () => number | null = () => null;
  /** Called right after a message was taken. */
  taken: (count: number) => void = () => undefined;
  #server: SMTPServer | null = null;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<MailServer> {
    const server = new MailServer(await freePort());
    await server.up();
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  async up(): Promise<void> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS", "AUTH"],
      closeTimeout: 100,
      onData: (stream, _session, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const code = this.refuse();
          if (code !== null)
            return done(Object.assign(new Error("not now"), { responseCode: code }));
          const text = Buffer.concat(chunks).toString("utf8");
          this.mails.push({
            messageId: headerOf(text, "Message-ID"),
            steps: headerOf(text, "X-Skerry-Alerts").split(/\s+/),
            text,
          });
          done();
          this.taken(this.mails.length);
        });
      },
    });
    // A client that is killed breaks its connection.
    server.on("error", () => undefined);
    server.listen(this.port, "127.0.0.1");
    await once(server.server, "listening");
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}

export interface Hook {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

/** A real HTTP server; `answer` says the status, and headers, of each request. */
export class HookServer implements AsyncDisposable {
  readonly url: string;
  readonly hooks: Hook[] = [];
  answer: (count: number) => { status: number; headers?: Record<string, string> } = () => ({
    status: 200,
  });
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}/hook`;
  }

  static async start(): Promise<HookServer> {
    const port = await freePort();
    const server = createHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        hook.hooks.push({ headers: request.headers, body, atMs: performance.now() });
        const { status, headers } = hook.answer(hook.hooks.length);
        response.writeHead(status, headers).end("answer");
      });
    });
    const hook = new HookServer(server, port);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return hook;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Publishes alerts into a region's stream, as an alerting engine does. */
export async function raise(
  connection: NatsConnection,
  region: string,
  alerts: readonly Partial<Alert>[],
): Promise<Alert[]> {
  const raised = alerts.map((of): Alert => {
    const nowMs = Date.now();
    return {
      id: "",
      rule: "co2-high",
      key: "room-1",
      region,
      state: "firing",
      severity: "warning",
      sinceMs: nowMs,
      atMs: nowMs,
      receivedAtMs: nowMs,
      value: 1,
      message: "too high",
      partition: 0,
      seq: 1,
      index: 0,
      ...of,
    };
  });
  const jetstream = connection.jetstream();
  // One after the other: their order is part of what is tested.
  for (const alert of raised)
    await jetstream.publish(alertSubject(alert), JSON.stringify(alert), {
      msgID: `${alert.id}:${alert.state}`,
    });
  return raised;
}

/** `count` alerts of a few rules, named `{prefix}{n}`, half of them resolved. */
export const someAlerts = (count: number, prefix = "a"): Partial<Alert>[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `${prefix}${Math.floor(at / 2)}`,
    rule: `rule-${Math.floor(at / 2) % 3}`,
    key: `room-${Math.floor(at / 2)}`,
    state: at % 2 === 0 ? "firing" : "resolved",
  }));
