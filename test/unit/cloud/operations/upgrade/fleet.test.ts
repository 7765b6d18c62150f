import { expect, test } from "vitest";
import {
  fleetOf,
  hindrances,
  ofOtherVersions,
} from "../../../../../cloud/operations/upgrade/fleet.ts";

const heard = (kind: "gateway" | "alerting" | "steward", domain: string, level?: number) => ({
  ...{ kind, domain, instance: `${kind}-1` },
  ...(level === undefined ? {} : { version: `0.${level}.0`, formatLevel: level }),
});

test("a process that says no version is of 0.1.0, which reads level 1", () => {
  const fleet = fleetOf([heard("gateway", "eu"), heard("steward", "hub", 2)]);
  expect(fleet.map(({ kind, version, level }) => [kind, version, level])).toEqual([
    ["steward", "0.2.0", 2],
    ["gateway", "0.1.0", 1],
  ]);
  expect(ofOtherVersions(fleet, "0.2.0").map(({ kind }) => kind)).toEqual(["gateway"]);
});

test("an upgrade is finished when every process that must be there is heard, and reads the level", () => {
  const all = [heard("gateway", "eu", 2), heard("alerting", "eu", 2), heard("steward", "hub", 2)];
  const of = { regions: ["eu"], level: 2 };
  expect(hindrances(fleetOf(all), of)).toEqual({ older: [], unheard: [] });
  const mixed = hindrances(fleetOf([...all.slice(1), heard("gateway", "eu")]), of);
  expect(mixed.older).toEqual([
    "gateway gateway-1 (eu) runs 0.1.0, which reads formats up to level 1 only: upgrade it",
  ]);
  const away = hindrances(fleetOf(all), { ...of, regions: ["eu", "us"] });
  expect(away.unheard).toEqual([
    "no gateway of us is heard, so that nobody knows what it reads",
    "no alerting of us is heard, so that nobody knows what it reads",
  ]);
});
