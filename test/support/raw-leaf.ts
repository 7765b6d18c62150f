// A region that was taken over: it speaks nats-server's leaf node protocol itself.
import { RawConnection } from "./raw-connection.ts";

const WORDS = { says: "LMSG", saysWithHeaders: "HMSG", hears: "LMSG" };

export class RawLeaf extends RawConnection {
  static async connect(port: number, user: string, password: string): Promise<RawLeaf> {
    const leaf = new RawLeaf(port, WORDS);
    const id = Math.random().toString(36).slice(2);
    const told = { name: `raw-${id}`, server_id: `N${id}`, headers: true, version: "2.9.10" };
    await leaf.greet({ user, pass: password, ...told });
    return leaf;
  }

  hear(...subjects: string[]): void {
    for (const subject of subjects) this.write(`LS+ ${subject}`);
  }
}
