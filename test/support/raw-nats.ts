// A client of a nats-server that speaks the protocol itself: it sends what no library would, and keeps to no rights.
import { type Socket, connect } from "node:net";
import { eventually } from "./eventually.ts";

export interface NatsMessage {
  readonly subject: string;
  readonly body: string;
  readonly reply?: string;
  /** Begins with `NATS/1.0`, ends with an empty line. */
  readonly headers?: string;
}

/** Whoever hears everything hears its own requests too. */
const HEARD_MAX = 5_000;

export class RawNats implements Disposable {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  /** The messages that came, the oldest first, and the subscription that each came for. */
  readonly heard: { readonly subject: string; readonly body: string; readonly sid: string }[] = [];
  /** The server's errors. */
  readonly errors: string[] = [];
  isOpen = true;
  #isGreeted = false;
  #pongs = 0;
  #sid = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#read(data));
    socket.on("error", () => undefined);
    socket.on("close", () => (this.isOpen = false));
  }

  /** Logs in, and waits until the server has said what it thinks of that. */
  static async connect(port: number, user: string, password: string): Promise<RawNats> {
    const client = new RawNats(connect(port, "127.0.0.1"));
    await eventually("the server speaks first", () => client.#isGreeted || !client.isOpen);
    const hello = { user, pass: password, headers: true, no_responders: true, echo: true };
    client.#socket.write(
      `CONNECT ${JSON.stringify({ ...hello, verbose: false, protocol: 1 })}\r\n`,
    );
    await client.settled();
    return client;
  }

  /** @returns what ends it. */
  hear(subject: string): { readonly sid: string; readonly stop: () => void } {
    const sid = String(++this.#sid);
    this.#socket.write(`SUB ${subject} ${sid}\r\n`);
    return { sid, stop: () => void this.#socket.write(`UNSUB ${sid}\r\n`) };
  }

  say({ subject, body, reply, headers = "" }: NatsMessage): void {
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    const [head, all] = [Buffer.byteLength(headers), Buffer.byteLength(headers + body)];
    this.#socket.write(
      headers === ""
        ? `PUB ${to} ${all}\r\n${body}\r\n`
        : `HPUB ${to} ${head} ${all}\r\n${headers}${body}\r\n`,
    );
  }

  /** Resolves once the server has taken everything that was sent, or has hung up. */
  async settled(): Promise<void> {
    const before = this.#pongs;
    this.#socket.write("PING\r\n");
    await eventually("the server has read it", () => this.#pongs > before || !this.isOpen);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (let end; (end = this.#buffer.indexOf("\r\n")) >= 0;) {
      const line = this.#buffer.subarray(0, end).toString();
      const [operation, ...rest] = line.split(" ");
      if (operation === "MSG" || operation === "HMSG") {
        const size = Number(rest.at(-1));
        if (this.#buffer.length < end + 4 + size) return;
        const body = this.#buffer.subarray(end + 2, end + 2 + size).toString();
        const [subject = "", sid = ""] = rest;
        if (this.heard.length < HEARD_MAX) this.heard.push({ subject, body, sid });
        this.#buffer = this.#buffer.subarray(end + 4 + size);
        continue;
      }
      if (operation === "PING") this.#socket.write("PONG\r\n");
      if (operation === "INFO") this.#isGreeted = true;
      if (operation === "PONG") this.#pongs += 1;
      if (operation === "-ERR") this.errors.push(line);
      this.#buffer = this.#buffer.subarray(end + 2);
    }
  }
}
