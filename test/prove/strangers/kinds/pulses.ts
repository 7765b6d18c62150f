// A meter that publishes a bare number for each pulse: no time, no sequence, equal values, many within a
// millisecond. Each is one.
import { STRANGERS, type Stranger } from "../stranger.ts";

const PULSES = { least: 20, most: 60 };
const EVERY_MS = { least: 1_000, most: 3_000 };

export const pulses = (): Stranger => ({
  send: async ({ client, random, pause, over }) => {
    const meters = (["eu", "us"] as const).map((region) => {
      const device = `${STRANGERS}pulse-${region}`;
      return { device, link: client({ region, id: device }) };
    });
    const between = ({ least, most }: { least: number; most: number }): number =>
      least + Math.floor(random() * (most - least));
    while (!over.aborted) {
      for (const { device, link } of meters)
        for (let left = between(PULSES); left > 0; left--)
          link.send({
            topic: `sensors/${device}/pulse`,
            payload: "1",
            fates: [
              {
                becomes: "reading",
                device,
                contract: "measurement",
                ms: null,
                values: { value: 1, quantity: "pulse" },
                by: "place",
              },
            ],
          });
      await pause(between(EVERY_MS));
    }
  },
});
