// Freezers and a line that feeds in and draws: negative, mixed and constant values, as many as make a rollup estimate its
// quantiles.
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { machineReading } from "./machine.ts";

const EVERY_MS = 150;

const VALUES: Readonly<Record<string, (random: () => number) => number>> = {
  freezer: (random) => Math.round((-18.9 + 0.9 * random()) * 1_000) / 1_000,
  mixed: (random) => Math.round((random() * 10 - 5) * 1_000) / 1_000,
  constant: () => -0.5,
  // Orders of magnitude on both sides, and nothing.
  wide: (random) => (random() < 0.1 ? 0 : (random() < 0.5 ? -1 : 1) * 10 ** (random() * 6.5 - 4)),
};

export const belowZero = (): Stranger => ({
  send: async ({ client, random, pause, over }) => {
    const freezers = Object.entries(VALUES).map(([name, valueOf], at) => {
      const device = `${STRANGERS}${name}`;
      const region = at % 2 === 0 ? ("eu" as const) : ("us" as const);
      return { device, valueOf, link: client({ region, id: device }) };
    });
    for (let lastMs = 0; !over.aborted;) {
      lastMs = Math.max(lastMs + 1, Date.now());
      for (const { device, valueOf, link } of freezers) {
        const { payload, fate } = machineReading(device, lastMs, valueOf(random));
        const topic = telemetryTopic(device, "machine");
        link.send({ topic, payload: JSON.stringify(payload), fates: [fate] });
      }
      await pause(EVERY_MS);
    }
  },
});
