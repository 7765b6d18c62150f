// Every table in the guide of examples makes what the guide says of its messages.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseMappings } from "../../../../contracts/mapping.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";
import { ARRIVAL_MS, shippedCatalog } from "../../../support/mapped.ts";
import { saidReadings } from "../../../support/said-readings.ts";

const page = readFileSync(
  join(import.meta.dirname, "../../../../docs/guides/mapping-examples.md"),
  "utf8",
);
const EXAMPLE =
  /^## (.*)$[\s\S]*?^```json\n([\s\S]*?)^```\n\n```message\n([\s\S]*?)^```\n\n```readings\n([\s\S]*?)^```/gm;
const examples = [...page.matchAll(EXAMPLE)].map(
  ([, title = "", table = "", messages = "", readings = ""]) =>
    [title, { table, messages: linesOf(messages), readings: linesOf(readings) }] as const,
);

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

test("each section of the guide has a table, messages and readings", () => {
  expect(examples.map(([title]) => title)).toEqual(
    [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
  );
});

test.each(examples)("%s", (_title, { table, messages, readings }) => {
  const mapper = new Mapper(parseMappings(JSON.parse(table)));
  const said = messages.flatMap((message) => {
    const [topic = ""] = message.split(" ", 1);
    const admission = admit(
      { catalog: shippedCatalog, partitions: 1, ageMaxMs: undefined, mapper },
      {
        topic,
        payload: Buffer.from(message.slice(topic.length + 1)),
        receivedAtMs: ARRIVAL_MS,
        traceparent: null,
        sender: { clientId: "pump-1" },
      },
    );
    return saidReadings(admission);
  });
  expect(said).toEqual(readings);
});
