// A room sensor that sends what changed: its readings hold temperature or humidity, seldom both. A rule over both, and over another
// contract of the same device, remembers each field.
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { type Known, wrongSteps } from "../steps.ts";
import type { Values } from "../sent.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { machineReading } from "./machine.ts";

const DEVICE = `${STRANGERS}partial`;
const EVERY_MS = 250;
/** As in rules.json. */
const DAMP = {
  rule: "stranger-damp",
  contracts: ["climate", "machine"],
  holds: (known: Known): boolean =>
    Number(known["climate.temperature"]) > 25 &&
    Number(known["climate.humidity"]) > 70 &&
    Number(known["machine.temperature"]) < 0,
};

export const partial = (): Stranger => ({
  send: async ({ client, random, pause, over }) => {
    const link = client({ region: "us", id: DEVICE });
    const climate = telemetryTopic(DEVICE, "climate");
    let lastMs = 0;
    const among = (from: number, to: number): number =>
      Math.round((from + random() * (to - from)) * 10) / 10;
    while (!over.aborted) {
      lastMs = Math.max(lastMs + 1, Date.now());
      const kind = random();
      if (kind < 0.15) {
        const { payload, fate } = machineReading(DEVICE, lastMs, among(-20, 8));
        const topic = telemetryTopic(DEVICE, "machine");
        link.send({ topic, payload: JSON.stringify(payload), fates: [fate] });
      } else {
        const values: Values = {
          ...(kind < 0.6 ? { temperature: among(20, 32) } : {}),
          ...(kind >= 0.55 && kind < 0.95 ? { humidity: among(50, 95) } : {}),
          ...(kind >= 0.9 ? { battery: among(0, 100) } : {}),
        };
        link.send({
          topic: climate,
          payload: JSON.stringify({ ts: lastMs, ...values }),
          fates: [
            {
              becomes: "reading",
              device: DEVICE,
              contract: "climate",
              ms: lastMs,
              values,
              by: "content",
            },
          ],
        });
      }
      await pause(EVERY_MS);
    }
  },
  judge: (evidence) => [
    ...(evidence.alerts.us.some(({ key, rule }) => key === DEVICE && rule === DAMP.rule)
      ? []
      : [`${DEVICE}: no alert at all`]),
    ...wrongSteps(evidence, { region: "us", device: DEVICE, ...DAMP }),
  ],
});
