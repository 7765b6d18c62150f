import { type Server, type Socket, connect, createServer } from "node:net";
import { once } from "node:events";

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
    this.#server = createServer((client) => {
      const target = connect(targetPort, "127.0.0.1");
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
    from.on("data", (chunk: Buffer) => {
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
