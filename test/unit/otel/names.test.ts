import * as conventions from "@opentelemetry/semantic-conventions";
import * as incubating from "@opentelemetry/semantic-conventions/incubating";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ATTRIBUTES, EXCEPTION, RESOURCE, SEMCONV_VERSION } from "../../../otel/names.ts";

test("the pinned version is that of the package", () => {
  const path = "node_modules/@opentelemetry/semantic-conventions/package.json";
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  expect(version).toBe(SEMCONV_VERSION);
});

test("every name is in the conventions of that version", () => {
  const known = new Set<unknown>(Object.values({ ...conventions, ...incubating }));
  for (const name of Object.values({ ...RESOURCE, ...EXCEPTION, ...ATTRIBUTES }))
    expect(known, name).toContain(name);
});
