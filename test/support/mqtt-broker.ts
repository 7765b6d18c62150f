// Our broker on a free port, with the publishes of its clients held in the test's hands.
import { startBroker } from "../../gateway/broker/start-broker.ts";
import type { Broker, BrokerHandlers } from "../../gateway/broker/broker.ts";
import type { BrokerOptions } from "../../gateway/broker/options.ts";
import type { Message, Settle } from "../../gateway/ingest/message.ts";

export interface Received {
  publication: Message;
  settle: Settle;
}

export interface TestBroker extends AsyncDisposable {
  broker: Broker;
  port: number;
  received: Received[];
  /** Resolves once `count` publishes have been handed over in total. */
  untilReceived(count: number): Promise<void>;
}

/** Each client is the record that its id begins with, as if it had logged in. */
export const asRecords: Pick<BrokerHandlers, "authenticate"> = {
  authenticate: ({ clientId }) =>
    Promise.resolve({ allowed: true, principal: clientId.split("/", 1)[0]! }),
};

/** With `hold`, publishes wait in `received` until the test settles them; else they settle at once. */
export async function startTestBroker(
  options: Partial<BrokerOptions> = {},
  { hold = false, ...handlers }: Partial<BrokerHandlers> & { hold?: boolean } = {},
): Promise<TestBroker> {
  const received: Received[] = [];
  let wake: (() => void)[] = [];
  const broker = await startBroker(
    { listeners: { mqtt: { host: "127.0.0.1", port: 0 } }, ...options },
    {
      publish: (publication, settle) => {
        received.push({ publication, settle });
        if (!hold) settle(null);
        const waiting = wake;
        wake = [];
        for (const resolve of waiting) resolve();
      },
      ...handlers,
    },
  );
  return {
    broker,
    port: broker.addresses.mqtt?.port ?? 0,
    received,
    untilReceived: async (count) => {
      while (received.length < count) await new Promise<void>((resolve) => wake.push(resolve));
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
