// Labels of every metric, as they are declared: from the reference page, which is generated and held current.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const PAGE = join(import.meta.dirname, "../../docs/reference/metrics.md");
const ROW = /^\| `(skerry_\w+)` +\| \w+ +\| ([^|]*)\|/gm;

/** By the name of the samples; a histogram's is without `_bucket`, `_sum` and `_count`. */
export const declaredLabels = (): Map<string, string[]> =>
  new Map(
    [...readFileSync(PAGE, "utf8").matchAll(ROW)].map(([, name, labels]) => [
      name!,
      [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!),
    ]),
  );
