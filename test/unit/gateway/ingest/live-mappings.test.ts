// Goal: a table that changes counts from the next message on, and one that is wrong changes nothing.
// Method: files in a temporary directory, looked at by hand.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { LiveMappings } from "../../../../gateway/ingest/live-mappings.ts";
import { TopicClasses } from "../../../../gateway/relay/topic-classes.ts";

const directory = mkdtempSync(join(tmpdir(), "skerry-live-mappings-"));
afterAll(() => rmSync(directory, { recursive: true }));

const write = (name: string, file: object | string): void => {
  const path = join(directory, name);
  writeFileSync(`${path}.new`, typeof file === "string" ? file : JSON.stringify(file));
  renameSync(`${path}.new`, path);
};

const entry = (name: string, topic: string) => ({
  ...{ name, topic, contract: "measurement", time: "arrival" },
  fields: { value: { pointer: "" } },
});

test("files that come, change, break and go", () => {
  const said: string[] = [];
  const logger = {
    info: () => said.push("read"),
    error: ({ problem }: { problem: string }) => said.push(problem),
  };
  const mappings = new LiveMappings(directory, logger as never);
  const classes = new TopicClasses({ relay: [], ignore: [], anonymous: true, mappings });
  const recall = { of: null };
  const isTelemetry = () =>
    classes.of({ topic: "tank/LWT", recall, principal: undefined }).telemetry;
  expect([mappings.has("tank/1"), isTelemetry()]).toEqual([false, true]);

  write("a.json", { mappings: [entry("a", "tank/{device}")], ignore: ["+/LWT"] });
  mappings.look();
  // The class of the connection's last topic is asked for anew.
  expect([mappings.has("tank/1"), isTelemetry(), said]).toEqual([true, false, ["read"]]);

  write("a.json", '{"mappings": [');
  mappings.look();
  mappings.look();
  expect([mappings.has("tank/1"), isTelemetry()]).toEqual([true, false]);
  expect(said.length).toBe(2);
  expect(said[1]).toContain("a.json");

  write("a.json", { mappings: [], ignore: ["devices/#"] });
  mappings.look();
  expect(said[2]).toContain("/ignore");

  write("a.json", { mappings: [entry("a", "pump/{device}")] });
  mappings.look();
  expect([mappings.has("tank/1"), mappings.has("pump/1"), isTelemetry()]).toEqual([
    false,
    true,
    true,
  ]);
  mappings.look();
  expect(said.length).toBe(4);
});

test("a table that is wrong at the start stops the process", () => {
  write("b.json", "no JSON");
  expect(
    () => new LiveMappings(directory, { info: () => undefined, error: () => undefined } as never),
  ).toThrow("b.json");
});
