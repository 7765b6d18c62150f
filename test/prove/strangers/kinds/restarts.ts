// A room whose sequence starts again at 0 with each start of the device, and which has no clock. Nothing of a new start is a
// repeat of an old one, and people see how often it starts.
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import { eventually } from "../../../support/eventually.ts";
import type { Client } from "../client.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";

const DEVICE = `${STRANGERS}restarts`;
const READINGS = { least: 3, most: 25 };
const EVERY_MS = 150;
const COUNTED_WITHIN_MS = 90_000;
/** A start that is not counted by then was the first that an aggregator saw of the device. */
const NEXT_START_MS = 3_000;

export function restarts(): Stranger {
  let start = 0;
  let link: Client;
  const reading = (seq: number): void => {
    // The start is in the values: with equal ones nothing could tell it from a re-send.
    const values = {
      seq,
      temperature: 15 + (start % 500) / 100,
      humidity: 40,
      light: 0,
      co2: 400 + seq,
      occupancy: 0,
    };
    link.send({
      topic: telemetryTopic(DEVICE, "environment"),
      payload: JSON.stringify(values),
      fates: [
        {
          becomes: "reading",
          device: DEVICE,
          contract: "environment",
          ms: null,
          values,
          by: "content",
        },
      ],
    });
  };
  return {
    send: async ({ client, random, pause, over }) => {
      link = client({ region: "us", id: DEVICE });
      for (; !over.aborted; start++) {
        const count = READINGS.least + Math.floor(random() * (READINGS.most - READINGS.least));
        for (let seq = 0; seq < count && !over.aborted; seq++) {
          reading(seq);
          await pause(EVERY_MS);
        }
      }
    },
    atLast: async ({ sequenceRestarts }) => {
      let before = Number.POSITIVE_INFINITY;
      let startedMs = Number.NEGATIVE_INFINITY;
      const isCounted = async (): Promise<boolean> => {
        const now = await sequenceRestarts(DEVICE);
        if (now > before) return true;
        // An aggregator that took the lane over counts from 0.
        before = now;
        if (performance.now() - startedMs < NEXT_START_MS) return false;
        startedMs = performance.now();
        start += 1;
        for (let seq = 0; seq < 3; seq++) reading(seq);
        return false;
      };
      const what = `${DEVICE} is counted as one that began its sequence anew`;
      await eventually(what, isCounted, COUNTED_WITHIN_MS);
    },
  };
}
