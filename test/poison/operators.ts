// Records of the operators themselves: rejects, records that are set aside, positions, leases, dead letters.
import {
  COPIES_BUCKET,
  LEASES_BUCKET,
  NOTIFIERS_BUCKET,
  POSITIONS_BUCKET,
  RULES_BUCKET,
  bucketStream,
  deadLetterSubject,
  leaseKey,
  positionKey,
  rejectSubject,
  retrySubject,
  setAsideSubject,
} from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { type Poison, rejectedAs, say, setAsideBy, store, harmless } from "./poison.ts";
import { entry } from "./records.ts";

export const OTHERS: readonly Poison[] = [
  {
    name: "a reject that is none",
    deliver: async ({ regionNats, region }, id) => {
      await store(
        regionNats,
        rejectSubject({ region, reason: "not_json", device: id, contract: null }),
        "{",
      );
      return harmless("passed over by what lists rejects");
    },
  },
  {
    name: "a reject: at no time, of nobody",
    deliver: async ({ regionNats, region }, id) => {
      const subject = rejectSubject({ region, reason: "not_json", device: id, contract: null });
      await store(regionNats, subject, '{"payload":"","receivedAtMs":1e300}');
      return harmless("told by what lists rejects");
    },
  },
  {
    name: "a record that is set aside and is none",
    deliver: async ({ regionNats }, id) => {
      const place = { stream: bucketStream(RULES_BUCKET), subject: id };
      const of = { domain: "eu", by: "gateway", kind: "frame", reason: "unreadable", place };
      await store(regionNats, setAsideSubject(of), "{");
      return harmless("passed over by what lists records");
    },
  },
  entry(
    "an assignment of a notifier: no JSON",
    NOTIFIERS_BUCKET,
    () => ({ key: "eu", value: "?" }),
    "hub notifier assignment unreadable",
  ),
  {
    name: "the engine's position of a lane: no JSON",
    deliver: async ({ regionNats, region }) => {
      const key = positionKey("alerting", { region, partition: 0 });
      await (await Bucket.open(regionNats, POSITIONS_BUCKET)).put(key, "?");
      const subject = `$KV.${POSITIONS_BUCKET}.${key}`;
      return setAsideBy({ subject }, "eu alerting position unreadable");
    },
  },
  {
    name: "the aggregator's position of a lane: no JSON",
    deliver: async ({ hubNats, region }) => {
      const key = positionKey("aggregator", { region, partition: 0 });
      await (await Bucket.open(hubNats, POSITIONS_BUCKET)).put(key, "?");
      return setAsideBy(
        { subject: `$KV.${POSITIONS_BUCKET}.${key}` },
        "hub aggregator position unreadable",
      );
    },
  },
  {
    name: "the lease of a lane: of nobody",
    deliver: async ({ hubNats, region }) => {
      const key = leaseKey("aggregator", { region, partition: 0 });
      await (await Bucket.open(hubNats, LEASES_BUCKET)).put(key, "nobody");
      return harmless("it lapses, and its owner takes it again");
    },
  },
  {
    name: "a retry of a dead letter: no JSON",
    deliver: async ({ hubNats }) => {
      const subject = retrySubject({ domain: "hub", channel: "nobody" });
      return setAsideBy(await store(hubNats, subject, "?"), "hub notifier retry unreadable");
    },
  },
  {
    name: "a dead letter: no JSON",
    deliver: async ({ hubNats }, id) => {
      await store(hubNats, deadLetterSubject({ domain: "hub", channel: "nobody", rule: id }), "?");
      return harmless("passed over by what lists dead letters");
    },
  },
  {
    name: "how far a copy is: no JSON",
    deliver: async ({ hubNats, region }) => {
      await (await Bucket.open(hubNats, COPIES_BUCKET)).put(region, "?");
      return harmless("the log is kept until it is told again");
    },
  },
  {
    name: "somebody else's topic",
    deliver: async (into, id) => {
      await say(into, id, { topic: `alerts/poison/${id}`, payload: "{}" });
      return rejectedAs("not_authorized", () => true);
    },
  },
];
