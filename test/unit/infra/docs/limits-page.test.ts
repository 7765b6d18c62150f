import { expect, test } from "vitest";
import { limitsPage } from "../../../../infra/docs/limits-page.ts";

const page = limitsPage();

test("a number per millisecond is shown as a number, a time as a time", () => {
  expect(page).toMatch(/^\| 1,000,000 +\| slots of one millisecond/m);
  expect(page).toMatch(/^\| 5 s +\| a bridge that was quiet/m);
});

test("bounds of bridges do not stand among those of frames", () => {
  const [, frames = ""] = page.split("## Frames");
  expect(frames.split("\n## ")[0]).not.toMatch(/bridge/);
  expect(page).toMatch(/^## Bridges$/m);
});
