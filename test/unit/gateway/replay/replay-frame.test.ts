import { expect, test } from "vitest";
import { encodeFrame, encodeReading } from "../../../../contracts/messages/frame.ts";
import type { Reject } from "../../../../contracts/messages/reject.ts";
import { replayFrame } from "../../../../gateway/replay/replay-frame.ts";

const FRAME = encodeFrame(
  { v: 1, gateway: "g1", epoch: "e", n: 1, count: 2, total: 2, clock: 5 },
  ["a", "b"].map((device) =>
    encodeReading({
      ...{ device, contract: "pump", version: 2, receivedAtMs: 7, traceparent: null },
      payload: `{"flow":1}`,
    }),
  ),
);

function region(data: Uint8Array | null, refuses: (reject: Reject) => string | null) {
  const taken: Reject[] = [];
  const entry = data && { seq: 9, storeMs: 1, subject: "telemetry.eu.0", data };
  const ingest = {
    replay: (reject: Reject) => {
      taken.push(reject);
      const refused = refuses(reject);
      return Promise.resolve({ readings: refused === null ? 1 : 0, refused });
    },
  };
  const streams = { at: () => Promise.resolve(entry) };
  const ask = (more: { part?: number } = {}) => {
    const asked = { seq: 9, dryRun: false, ...more };
    return replayFrame({ region: "eu", ingest }, streams, asked, AbortSignal.timeout(1_000));
  };
  return { taken, ask };
}

test("every reading of a frame is admitted again as of its arrival, or the one that was set aside", async () => {
  const { taken, ask } = region(FRAME, () => null);
  expect(await ask()).toEqual({ seq: 9, outcome: "stored", readings: 2, detail: "" });
  expect(taken[0]).toMatchObject({
    topic: "devices/a/telemetry/pump/v2",
    clientId: "g1",
    receivedAtMs: 7,
    payload: Buffer.from('{"flow":1}').toString("base64"),
  });
  expect(await ask({ part: 1 })).toMatchObject({ outcome: "stored", readings: 1 });
  expect(taken.at(-1)).toMatchObject({ device: "b" });
});

test("what is refused again, unreadable or gone is said", async () => {
  const some = region(FRAME, ({ device }) => (device === "b" ? "not today" : null));
  expect(await some.ask()).toMatchObject({
    outcome: "partly",
    readings: 1,
    detail: "b: not today",
  });
  const none = region(FRAME, () => "not today");
  expect(await none.ask()).toMatchObject({ outcome: "rejected", readings: 0 });
  const torn = region(Buffer.from("torn"), () => null);
  expect(await torn.ask()).toMatchObject({
    outcome: "rejected",
    detail: "frame 9 cannot be read: the frame is neither JSON nor compressed JSON",
  });
  expect(await region(null, () => null).ask()).toMatchObject({ outcome: "gone" });
});
