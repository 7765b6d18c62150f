// A wire tap: a TCP proxy that keeps every byte that passed, each way, and can be cut.
import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";

export class Recorder implements AsyncDisposable {
  readonly #server;
  readonly #sockets = new Set<Socket>();
  /** Of each direction of each connection, in order. */
  readonly #streams: Buffer[][] = [];
  connections = 0;

  private constructor(targetPort: number) {
    this.#server = createServer({ noDelay: true }, (client) => {
      this.connections += 1;
      const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      this.#record(client, target);
      this.#record(target, client);
    });
  }

  static async before(targetPort: number): Promise<Recorder> {
    const recorder = new Recorder(targetPort);
    recorder.#server.listen(0, "127.0.0.1");
    await once(recorder.#server, "listening");
    return recorder;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Everything that passed; a text may lie across two pieces of one direction. */
  get bytes(): Buffer {
    return Buffer.concat(this.#streams.flat());
  }

  /** Those of the texts that somebody on the wire could have read. */
  heard(texts: Iterable<string>): string[] {
    const streams = this.#streams.map((pieces) => Buffer.concat(pieces));
    return [...texts].filter((text) => streams.some((bytes) => bytes.includes(text)));
  }

  /** Ends the connections that there are; the next ones pass. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #record(from: Socket, to: Socket): void {
    const pieces: Buffer[] = [];
    this.#streams.push(pieces);
    this.#sockets.add(from);
    from.on("data", (piece: Buffer) => {
      pieces.push(piece);
      to.write(piece);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
