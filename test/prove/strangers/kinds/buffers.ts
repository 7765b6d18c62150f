// A machine that keeps what it measures while it is away and sends it hours later, between what it measures now. What was
// is told as late alerts, and leaves the alert of now alone.
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { wrongSteps } from "../steps.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { HOT, machineReading } from "./machine.ts";

const DEVICE = `${STRANGERS}buffer`;
const EVERY_MS = 400;
/** Readings between two buffers; in half of them it is hot now. */
const LIVE_READINGS = 12;
const BUFFERED = { least: 6, most: 20 };
const HOUR_MS = 3_600_000;

export const buffers = (): Stranger => ({
  send: async ({ client, random, pause, over }) => {
    const link = client({ region: "us", id: DEVICE });
    const topic = telemetryTopic(DEVICE, "machine");
    let lastMs = 0;
    const send = (ms: number, temperature: number): void => {
      const { payload, fate } = machineReading(DEVICE, ms, temperature);
      link.send({ topic, payload: JSON.stringify(payload), fates: [fate] });
    };
    const sendNow = (round: number): void => {
      lastMs = Math.max(lastMs + 1, Date.now());
      send(lastMs, (round % 2 === 0 ? 20 : 600) + random());
    };
    for (let round = 0; !over.aborted; round++) {
      for (let made = 0; made < LIVE_READINGS && !over.aborted; made++) {
        sendNow(round);
        await pause(EVERY_MS);
      }
      link.drop();
      const count = BUFFERED.least + Math.floor(random() * (BUFFERED.most - BUFFERED.least));
      // Buffers of several rounds lie in minutes that later ones fill, too.
      const fromMs = Date.now() - (1 + (round % 3)) * HOUR_MS;
      for (let at = 0; at < count; at++) {
        const isThawed = at >= count / 3 && at < (2 * count) / 3;
        send(fromMs + at * 500, (isThawed ? 700 : -18) + random());
        if (at % 4 === 3) sendNow(round);
      }
    }
  },
  judge: (evidence) => {
    const ofDevice = evidence.alerts.us.filter(
      ({ key, rule }) => key === DEVICE && rule === HOT.rule,
    );
    const late = ofDevice.filter((one) => one.late === true).length;
    return [
      ...(late === 0 ? [`${DEVICE}: nothing of its buffer was told`] : []),
      ...(late === ofDevice.length ? [`${DEVICE}: nothing of now was told`] : []),
      ...wrongSteps(evidence, { region: "us", device: DEVICE, ...HOT }),
    ];
  },
});
