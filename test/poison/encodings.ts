// Junk of each encoding, over MQTT on a telemetry topic and on one that is mapped, and over HTTP.
import { telemetryTopic } from "../../contracts/names/topics.ts";
import { ENCODED_JUNK } from "../prove/strangers/kinds/encodings.ts";
import { type Poison, post, rejectedAs, say } from "./poison.ts";

const junk = Object.entries(ENCODED_JUNK).map(([name, make]) => ({ name, ...make(1) }));

const overMqtt = junk.map(({ name, contentType, payload, reason }): Poison => ({
  name: `over MQTT: ${name}`,
  deliver: async (into, id) => {
    const topic = telemetryTopic(id, "machine");
    await say(into, id, { topic, payload, properties: { contentType } });
    return rejectedAs(reason, id);
  },
}));

/** What can be decoded is relayed, and no reject, where no entry of its topic applies. */
const undecodable = junk.filter(({ reason }) => reason === "undecodable");

const mapped = undecodable.map(({ name, contentType, payload }): Poison => ({
  name: `on a mapped topic: ${name}`,
  deliver: async (into, id) => {
    const topic = `tele/${id}/SENSOR`;
    await say(into, id, { topic, payload, properties: { contentType } });
    return ({ rejects }) => {
      const found = rejects.find((one) => one.topic === topic);
      return found ? `reject at ${found.domain}, ${found.reason}` : null;
    };
  },
}));

const overHttp = junk.map(({ name, contentType, payload, reason }): Poison => ({
  name: `over HTTP: ${name}`,
  deliver: async (into, id) => {
    const { status, text } = await post(into, id, payload, { "content-type": contentType });
    if (status !== 422 || !text.includes(`"reason":"${reason}"`))
      throw new Error(`answered ${status} ${text.slice(0, 200)}`);
    return rejectedAs(reason, id);
  },
}));

export const ENCODED: readonly Poison[] = [...overMqtt, ...mapped, ...overHttp];
