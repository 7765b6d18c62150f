// Readings that are none: sent over MQTT, refused with their reason, kept as rejects.
import type { IPublishPacket } from "mqtt-packet";
import type { Reject } from "../../contracts/messages/reject.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import { type Poison, rejectedAs, say, seen } from "./poison.ts";

/** A contract whose key is any text: published before the poisons come. */
export const FREE_KEY_CONTRACT = {
  title: "A bill of an account",
  type: "object",
  "x-identity": "sequence",
  "x-partition-key": "account",
  required: ["seq", "account"],
  additionalProperties: false,
  properties: {
    seq: { type: "integer", minimum: 0, "x-role": "sequence" },
    account: { type: "string", "x-role": "tag" },
    note: { type: "string", "x-role": "field" },
    value: { type: "number", "x-role": "field" },
  },
};

const ROOM = { temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 1 };
const room = (more: object): string => JSON.stringify({ seq: 1, ...ROOM, ...more });
const measured = (more: object): string => JSON.stringify({ ts: Date.now(), value: 1, ...more });
const bill = (more: object): string => JSON.stringify({ seq: 1, account: "a", value: 1, ...more });

type Body = string | Buffer | (() => string);

const sent = (
  name: string,
  reason: Reject["reason"],
  contract: string,
  body: Body,
  options: Pick<IPublishPacket, "properties"> = {},
): Poison => ({
  name,
  deliver: async (into, id) => {
    const payload = typeof body === "function" ? body() : body;
    await say(into, id, { topic: telemetryTopic(id, contract), payload, ...options });
    return rejectedAs(reason, id);
  },
});

const deep = (levels: number): string =>
  `{"ts":1,"value":${"[".repeat(levels)}${"]".repeat(levels)}}`;

export const READINGS: readonly Poison[] = [
  sent("no JSON", "not_json", "environment", "21.5 degrees"),
  sent("JSON cut off", "not_json", "environment", room({}).slice(0, -3)),
  sent("an empty payload", "not_json", "environment", ""),
  sent("bytes 0", "not_json", "environment", Buffer.alloc(64)),
  sent("a byte order mark alone", "not_json", "environment", Buffer.from([0xef, 0xbb, 0xbf])),
  sent("JSON in UTF-16", "not_json", "environment", Buffer.from(room({}), "utf16le")),
  sent(
    "ill-formed UTF-8",
    "not_json",
    "bill",
    Buffer.from('{"seq":1,"account":"\xff\xfe"}', "latin1"),
  ),
  sent("NaN", "not_json", "environment", room({}).replace("500", "NaN")),
  sent("a JSON number", "not_json", "environment", "7"),
  sent("JSON null", "not_json", "environment", "null"),
  sent("an array that holds no object", "not_json", "environment", '[1,"a",null,[]]'),
  sent("a field that is text", "contract_violation", "environment", room({ co2: "high" })),
  sent("a field out of range", "contract_violation", "environment", room({ humidity: 1e9 })),
  sent("a property that nobody knows", "contract_violation", "environment", room({ spoon: 1 })),
  sent(
    "__proto__ as a property",
    "contract_violation",
    "environment",
    room({}).replace("{", '{"__proto__":{"a":1},'),
  ),
  sent("constructor as a property", "contract_violation", "environment", room({ constructor: 1 })),
  sent("a number beyond a double", "contract_violation", "measurement", () =>
    measured({}).replace(/1}$/, "1e400}"),
  ),
  sent(
    "an integer beyond 2^53",
    "contract_violation",
    "environment",
    room({}).replace('"seq":1', '"seq":9007199254740993'),
  ),
  sent("a sequence below 0", "contract_violation", "environment", room({ seq: -1 })),
  sent("a sequence with a fraction", "contract_violation", "environment", room({ seq: 1.5 })),
  sent("100,000 brackets", "contract_violation", "measurement", deep(100_000)),
  sent("a value that is an object", "contract_violation", "measurement", () =>
    measured({ value: {} }),
  ),
  sent("a time in the year 9999", "clock_ahead", "measurement", () =>
    measured({ ts: "9999-12-31T23:59:59Z" }),
  ),
  sent("a time in seconds", "clock_behind", "measurement", () => measured({ ts: 1_700_000_000 })),
  sent("a time before 1970", "contract_violation", "measurement", () => measured({ ts: -1e15 })),
  sent("February 30", "contract_violation", "measurement", () =>
    measured({ ts: "2026-02-30T00:00:00Z" }),
  ),
  sent("a time of digits without end", "contract_violation", "measurement", () =>
    measured({ ts: "1".repeat(5_000) }),
  ),
  sent("a contract that nobody knows", "unknown_contract", "nothing-like-it", room({})),
  sent("a version that nobody knows", "unknown_contract", "environment/v99", room({})),
  sent("another content type", "not_json", "environment", Buffer.from([0xff, 0x00]), {
    properties: { contentType: "application/x-nothing" },
  }),
  {
    name: "a topic that no mapping takes",
    deliver: async (into, id) => {
      await say(into, id, { topic: `devices/${id}/knows`, payload: "1" });
      return ({ rejects }) => {
        const found = rejects.find(({ topic }) => topic === `devices/${id}/knows`);
        return found ? `reject at ${found.domain}, ${found.reason}: ${found.detail}` : null;
      };
    },
  },
  {
    name: "a mapped topic with a value that cannot be mapped",
    deliver: async (into, id) => {
      await say(into, id, {
        topic: `tele/${id}/SENSOR`,
        payload: '{"TempUnit":"C","AM2301":{"Temperature":{}}}',
      });
      return ({ rejects }) => {
        const found = rejects.find(({ topic }) => topic === `tele/${id}/SENSOR`);
        return found ? `reject at ${found.domain}, ${found.reason}: ${found.detail}` : null;
      };
    },
  },
];

const keyed = (name: string, account: string): Poison =>
  sent(`a key: ${name}`, "contract_violation", "bill", bill({ account }));

/** An id that is none comes as the topic's level. */
const named = (name: string, reason: Reject["reason"], level: (id: string) => string): Poison => ({
  name: `a device id: ${name}`,
  deliver: async (into, id) => {
    const device = level(id);
    const sent = { topic: telemetryTopic(device, "environment"), payload: room({}) };
    if ((await say(into, id, sent)) === null) return seen("connection closed");
    return ({ rejects }) => {
      const topic = telemetryTopic(device, "environment");
      const found = rejects.find((one) => one.topic === topic && one.reason === reason);
      return found ? `reject at ${found.domain}, ${reason}: ${found.detail.slice(0, 160)}` : null;
    };
  },
});

export const KEYS: readonly Poison[] = [
  keyed("half of a surrogate pair", "\ud800"),
  keyed("empty", ""),
  keyed("70,000 characters", "k".repeat(70_000)),
  keyed("a line break", "a\nb=1"),
  keyed("NUL", "a\u0000b"),
  sent(
    "a text with half of a surrogate pair",
    "contract_violation",
    "bill",
    bill({ note: "\udfff" }),
  ),
  sent("a tag of 300 bytes", "contract_violation", "measurement", () =>
    measured({ sensor: "s".repeat(300) }),
  ),
  sent("a tag with a line break", "contract_violation", "measurement", () =>
    measured({ sensor: "a\nb,c=1 d=2" }),
  ),
  named("a bell", "contract_violation", (id) => `${id}\u0007`),
  named("2,000 characters", "too_large", (id) => `${id}${"d".repeat(2_000)}`),
  named("a line separator", "contract_violation", (id) => `${id}\u2028`),
];
