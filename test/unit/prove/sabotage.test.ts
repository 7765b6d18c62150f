// Each sabotage still finds what it breaks: a patch that hits nothing would prove nothing.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SABOTAGES } from "../../prove/sabotage.ts";

const patches = Object.entries(SABOTAGES).flatMap(([name, sabotage]) =>
  sabotage.patches.map((patch) => [name, patch] as const),
);

test.each(patches)("%s: $1.file", (_, { file, find }) => {
  expect(readFileSync(file, "utf8").split(find)).toHaveLength(2);
});
