// Goal: the number of series of an installation does not grow with its devices, their topics or what they send.
// Method: each metric's labels, as the reference page has them from the declarations, are held against a list of labels
// that says what bounds their values. test/integration/metrics.test.ts holds the running processes against the same page.
import { expect, test } from "vitest";
import { declaredLabels } from "./support/declared-labels.ts";

/** What bounds the values of each label. A device, client, topic, address, rule or key has no place here. */
const BOUNDED_BY: Readonly<Record<string, string>> = {
  account: "accounts of the topology",
  channel: "the file of channels",
  client: "connected, away",
  collection: "kinds of V8's garbage collection",
  contract: "published contracts; of those that nobody published one count (lane-tally.ts/Y3)",
  direction: "in, out",
  domain: "regions of the installation, and hub",
  gateway: "gateways of the installation",
  hop: "hops of a reading's way",
  how: "words of the program",
  rule: "rules of the installation",
  job_name: "jobs of the steward",
  node: "versions of Node",
  operator: "readers of a log",
  outage: "true, false",
  outcome: "stored, repeated, rejected",
  partition: "partitions of a log",
  process: "kinds of processes",
  reason: "words of the program",
  region: "regions of the installation, and hub",
  status: "status codes that the program answers with",
  stream: "streams of the topology",
  term: "terms of the ledger",
  turn: "first, live, last",
  verdict: "words of the program",
  version: "versions of the program",
  volume: "disks that the options name, JetStream, InfluxDB, and link",
};

/** Several labels multiply. */
const LABELS_MAX = 4;

test("every label takes its values from the installation or the program, never from what devices say", () => {
  const metrics = declaredLabels();
  expect(metrics.size).toBeGreaterThan(100);
  for (const [metric, labels] of metrics) {
    for (const label of labels) expect(BOUNDED_BY, `${metric}{${label}}`).toHaveProperty(label);
    expect(labels.length, metric).toBeLessThanOrEqual(LABELS_MAX);
  }
});

test("the list has no label that no metric has", () => {
  const used = new Set([...declaredLabels().values()].flat());
  expect(Object.keys(BOUNDED_BY).filter((label) => !used.has(label))).toEqual([]);
});
