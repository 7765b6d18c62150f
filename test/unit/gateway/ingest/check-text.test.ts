// Goal: text that would stop what tells, stores or finds a reading is a reject that names the property,
// whatever the identity and whichever way it came.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMappings } from "../../../../contracts/mapping.ts";
import { Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { jsonText } from "../../../../gateway/ingest/codecs/json.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";

const rules = { catalog: loadCatalog(SCHEMAS_DIRECTORY), partitions: 4, ageMaxMs: undefined };
const NOW_MS = 1_800_000_000_000;

const send = (payload: unknown, topic: string, over = rules) =>
  admit(over, {
    topic,
    payload: Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
    receivedAtMs: NOW_MS,
    traceparent: null,
    sender: null,
  });

/** As people promote a payload's property to the key of their series. */
const billOf = (identity: string, account: object = { type: "string" }): typeof rules => ({
  ...rules,
  catalog: new Catalog([
    compileContract(
      { name: "bill", version: 1 },
      {
        type: "object",
        "x-identity": identity,
        "x-partition-key": "account",
        required: ["seq", "ts", "account"],
        properties: {
          seq: { type: "integer", "x-role": "sequence" },
          ts: { type: "integer", "x-role": "time" },
          account: { ...account, "x-role": "tag" },
          shop: { "x-role": "tag" },
          note: { type: "string", "x-role": "field" },
          value: { type: "number", "x-role": "field" },
        },
      },
    ),
  ]),
});
const bill = { seq: 1, ts: NOW_MS, account: "a-1", value: 100 };
const BILL = "devices/b1/telemetry/bill";

describe.each(["sequence", "time", "none"])("text, with identity %s", (identity) => {
  const over = billOf(identity);
  test.each([
    ['"account":"\\ud800"', "/account is no Unicode text"],
    ['"account":""', "/account is empty; a partition key is text of 1 to 256 bytes"],
    [`"account":"${"k".repeat(257)}"`, "/account has 257 bytes of UTF-8, the limit is 256"],
    [`"account":"${"k".repeat(70_000)}"`, "/account has 70000 bytes of UTF-8"],
    [`"account":"${"ü".repeat(129)}"`, "/account has 258 bytes of UTF-8"],
    ['"account":"a\\nb"', "/account holds the control character U+000A"],
    ['"account":"a\\u0000"', "/account holds the control character U+0000"],
    [`"account":"a","shop":"${"k".repeat(257)}"`, "/shop has 257 bytes"],
    ['"account":"a","shop":"\\t"', "/shop holds the control character U+0009; a tag is"],
    [`"account":"a","shop":["${"k".repeat(257)}"]`, "/shop has 261 bytes"],
    ['"account":"a","note":"\\udc00"', "/note is no Unicode text"],
    ['"account":"a","unlisted":{"x":["\\uD83D"]}', "/unlisted/x/0 is no Unicode text"],
    ['"account":"a","\\ud800":1', "a property's name in the payload is no Unicode text"],
  ])("%s is refused: %s", (properties, detail) => {
    const text = `{"seq":1,"ts":${NOW_MS},"value":1,${properties}}`;
    const reject = { kind: "reject", reason: "contract_violation", device: "b1", contract: "bill" };
    expect(send(text, BILL, over)).toMatchObject({
      ...reject,
      detail: expect.stringContaining(detail) as string,
    });
  });

  test.each([
    `"account":"${"k".repeat(256)}"`,
    `"account":"${"ü".repeat(128)}"`,
    '"account":"Zoë \\ud83d\\ude00 \\\\ud800","shop":"","note":"a\\nb"',
    '"account":"a","shop":null',
    '"account":"a","shop":12.5',
  ])("%s is admitted", (properties) => {
    const text = `{"seq":1,"ts":${NOW_MS},"value":1,${properties}}`;
    expect(send(text, BILL, over)).toMatchObject({ kind: "reading" });
  });
});

test.each([
  [null, "/account is null; a partition key is text"],
  [{ a: 1 }, "/account is an object"],
  [["a"], "/account is an array"],
])("a contract that lets any key through does not let %j through", (account, detail) => {
  const over = billOf("time", {});
  expect(send({ ...bill, account }, BILL, over)).toMatchObject({
    reason: "contract_violation",
    detail: expect.stringContaining(detail) as string,
  });
  for (const key of ["a", 7, -0.5, true])
    expect(send({ ...bill, account: key }, BILL, over).kind).toBe("reading");
});

test("whatever key comes: its alert has a topic, or the reading is a reject that says which key", () => {
  const over = billOf("sequence");
  const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 400 }), (account) => {
      const admission = send({ ...bill, account }, BILL, over);
      if (admission.kind === "reading") {
        expect(decodeURIComponent(`alerts/r/${encodeURIComponent(account)}`)).toContain(account);
        expect(Buffer.byteLength(account)).toBeLessThanOrEqual(256);
      } else expect(admission).toMatchObject({ reason: "contract_violation" });
      if (admission.kind === "reject") expect(admission.detail).toContain("/account ");
    }),
  );
});

test.each([
  ["contract_violation", "a\nb", 'device: the id holds the control character U+000A: "a\\nb"'],
  ["contract_violation", "a\t", "U+0009"],
  ["contract_violation", " a", "begins or ends with a space"],
  ["contract_violation", "$a", "starts with $"],
  ["contract_violation", "a\u200bb", "characters that nobody sees"],
  ["too_large", "ü".repeat(65), "has 130 bytes of UTF-8, the limit is 128"],
])("%s: the device %j is none, as on the command line", (reason, id, detail) => {
  expect(send({ ...bill, account: "a" }, `devices/${id}/telemetry/environment`)).toMatchObject({
    reason,
    device: null,
    detail: expect.stringContaining(detail) as string,
  });
});

test("bytes that are no UTF-8 are refused where they are, not replaced", () => {
  const payload = Buffer.from(JSON.stringify({ ...bill, note: "Z" }));
  payload[payload.indexOf("Z")] = 0xe9; // ISO 8859-1
  const arrival = { topic: BILL, payload, receivedAtMs: NOW_MS, traceparent: null, sender: null };
  expect(admit(billOf("none"), arrival)).toMatchObject({
    reason: "not_json",
    device: "b1",
    detail: `the payload is not UTF-8: byte 0xe9 at offset ${payload.indexOf(0xe9)}`,
  });
  for (const bytes of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3]]) {
    const bad = Buffer.concat([Buffer.from('{"note":"'), Buffer.from(bytes), Buffer.from('"}')]);
    const at = { topic: BILL, payload: bad, receivedAtMs: NOW_MS, traceparent: null, sender: null };
    expect(admit(billOf("none"), at)).toMatchObject({
      reason: "not_json",
      detail: expect.stringContaining("at offset 9") as string,
    });
  }
});

const rulesOf = (mappings: ReturnType<typeof parseMappings>) => ({
  ...rules,
  mapper: new Mapper(mappings),
});
const entry = {
  name: "e",
  topic: "a/{device}/{kind}",
  contract: "measurement",
  time: "arrival",
  fields: { value: { pointer: "" } },
};

test("an id that a topic makes and no device may have is a reject that names it", () => {
  const mapped = rulesOf(
    parseMappings({
      mappings: [
        { ...entry, topic: "a/{device}/+", name: "plain" },
        { ...entry, topic: "a/{device}/{kind}", name: "long", device: "{kind}-{device}" },
      ],
    }),
  );
  expect(send("1", "a/d\n/k", mapped)).toMatchObject({
    reason: "contract_violation",
    device: null,
    detail: expect.stringContaining("the id holds the control character U+000A") as string,
  });
  const admission = send("1", `a/d/${"k".repeat(127)}`, mapped);
  expect(admission).toMatchObject({
    kind: "several",
    readings: [{ kind: "reading" }],
    rejects: [{ reason: "too_large", mapping: "long", device: null }],
  });
});

test("text from payload and topic is held to the same rules", () => {
  const fields = {
    value: { pointer: "/v" },
    sensor: { pointer: "/s" },
    quantity: { level: "kind" },
  };
  const mapped = rulesOf(parseMappings({ mappings: [{ ...entry, fields }] }));
  expect(send('{"v":1,"s":"\\ud800"}', "a/d/k", mapped)).toMatchObject({
    reason: "contract_violation",
    detail: expect.stringContaining("/sensor is no Unicode text") as string,
  });
  expect(send('{"v":1,"s":"x"}', "a/d/k\u0085", mapped)).toMatchObject({
    reason: "contract_violation",
    detail: expect.stringContaining("/quantity holds the control character U+0085") as string,
  });
  const latin1 = Buffer.from('{"v":1,"s":"\u00e9"}', "latin1");
  expect(send(latin1, "a/d/k", mapped)).toMatchObject({
    reason: "not_json",
    device: "d",
    detail: "the payload is not UTF-8: byte 0xe9 at offset 12",
  });
});

test.each([
  ["ef", 0],
  ["efbf", 0],
  ["efbfbdefbf", 3],
  ["7b22efbfbd22efbf7d", 6],
  ["7bc3a4f09f98", 3],
])("of the bytes %s the first that are no UTF-8 are at offset %d", (hex, offset) => {
  const text = jsonText(Buffer.from(hex, "hex"));
  expect(text).toHaveProperty("detail", expect.stringMatching(new RegExp(`at offset ${offset}$`)));
});

test("a key and many tags that together are no subject of NATS any more are refused, with the limit", () => {
  const names = ["a", "b", "c", "d"];
  const wide = compileContract(
    { name: "wide", version: 1 },
    {
      type: "object",
      "x-identity": "none",
      properties: {
        value: { type: "number", "x-role": "field" },
        ...Object.fromEntries(names.map((name) => [name, { type: "string", "x-role": "tag" }])),
      },
    },
  );
  const over = { ...rules, catalog: new Catalog([wide]) };
  const of = (chars: number) => Object.fromEntries(names.map((name) => [name, "é".repeat(chars)]));
  const outcome = send({ value: 1, ...of(128) }, "devices/d1/telemetry/wide", over);
  expect(outcome).toMatchObject({ kind: "reject", reason: "contract_violation" });
  expect(outcome).toHaveProperty(
    "detail",
    "the key and the tags a, b, c, d together have 1039 bytes, the limit is 1000",
  );
  expect(send({ value: 1, ...of(100) }, "devices/d1/telemetry/wide", over).kind).toBe("reading");
});
