// A device that tells one reading in several spellings: its time in milliseconds or as ISO 8601 in another zone, its numbers with an
// exponent or needless zeros, its properties in another order, the whole on a topic that is mapped. It is one reading.
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { machineReading } from "./machine.ts";

const DEVICE = `${STRANGERS}spellings`;
const ROOM = `${STRANGERS}spelt-room`;
const ZIGBEE = `${STRANGERS}spelt-zigbee`;
const REGION = "eu";
const EVERY_MS = 700;
const DROP_EVERY = 9;

/** The time of a zone that is so many hours east of Greenwich. */
const isoOf = (ms: number, hours: number): string =>
  `${new Date(ms + hours * 3_600_000).toISOString().slice(0, -1)}${hours < 0 ? "-" : "+"}` +
  `${String(Math.abs(hours)).padStart(2, "0")}:00`;

const machineSpellings = (ms: number, value: number): string[] => {
  const exponent = value.toExponential();
  const iso = new Date(ms).toISOString();
  return [
    `{"ts":${ms},"temperature":${value}}`,
    `{"temperature":${exponent},"ts":"${iso}"}`,
    `{"ts":"${isoOf(ms, 2)}","temperature":${value}}`,
    `{ "ts" : "${isoOf(ms, -9)}" ,\n\t"temperature" : ${value} }`,
    `{"ts":"${iso.slice(0, -1)}000000Z","temperature":${exponent}}`,
    `{"ts":${ms}.0,"temperature":${value}}`,
    `{"\\u0074s":${ms},"temperature":${value}}`,
  ];
};

const roomSpellings = (seq: number, ms: number, co2: number): string[] => {
  const rest = `"temperature":21.50,"humidity":4e1,"light":0,"co2":${co2},"occupancy":0`;
  return [
    `{"seq":${seq},"ts":${ms},${rest}}`,
    `{${rest},"ts":"${isoOf(ms, 1)}","seq":${seq}}`,
    `{"ts":"${new Date(ms).toISOString()}","seq":${seq}.0,${rest}}`,
    `{"ts":${ms},"seq":${seq},"co2":${co2.toExponential()},"occupancy":-0,"light":0.0,"humidity":40,"temperature":21.5}`,
  ];
};

/** On a mapped topic, and on the telemetry topic of the contract that it is mapped to. */
const zigbeeSpellings = (ms: number, temperature: number) => {
  const mapped = `zigbee2mqtt/${ZIGBEE}`;
  return [
    { topic: mapped, payload: JSON.stringify({ temperature, humidity: 40, last_seen: ms }) },
    {
      topic: mapped,
      payload: JSON.stringify({ last_seen: isoOf(ms, 2), humidity: 40, temperature }),
    },
    {
      topic: telemetryTopic(ZIGBEE, "climate"),
      payload: JSON.stringify({ ts: new Date(ms).toISOString(), humidity: 40, temperature }),
    },
  ];
};

export const spellings = (): Stranger => ({
  send: async ({ client, random, pause, over }) => {
    const link = client({ region: REGION, id: DEVICE });
    const room = client({ region: REGION, id: ROOM });
    const zigbee = client({ region: REGION, id: ZIGBEE });
    const shuffled = <T>(spelt: T[]): T[] =>
      spelt
        .map((one) => ({ one, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one);
    for (let made = 1, lastMs = 0; !over.aborted; made++) {
      const ms = Math.max(lastMs + 1, Date.now());
      lastMs = ms;
      const value = Math.round(random() * 9_000 + 1) / 100;
      const { fate } = machineReading(DEVICE, ms, value);
      for (const payload of shuffled(machineSpellings(ms, value)))
        link.send({ topic: telemetryTopic(DEVICE, "machine"), payload, fates: [fate] });
      for (const { topic, payload } of shuffled(zigbeeSpellings(ms, value)))
        zigbee.send({
          topic,
          payload,
          fates: [
            {
              becomes: "reading",
              device: ZIGBEE,
              contract: "climate",
              ms,
              values: { temperature: value, humidity: 40 },
              by: "content",
            },
          ],
        });
      const co2 = 400 + Math.round(random() * 100);
      const rest = { temperature: 21.5, humidity: 40, light: 0, co2, occupancy: 0 };
      for (const payload of shuffled(roomSpellings(made, ms, co2)))
        room.send({
          topic: telemetryTopic(ROOM, "environment", 1),
          payload,
          fates: [
            {
              becomes: "reading",
              device: ROOM,
              contract: "environment",
              ms,
              values: { seq: made, ...rest },
              by: "content",
            },
          ],
        });
      if (made % DROP_EVERY === 0) link.drop();
      await pause(EVERY_MS);
    }
  },
});
