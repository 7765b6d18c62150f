import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { parseMappings } from "../../../../contracts/mapping.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";
import { payloadsOf, send as sendMapped } from "../../../support/mapped.ts";

const NOW_MS = 1_800_000_000_000;
const METER = compileContract(
  { name: "meter", version: 1 },
  {
    type: "object",
    "x-identity": "sequence",
    required: ["seq"],
    properties: {
      seq: { type: "number", "x-role": "sequence" },
      serial: { type: ["integer", "string"], "x-role": "tag" },
      total: { type: "integer", "x-role": "field" },
      level: { type: "number", "x-role": "field" },
    },
  },
);
const MAPPER = new Mapper(
  parseMappings({
    mappings: [
      {
        name: "meters",
        topic: "meters/{device}",
        contract: "meter",
        fields: {
          seq: { pointer: "/n" },
          total: { pointer: "/t", as: "number", optional: true },
          level: { pointer: "/l", as: "number", optional: true },
        },
      },
    ],
  }),
);
const rules = {
  catalog: new Catalog([METER]),
  partitions: 4,
  ageMaxMs: undefined,
  mapper: MAPPER,
};

const send = (text: string, topic = "devices/m/telemetry/meter") =>
  admit(rules, {
    topic,
    payload: Buffer.from(text),
    receivedAtMs: NOW_MS,
    traceparent: null,
    sender: null,
  });

/** What a reader of the log gets, or why it is refused. */
function outcomeOf(text: string, topic?: string): Record<string, unknown> | string {
  const admission = send(text, topic);
  if (admission.kind === "reading")
    return (JSON.parse(admission.encoded) as unknown[])[5] as Record<string, unknown>;
  if (admission.kind !== "reject") throw new Error(admission.kind);
  expect(admission.reason).toBe("contract_violation");
  return admission.detail;
}

describe("a whole number beyond 2^53 - 1 is refused at the gateway, with the property and what is right", () => {
  test.for([
    ['{"seq":9007199254740992}', "/seq is 9007199254740992"],
    ['{"seq":9007199254740993}', "/seq is 9007199254740993"],
    ['{"seq":-9007199254740993}', "/seq is -9007199254740993"],
    ['{"seq":1e300}', "/seq is 1e+300"],
    ['{"seq":1.5}', "/seq is 1.5: a sequence is a whole number"],
    ['{"seq":1,"total":18446744073709551615}', "/total is 18446744073709551615"],
    ['{"seq":1,"total":1e21}', "/total is 1e+21"],
    ['{"seq":1,"serial":9007199254740993}', "/serial is 9007199254740993"],
    ['{"seq":1,"level":9007199254740993}', "/level is 9007199254740993, which no number is"],
  ])("%s", ([text, detail]) => {
    const outcome = outcomeOf(text!);
    expect(outcome).toContain(detail!);
    expect(outcome).toMatch(/up to 9007199254740991|with an exponent/);
  });

  test.for([
    ['{"n":9007199254740993}', "/seq is 9007199254740993"],
    ['{"n":1,"t":18446744073709551615}', "/total is 18446744073709551615"],
    ['{"n":1,"t":"9007199254740992"}', '/total: the text at "/t" is a whole number with more'],
    ['{"n":1,"t":"9007199254740993"}', '/total: the text at "/t" is a whole number with more'],
    ['{"n":1,"l":"9007199254740993"}', '/level: the text at "/l" is a whole number with more'],
  ])("mapped: %s", ([text, detail]) => {
    expect(outcomeOf(text!, "meters/m")).toContain(detail!);
  });
});

test("a whole number that cannot be kept is left out of a mapped reading where it may be", () => {
  const fields = { value: { pointer: "/v" }, sensor: { pointer: "/s", optional: true } };
  const entry = { name: "e", topic: "x/{device}", contract: "climate", time: "arrival" };
  const climate = (over: object) => [
    {
      ...entry,
      fields: {
        temperature: { pointer: "/t" },
        humidity: { pointer: "/h", optional: true, ...over },
      },
    },
  ];
  const big = '{"t":20,"h":18446744073709551615}';
  for (const [over, payload] of [
    [{}, { temperature: 20 }],
    [{ invalid: "clamp" }, { temperature: 20, humidity: 100 }],
    [{ factor: 2 }, { temperature: 20 }],
  ] as const)
    expect(payloadsOf(sendMapped("x/d", big, { mappings: climate(over) }))).toEqual([payload]);
  expect(sendMapped("x/d", big, { mappings: climate({ invalid: "refuse" }) })).toMatchObject({
    reason: "contract_violation",
    detail: "/humidity must be <= 100",
  });
  // A tag is never left out.
  const tagged = [{ ...entry, contract: "measurement", fields }];
  expect(sendMapped("x/d", '{"v":1,"s":18446744073709551615}', { mappings: tagged })).toMatchObject(
    {
      reason: "contract_violation",
    },
  );
});

test("a mapped property that its contract does not list keeps every digit", () => {
  const fields = {
    seq: { pointer: "/n" },
    level: { constant: 1 },
    serial_number: { pointer: "/s" },
  };
  const mappings = [{ name: "e", topic: "x/{device}", contract: "meter", fields }];
  const catalog = new Catalog([METER]);
  const admission = sendMapped("x/d", '{"n":1,"s":18446744073709551615}', { mappings, catalog });
  expect(admission.kind === "reading" && admission.encoded).toContain(
    '{"level":1,"seq":1,"serial_number":18446744073709551615}',
  );
});

test("what a number holds is taken: the limits, negative sequences, doubles of any size", () => {
  for (const text of [
    '{"seq":9007199254740991,"total":-9007199254740991}',
    '{"seq":-9007199254740991,"serial":"9007199254740993"}',
    '{"seq":0,"level":9007199254740994}',
    '{"seq":0,"level":123456789012345670000}',
    '{"seq":0,"level":1.7976931348623157e308}',
    '{"seq":0,"level":1e22,"unknown":9007199254740993}',
  ])
    expect(outcomeOf(text)).toEqual(JSON.parse(text));
  const mapped = '{"n":1,"l":1.2345678901234567e20,"other":[9007199254740993]}';
  expect(outcomeOf(mapped, "meters/m")).toEqual({ seq: 1, level: 1.2345678901234567e20 });
});

test("no whole number is changed on its way into the log", () => {
  const anyInteger = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
  fc.assert(
    fc.property(anyInteger, fc.constantFrom("seq", "total", "serial"), (number, name) => {
      const text = name === "seq" ? `{"seq":${number}}` : `{"seq":1,"${name}":${number}}`;
      const outcome = outcomeOf(text);
      const isSafe = number <= 9007199254740991n && number >= -9007199254740991n;
      expect(typeof outcome === "string").toBe(!isSafe);
      if (typeof outcome !== "string") expect(BigInt(outcome[name] as number)).toBe(number);
    }),
    { numRuns: 500 },
  );
});
