// Our broker in a process of its own, for tests that kill it.
//
// argv[2]: JSON of `ServeOptions`. Says `{"port": n}` to its parent once it listens. Its parent may
// send `{publish: topic, payload}` and gets `{published: topic}` back.
import { startBroker } from "../../gateway/broker/start-broker.ts";
import type { Limits } from "../../gateway/broker/options.ts";

export interface ServeOptions {
  dataDirectory?: string;
  limits?: Partial<Limits>;
  /** Reports every publish handed over as `{handed: payload}`. */
  report?: boolean;
  /** Its clock is this far ahead, so that what expires has expired without anybody waiting. */
  clockAheadMs?: number;
}

// Its parent is gone, however that ended.
process.once("disconnect", () => process.exit());
const {
  report,
  clockAheadMs = 0,
  ...options
} = JSON.parse(process.argv[2] ?? "{}") as ServeOptions;
const now = Date.now;
Date.now = () => now() + clockAheadMs;
const broker = await startBroker(
  { listeners: { mqtt: { host: "127.0.0.1", port: 0 } }, ...options },
  {
    publish: ({ payload }, settle) => {
      if (report) process.send?.({ handed: payload.toString() });
      settle(null);
    },
  },
);
process.on("message", (message: { counters?: true; publish?: string; payload?: string }) => {
  if (message.counters) {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    const memory = { rssBytes: rss, keptBytes: heapUsed + external };
    return void process.send?.({ counters: { ...broker.counters, ...memory } });
  }
  void broker
    .publish(message.publish ?? "", message.payload ?? "", { retain: true })
    .then(() => process.send?.({ published: message.publish }));
});
process.send?.({ port: broker.addresses.mqtt?.port });
