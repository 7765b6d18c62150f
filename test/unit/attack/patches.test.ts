// Each patch still finds what it takes out: one that hits nothing would show nothing.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PATCHES } from "../../attack/patches.ts";

const patches = Object.entries(PATCHES).flatMap(([wall, all]) =>
  all.map((patch) => [wall, patch] as const),
);

test.each(patches)("%s: $1.file", (_, { file, find }) => {
  expect(readFileSync(file, "utf8").split(find)).toHaveLength(2);
});
