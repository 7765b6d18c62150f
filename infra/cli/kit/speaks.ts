// Whether a nats-server says anything. The library keeps the sockets of connections that it gives up before the server
// has spoken, and with them a command would not end whose server is frozen.
import { once } from "node:events";
import { connect } from "node:net";
import { hostOf } from "../../../platform/nats/client/access.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";

const AGAIN_MS = 100;
const NATS_PORT = 4222;

/** The first words of the server of a URL, which speaks first. @throws Error with the reason once `signal` aborts. */
export async function spoken(url: string, signal: AbortSignal): Promise<string> {
  const at = { host: hostOf(url), port: Number(new URL(url).port || NATS_PORT) };
  for (let why: unknown; ;) {
    const socket = connect(at);
    socket.on("error", (error) => (why = error));
    try {
      const [said] = (await once(socket, "data", { signal })) as [Buffer];
      return said.toString();
    } catch {
      if (signal.aborted) throw why;
      await sleep(AGAIN_MS, signal);
    } finally {
      socket.destroy();
    }
  }
}
