// An array of readings on a telemetry topic: each is admitted or refused as if it had come alone.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Admission } from "../../../../gateway/ingest/admission.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { ELEMENTS_MAX } from "../../../../gateway/ingest/mapped-elements.ts";
import { outcomeOf } from "../../../../gateway/ingest/outcome.ts";
import { ARRIVAL_MS, admittedOf, readingsOf, shippedCatalog } from "../../../support/mapped.ts";
import { identityOf } from "../../../../contracts/messages/identity.ts";

const send = (payload: unknown, only?: readonly number[]): Admission =>
  admit(
    { catalog: shippedCatalog, partitions: 1, ageMaxMs: undefined },
    {
      topic: "devices/d1/telemetry/measurement",
      payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
      receivedAtMs: ARRIVAL_MS,
      traceparent: null,
      sender: null,
      ...(only ? { only: { elements: only } } : {}),
    },
  );
const at = (value: unknown, ts: unknown = ARRIVAL_MS) => ({ ts, value });
const identitiesOf = (admission: Admission) =>
  readingsOf(admission).map(({ contract, version, payload, atMs }) =>
    identityOf(shippedCatalog.get(contract, version)!, payload, atMs),
  );

test("every reading of an array is stored", () => {
  const admission = send([at(1), at(2), at(3)]);
  expect(outcomeOf(admission)).toMatchObject({ readings: [{}, {}, {}], refusal: null });
  expect(readingsOf(admission).map(({ payload }) => payload)).toEqual([at(1), at(2), at(3)]);
});

test("of a mix the good ones are stored, the others kept by reason with their numbers, and the sender is told", () => {
  const hour = 3_600_000;
  const admission = send([at(1), at("x"), 7, at(2), { ts: ARRIVAL_MS }, at(3, ARRIVAL_MS + hour)]);
  expect(readingsOf(admission).map(({ payload }) => payload)).toEqual([at(1), at(2)]);
  expect(outcomeOf(admission)).toMatchObject({
    rejects: [
      {
        reason: "contract_violation",
        detail: "/value must be number (the first of 2)",
        elements: [1, 4],
      },
      { reason: "not_json", detail: "the element is not a JSON object", elements: [2] },
      { reason: "clock_ahead", elements: [5] },
    ],
    refusal: {
      reason: "payload_invalid",
      detail: expect.stringMatching(/^4 of 6 readings refused; contract_violation/) as string,
    },
  });
});

test("a replay takes up only the elements that were refused", () => {
  const mixed = [at(1), at("x"), at(2), at(3)];
  expect(readingsOf(send(mixed, [2, 3])).map(({ payload }) => payload)).toEqual([at(2), at(3)]);
  expect(send(mixed, [1])).toMatchObject({ kind: "reject", elements: [1] });
});

test("an empty array, one of arrays and one too long hold no reading", () => {
  expect(send([])).toMatchObject({ reason: "not_json", detail: "the array holds no reading" });
  expect(send([[at(1)]])).toMatchObject({ reason: "not_json", elements: [0] });
  const long = send(new Array(ELEMENTS_MAX + 1).fill(at(1)));
  expect(long).toMatchObject({ kind: "reject", reason: "too_large" });
  expect(long).not.toHaveProperty("elements");
});

test("a whole number that no double gives back is refused in an array, too", () => {
  expect(send('[{"ts":1,"value":9007199254740993},{"ts":1784109600000,"value":1}]')).toMatchObject({
    readings: [{}],
    rejects: [
      {
        reason: "contract_violation",
        detail: expect.stringContaining("/value is 9007199254740993") as string,
      },
    ],
  });
});

test("whatever is sent: the same in an array as alone, to the identity", () => {
  const element = fc.oneof(
    fc.record(
      {
        ts: fc.oneof(
          fc.constantFrom<unknown>("2026-07-15T10:00:00Z", "2026-07-15T12:00:00.000+02:00", null),
          fc.integer({ min: ARRIVAL_MS - 1_000, max: ARRIVAL_MS + 400_000 }),
        ),
        value: fc.oneof(fc.double(), fc.integer(), fc.constantFrom<unknown>("1", null, true)),
        quantity: fc.string({ maxLength: 5 }),
        other: fc.jsonValue({ maxDepth: 2 }),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue({ maxDepth: 2 }).filter((value) => !Array.isArray(value)),
  );
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), (elements) => {
      const alone = elements.map((one) => send(one));
      const together = send(elements);
      expect(identitiesOf(together)).toEqual(alone.flatMap(identitiesOf));
      const refused = alone.flatMap((one, index) => (one.kind === "reject" ? [index] : []));
      const named = outcomeOf(together).rejects.flatMap(({ elements }) => elements ?? []);
      expect(named.sort((a, b) => a - b)).toEqual(refused);
      expect(admittedOf(together)).toHaveLength(elements.length - refused.length);
    }),
  );
});
