// A region that was taken over: it speaks nats-server's leaf node protocol itself, and keeps to no rights of its own.
import { type Socket, connect } from "node:net";
import { eventually } from "./eventually.ts";

export interface RawMessage {
  readonly subject: string;
  readonly body: string;
  readonly reply?: string;
  /** Begins with `NATS/1.0`, ends with an empty line. */
  readonly headers?: string;
}

/** Whoever hears everything hears its own requests too, and what is answered to those. */
const HEARD_MAX = 2_000;

export class RawLeaf implements Disposable {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  readonly heard: { readonly subject: string; readonly body: string }[] = [];
  /** The server's errors. */
  readonly errors: string[] = [];
  isOpen = true;
  #isGreeted = false;
  #pongs = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#read(data));
    socket.on("error", () => undefined);
    socket.on("close", () => (this.isOpen = false));
  }

  /** Logs in, and waits until the server has said what it thinks of that. */
  static async connect(port: number, user: string, password: string): Promise<RawLeaf> {
    const leaf = new RawLeaf(connect(port, "127.0.0.1"));
    await eventually("the server speaks first", () => Promise.resolve(leaf.#isGreeted));
    const id = Math.random().toString(36).slice(2);
    const hello = { user, pass: password, name: `raw-${id}`, server_id: `N${id}`, headers: true };
    leaf.#socket.write(`CONNECT ${JSON.stringify({ ...hello, version: "2.9.10" })}\r\n`);
    await leaf.settled();
    return leaf;
  }

  hear(...subjects: string[]): void {
    for (const subject of subjects) this.#socket.write(`LS+ ${subject}\r\n`);
  }

  say({ subject, body, reply, headers = "" }: RawMessage): void {
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    const [head, all] = [Buffer.byteLength(headers), Buffer.byteLength(headers + body)];
    this.#socket.write(
      headers === ""
        ? `LMSG ${to} ${all}\r\n${body}\r\n`
        : `HMSG ${to} ${head} ${all}\r\n${headers}${body}\r\n`,
    );
  }

  /** Resolves once the server has taken everything that was sent, or has hung up. */
  async settled(): Promise<void> {
    const before = this.#pongs;
    this.#socket.write("PING\r\n");
    await eventually("the server has read it", () =>
      Promise.resolve(this.#pongs > before || !this.isOpen),
    );
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (let end; (end = this.#buffer.indexOf("\r\n")) >= 0;) {
      const line = this.#buffer.subarray(0, end).toString();
      const [operation, ...rest] = line.split(" ");
      if (operation === "LMSG" || operation === "HMSG") {
        const size = Number(rest.at(-1));
        if (this.#buffer.length < end + 4 + size) return;
        const body = this.#buffer.subarray(end + 2, end + 2 + size).toString();
        if (this.heard.length < HEARD_MAX) this.heard.push({ subject: rest[0]!, body });
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
