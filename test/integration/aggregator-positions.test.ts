// Goal: a position moves only by its owner, whatever happened to the answers of earlier saves.
// Method: a real hub, killed while a save is on its way.
import { POSITIONS_BUCKET, positionKey } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { SetAsideInMemory } from "../support/set-aside.ts";
import { expect, test } from "vitest";
import { Positions } from "../../platform/nats/lanes/positions.ts";
import { startHubAndRegions } from "../support/nats.ts";

const LANE = { region: "eu", partition: 0 };

interface Position {
  readonly seq: number;
}

test("a record that is no position is set aside, and its owner begins anew and saves over it", async () => {
  await using world = await startHubAndRegions({ regions: [] });
  const connection = await world.hub.connect();
  const setAside = new SetAsideInMemory();
  const options = { setAside, holdsLane: true };
  const bucket = await Bucket.open(connection, POSITIONS_BUCKET);
  const key = positionKey("torn", LANE);
  const torn = [
    "{",
    "null",
    '{"position":null}',
    '{"position":{"seq":"7"}}',
    '{"position":{"seq":7}}',
  ];
  for (const text of torn) {
    await bucket.put(key, text);
    const positions = await Positions.open<Position>(connection, "torn", options);
    expect(await positions.load(LANE)).toBeNull();
    const { kind, data } = setAside.all.at(-1)!;
    expect({ kind, data: Buffer.from(data!) }).toEqual({
      kind: "position",
      data: Buffer.from(text),
    });
  }
  const positions = await Positions.open<Position>(connection, "torn");
  await positions.load(LANE);
  await positions.save(LANE, { seq: 9 });
  expect(await positions.load(LANE)).toEqual({ seq: 9 });
});

test("a position is found again; an owner that was overtaken is told so", async () => {
  await using world = await startHubAndRegions({ regions: [] });
  const connection = await world.hub.connect();
  const first = await Positions.open<Position>(connection, "operator");
  expect(await first.load(LANE)).toBe(null);
  await first.save(LANE, { seq: 1 });
  await first.save(LANE, { seq: 2 });

  const second = await Positions.open<Position>(connection, "operator");
  expect(await second.load(LANE)).toEqual({ seq: 2 });
  await second.save(LANE, { seq: 3 });
  await expect(first.save(LANE, { seq: 4 })).rejects.toMatchObject({ code: "POSITION_CONFLICT" });
  expect(await (await Positions.open<Position>(connection, "other")).load(LANE)).toBe(null);
});

test("a save that the client sent only after a reconnect is the owner's own progress", async () => {
  await using world = await startHubAndRegions({ regions: [] });
  const connection = await world.hub.connect();
  const positions = await Positions.open<Position>(connection, "operator");
  await positions.load(LANE);
  await positions.save(LANE, { seq: 1 });
  await world.hub.process.kill();
  await expect(positions.save(LANE, { seq: 2 })).rejects.toMatchObject({ disposition: "retry" });
  await world.hub.process.start();
  for (;;) {
    try {
      await positions.save(LANE, { seq: 3 });
      break;
    } catch (error) {
      expect(error).toMatchObject({ disposition: "retry" });
    }
  }
  expect(await (await Positions.open<Position>(connection, "operator")).load(LANE)).toEqual({
    seq: 3,
  });
});
