// Two devices that were given one client id, and take the connection from each other for ever. People are told, and what
// either was acknowledged is stored.
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import type { GatewayRule } from "../../../../contracts/messages/alert.ts";
import { eventually } from "../../../support/eventually.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { machineReading } from "./machine.ts";

const CLIENT_ID = `${STRANGERS}twin`;
const REGION = "eu";
const EVERY_MS = 500;
/** Slow for a fight, and much more often than a device comes back over a bad link. */
const RECONNECT = { baseMs: 1_500, maxMs: 1_500 };
const RULE: GatewayRule = "client_id_contested";
const TOLD_WITHIN_MS = 120_000;

export const twins = (): Stranger => ({
  send: async ({ client, random, pause, over }) => {
    const both = ["a", "b"].map((name) => ({
      device: `${CLIENT_ID}-${name}`,
      link: client({ region: REGION, id: CLIENT_ID, reconnect: RECONNECT }),
    }));
    for (let lastMs = 0; !over.aborted;) {
      lastMs = Math.max(lastMs + 1, Date.now());
      for (const { device, link } of both) {
        const { payload, fate } = machineReading(device, lastMs, random());
        const topic = telemetryTopic(device, "machine");
        link.send({ topic, payload: JSON.stringify(payload), fates: [fate] });
      }
      await pause(EVERY_MS);
    }
  },
  atLast: async ({ alerts }) => {
    await eventually(
      `alert ${RULE} of ${CLIENT_ID} is raised`,
      async () =>
        (await alerts(REGION)).some(
          ({ rule, key, state }) => rule === RULE && key === CLIENT_ID && state === "firing",
        ),
      TOLD_WITHIN_MS,
    );
  },
});
