// Goal: a region whose whole store went back, log and records, lets in again exactly those who may, and no reading is
// missing that the hub's copy still had; the hub is not fenced for it, because it has lost nothing.
// Method: real servers and a steward; the region's directory is replaced by an older copy of itself after devices were
// revoked, let in and added, and after readings that nobody had stored yet.
import { expect, test } from "vitest";
import { Streams } from "../../platform/nats/client/streams.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { HubDrill } from "../support/hub-drill.ts";
import { startInflux } from "../support/influx.ts";
import { startService } from "../support/services.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";

const WITHIN_MS = 60_000;
/** The log goes on from 40, and does not reach the 80 of the copy with this. */
const ALL = 100;
const LANE = { region: "eu", partition: 0 };

const reading = (seq: number): TestReading => {
  const ts = Date.now() - 10_000 + seq;
  const values = { temperature: 20, humidity: 40, light: 1, co2: seq, occupancy: 1 };
  return {
    ...{ device: "room", contract: "environment", receivedAtMs: ts },
    payload: { ts, seq, ...values },
  };
};

test(
  "a region that was rolled back knows who may log in, and the readings that it lost are stored",
  { timeout: 240_000 },
  async () => {
    await using drill = await HubDrill.start();
    await using influx = await startInflux();
    await drill.startSteward();
    const eu = drill.world.region("eu");
    const gateway = await startService("gateway/main.ts", {
      SKERRY_NATS_URL: eu.urlOf("gateway"),
      ...{ SKERRY_REGION: "eu", SKERRY_MQTT_PORT: "0" },
    });
    await using __ = gateway.process;
    const hub = await drill.world.hub.connect();
    const write = async (writer: FrameWriter, from: number, to: number): Promise<void> => {
      const connection = await eu.connect();
      for (let seq = from; seq <= to; seq++)
        await writer.publish(connection, [reading(seq)], Date.now());
    };
    const copied = (seq: number) => async () =>
      ((await new Streams(hub).find("TELEMETRY_eu"))?.lastSeq ?? 0) >= seq;
    const stored = async (): Promise<number[]> =>
      (await influx.client().query("SELECT co2 FROM environment"))
        .map(({ co2 }) => Number(co2))
        .sort((a, b) => a - b);

    for (const id of ["stays", "goes"]) await drill.add(id);
    await drill.settle();
    const writer = new FrameWriter(LANE);
    await write(writer, 1, 40);
    await eventually("the hub has a copy", copied(40), WITHIN_MS);
    await drill.keepStore(eu);
    // An hour later: a device is revoked, another one is new, and readings came.
    await drill.revoke("goes");
    await drill.add("late");
    await write(writer, 41, 80);
    await eventually("the hub has these as well", copied(80), WITHIN_MS);
    await eventually("all is known", () => drill.letsInOnly(["stays", "late"]), WITHIN_MS);

    await drill.rollBack(eu);
    await eventually("as it was", () => drill.letsInOnly(["stays", "late"]), WITHIN_MS);
    // Readings go on, under numbers that the hub has for others: the region moves its log on behind those.
    await write(new FrameWriter(LANE, "g1", "after"), 81, ALL);
    const aggregator = await makeAggregator(drill.world, influx, ["eu"], {});
    await using ___ = aggregator.process;
    await aggregator.process.start();
    const all = Array.from({ length: ALL }, (_, at) => at + 1);
    await eventually("nothing is missing", async () => (await stored()).length >= ALL, WITHIN_MS);
    expect(await stored()).toEqual(all);
    expect(await drill.isFenced()).toBe(false);
    // What is written at the hub from now on arrives.
    await drill.revoke("stays");
    await drill.add("new");
    await eventually("it goes on", () => drill.letsInOnly(["late", "new"]), WITHIN_MS);
  },
);
