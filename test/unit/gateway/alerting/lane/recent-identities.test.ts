import fc from "fast-check";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { identityOf } from "../../../../../contracts/messages/identity.ts";
import { RecentIdentities } from "../../../../../gateway/alerting/lane/recent-identities.ts";
import { NumberReader, NumberWriter } from "../../../../../gateway/alerting/windows/number-tape.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const ENVIRONMENT = catalog.versions("environment")[0]!;
const MEASUREMENT = catalog.versions("measurement")[0]!;

test("a restarted sequence is evaluated, a re-send is not", () => {
  const recent = new RecentIdentities();
  const add = (seq: number, co2: number) =>
    recent.add("environment", "d", identityOf(ENVIRONMENT, { seq, co2 }, 5), 1_000);
  expect([add(0, 1), add(1, 1), add(0, 1)]).toEqual([true, true, false]);
  expect([add(0, 2), add(1, 2), add(1, 2)]).toEqual([true, true, false]);
});

test("equal pulses without a time of their own are all evaluated", () => {
  const recent = new RecentIdentities();
  for (let n = 0; n < 200; n++)
    expect(recent.add("measurement", "d", identityOf(MEASUREMENT, { value: 1 }, 5), 1_000)).toBe(
      true,
    );
});

test("what a snapshot restores knows what it knew", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ device: fc.constantFrom("a", "b"), seq: fc.nat({ max: 20 }) })),
      (sent) => {
        const recent = new RecentIdentities();
        sent.forEach(({ device, seq }, at) =>
          recent.add("environment", device, identityOf(ENVIRONMENT, { seq }, at), at * 5_000),
        );
        const writer = new NumberWriter().begin();
        const state = recent.write(writer);
        const bytes = writer.finish(JSON.stringify(state));
        const restored = RecentIdentities.read(state, new NumberReader(bytes));
        const clockMs = sent.length * 5_000;
        for (const device of ["a", "b"])
          for (let seq = 0; seq <= 20; seq++)
            expect(
              restored.add("environment", device, identityOf(ENVIRONMENT, { seq }, 0), clockMs),
            ).toBe(recent.add("environment", device, identityOf(ENVIRONMENT, { seq }, 0), clockMs));
      },
    ),
  );
});
