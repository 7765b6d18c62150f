import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { once } from "node:events";

/**
 * The addresses that a nats-server tells a leaf when it connects, and later, `no_advertise` or not (2.9.10): after a cut of
 * some 15 s the leaf would dial one of them, round this link, and the cut would be over. It is told this one instead.
 */
const ADDRESSES = '"leafnode_urls":[';
const OWN_ADDRESSES = /"leafnode_urls":\[[^\]]*\]/g;

/** A link between two processes that can be cut and slowed down; the kernel here has no netem. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;
  /** Delay of every piece of data, each way. */
  latencyMs = 0;
  /** Payload of the TCP connections since the start, both ways together. */
  bytes = 0;

  private constructor(targetPort: number) {
    // Else what is small waits 40 ms for the other end's acknowledgement (Nagle's algorithm, RFC 896).
    this.#server = createServer({ noDelay: true }, (client) => {
      const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      this.#forward(client, target);
      this.#forward(target, client);
    });
  }

  static async listen(port: number, targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(port, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Nothing passes and nobody is told, as when a cable is cut. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  heal(): void {
    this.#cut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  #forward(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    if (this.#cut) from.pause();
    from.on("data", (received: Buffer) => {
      const chunk = this.#readdressed(received);
      this.bytes += chunk.length;
      const pass = (): void => {
        if (to.destroyed || to.write(chunk)) return;
        from.pause();
        to.once("drain", () => this.#cut || from.resume());
      };
      if (this.latencyMs === 0) pass();
      else setTimeout(pass, this.latencyMs);
    });
    const gone = (): void => {
      this.#sockets.delete(from);
      to.destroy();
    };
    from.on("error", gone);
    from.on("close", gone);
  }

  #readdressed(chunk: Buffer): Buffer {
    if (!chunk.includes(ADDRESSES)) return chunk;
    const { port } = this.#server.address() as AddressInfo;
    const own = `"leafnode_urls":["127.0.0.1:${port}"]`;
    return Buffer.from(chunk.toString("latin1").replace(OWN_ADDRESSES, own), "latin1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
