// Goal: a volume that fills up is told everywhere in the same words: verdict, doctor, status.
import { expect, test } from "vitest";
import { filling } from "../../../../../cloud/insight/volumes/filling.ts";
import type { StewardStatus, VolumeForecast } from "../../../../../contracts/messages/status.ts";
import { volumeFindings } from "../../../../../infra/cli/doctor/processes.ts";
import { run } from "../../../../support/insight-facts.ts";

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;
const volume = (over: Partial<VolumeForecast> = {}): VolumeForecast => ({
  ...{ domain: "eu", name: "nats-eu", usedBytes: 10 * GIB, freeBytes: 20 * GIB },
  ...{ bytesPerDay: 4 * GIB, fullInMs: 5 * DAY_MS, ...over },
});
const steward = (...volumes: VolumeForecast[]) =>
  ({
    ...{ process: "steward", volumes, links: [{ region: "eu", bytesPerDay: 2 * GIB }] },
  }) as unknown as StewardStatus;

test("how much is left, how fast it goes, and when it is gone", () => {
  expect(filling(volume(), 5 * DAY_MS)).toBe(
    "the disk nats-eu of eu is full in 5 d: 20.0 GiB are free, 4.0 GiB a day come",
  );
  expect(filling(volume({ domain: "hub", name: "jetstream", bytesPerDay: null }), DAY_MS)).toBe(
    "the room of JetStream of the hub is full in 24 h: 20.0 GiB are free",
  );
});

test("the verdict has it a week ahead, with what to do, and not before", () => {
  const of = (fullInMs: number | null) =>
    run(3, { also: steward(volume({ fullInMs })) })
      .at(-1)!
      .problems.filter(({ kind }) => kind === "disk_filling");
  expect(of(8 * DAY_MS)).toEqual([]);
  expect(of(null)).toEqual([]);
  expect(of(6 * DAY_MS)).toEqual([
    expect.objectContaining({
      ...{ region: "eu", state: "degraded", runBook: "skerrydiskfullsoon" },
      text: expect.stringMatching(/^the disk nats-eu of eu is full in 6 d/) as string,
    }),
  ]);
});

test("doctor says what is free and how fast it goes, warns a week ahead, and is alarmed a day ahead", () => {
  const found = volumeFindings(
    steward(
      volume({ fullInMs: null }),
      volume({ fullInMs: 6 * DAY_MS }),
      volume({ fullInMs: DAY_MS / 2 }),
    ),
  );
  expect(found.map(({ level }) => level)).toEqual(["fine", "warning", "wrong", "fine"]);
  expect(found[0]!.what).toBe("20.0 GiB are free, 4.0 GiB a day come");
  expect(found.at(-1)).toMatchObject({ subject: "link of eu", what: "2.0 GiB a day go over it" });
});
