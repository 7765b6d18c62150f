// A client that speaks the protocol of nats-server itself.
import { RawConnection } from "./raw-connection.ts";

const WORDS = { says: "PUB", saysWithHeaders: "HPUB", hears: "MSG" };

export class RawNats extends RawConnection {
  #sid = 0;

  static async connect(port: number, user: string, password: string): Promise<RawNats> {
    const client = new RawNats(port, WORDS);
    const told = { headers: true, no_responders: true, echo: true, verbose: false, protocol: 1 };
    await client.greet({ user, pass: password, ...told });
    return client;
  }

  /** @returns what ends it; messages of it have `sid` as the first of their `rest`. */
  hear(subject: string): { readonly sid: string; readonly stop: () => void } {
    const sid = String(++this.#sid);
    this.write(`SUB ${subject} ${sid}`);
    return { sid, stop: () => this.write(`UNSUB ${sid}`) };
  }
}
