// Machines whose clocks are 10 seconds, 10 minutes and 3 hours behind. What they report is stored at the time that they say,
// and raises its alert when it arrives, as one that came late where it did.
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { wrongSteps } from "../steps.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { HOT, machineReading } from "./machine.ts";

const BEHIND_MS = { "10s": 10_000, "10m": 600_000, "3h": 3 * 3_600_000 };
const EVERY_MS = 700;
/** One reading in so many is hot. */
const HOT_EVERY = 4;

export function slowClocks(): Stranger {
  const machines = Object.entries(BEHIND_MS).map(([name, behindMs]) => ({
    device: `${STRANGERS}clock-${name}`,
    behindMs,
  }));
  return {
    send: async ({ client, random, pause, over }) => {
      const linked = machines.map((one) => ({
        ...one,
        link: client({ region: "eu", id: one.device }),
      }));
      for (let made = 0; !over.aborted; made++) {
        for (const { device, behindMs, link } of linked) {
          const isHot = made % HOT_EVERY === HOT_EVERY - 1;
          const temperature = isHot ? 600 + Math.round(random() * 100) : 20 + (made % 50) / 10;
          const { payload, fate } = machineReading(device, Date.now() - behindMs, temperature);
          const topic = telemetryTopic(device, "machine");
          link.send({ topic, payload: JSON.stringify(payload), fates: [fate] });
        }
        await pause(EVERY_MS);
      }
    },
    judge: (evidence) =>
      machines.flatMap(({ device, behindMs }) => {
        const late = evidence.alerts.eu.filter(
          ({ key, rule }) => key === device && rule === HOT.rule,
        );
        const isLate = behindMs > 60_000;
        const wrong = late.filter((one) => isLate && one.late !== true);
        return [
          ...(late.length === 0 ? [`${device}: no alert at all`] : []),
          ...(wrong.length > 0 ? [`${device}: ${wrong.length} alerts are not late`] : []),
          ...wrongSteps(evidence, { region: "eu", device, ...HOT }),
        ];
      }),
  };
}
