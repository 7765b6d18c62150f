// A connection to a nats-server that speaks its protocol by hand: it sends what no library would, and keeps to no rights.
import { connect } from "node:net";
import { eventually } from "./eventually.ts";

export interface RawMessage {
  readonly subject: string;
  readonly body: string;
  readonly reply?: string;
  /** Begins with `NATS/1.0`, ends with an empty line. */
  readonly headers?: string;
}

/** The words of clients and of leaf nodes for one and the same thing. */
interface Words {
  readonly says: string;
  readonly saysWithHeaders: string;
  readonly hears: string;
}

/** Whoever hears everything hears its own requests too, and what is answered to those. */
const HEARD_MAX = 5_000;

export class RawConnection implements Disposable {
  readonly #socket;
  readonly #words: Words;
  #buffer = Buffer.alloc(0);
  /** The messages that came, the oldest first; `rest` is what the protocol says between subject and size. */
  readonly heard: { subject: string; body: string; rest: readonly string[] }[] = [];
  /** The server's errors. */
  readonly errors: string[] = [];
  isOpen = true;
  #isGreeted = false;
  #pongs = 0;

  protected constructor(port: number, words: Words) {
    this.#words = words;
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (data: Buffer) => this.#read(data));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => (this.isOpen = false));
  }

  /** Logs in, and waits until the server has said what it thinks of that. */
  protected async greet(hello: object): Promise<void> {
    await eventually("the server speaks first", () => this.#isGreeted || !this.isOpen);
    this.write(`CONNECT ${JSON.stringify(hello)}`);
    await this.settled();
  }

  protected write(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  say({ subject, body, reply, headers = "" }: RawMessage): void {
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    const [head, all] = [Buffer.byteLength(headers), Buffer.byteLength(headers + body)];
    const { says, saysWithHeaders } = this.#words;
    const operation =
      headers === "" ? `${says} ${to} ${all}` : `${saysWithHeaders} ${to} ${head} ${all}`;
    this.write(`${operation}\r\n${headers}${body}`);
  }

  /** Resolves once the server has taken everything that was sent, or has hung up. */
  async settled(): Promise<void> {
    const before = this.#pongs;
    this.write("PING");
    await eventually("the server has read it", () => this.#pongs > before || !this.isOpen);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (let end; (end = this.#buffer.indexOf("\r\n")) >= 0;) {
      const line = this.#buffer.subarray(0, end).toString();
      const [operation, subject = "", ...rest] = line.split(" ");
      if (operation === this.#words.hears || operation === "HMSG") {
        const size = Number(rest.at(-1));
        if (this.#buffer.length < end + 4 + size) return;
        const body = this.#buffer.subarray(end + 2, end + 2 + size).toString();
        if (this.heard.length < HEARD_MAX) this.heard.push({ subject, body, rest });
        this.#buffer = this.#buffer.subarray(end + 4 + size);
        continue;
      }
      if (operation === "PING") this.write("PONG");
      if (operation === "INFO") this.#isGreeted = true;
      if (operation === "PONG") this.#pongs += 1;
      if (operation === "-ERR") this.errors.push(line);
      this.#buffer = this.#buffer.subarray(end + 2);
    }
  }
}
