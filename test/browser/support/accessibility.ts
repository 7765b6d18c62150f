// What axe-core finds on a page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Serious and critical violations, one line each: rule, elements, what to do. */
export async function seriousViolations(page: Page): Promise<string[]> {
  // By the debugger's protocol, which the content security policy of the page does not concern.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>("axe.run(document)");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes, help }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}: ${help}`);
}
