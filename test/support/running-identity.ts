// Whom a region lets in, by the code of its gateways: of one that goes on running, and of one that starts now.
import { openIdentity } from "../../gateway/identity/identity.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import type { NatsUnderTest } from "./nats.ts";

export interface RunningIdentity extends AsyncDisposable {
  letsIn(id: string, secret: string): Promise<boolean>;
}

/** Starts to follow the devices of a region. */
export async function startIdentity(region: NatsUnderTest): Promise<RunningIdentity> {
  const connection = await region.connect("gateway");
  const stop = new AbortController();
  const parts = { connection, logger: makeLogger({}, "silent"), anonymous: "off" } as const;
  const identity = await openIdentity(parts, stop.signal);
  const running = identity.run(stop.signal, () => undefined);
  // Whoever fails often from one address waits.
  let asked = 0;
  return {
    letsIn: async (id, secret) => {
      const password = Buffer.from(secret);
      const who = { clientId: id, username: id, password, certificate: undefined };
      return (await identity.authenticate({ ...who, remoteAddress: addressOf(asked++) })).allowed;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      await connection.close();
    },
  };
}

const addressOf = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
