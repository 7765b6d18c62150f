// `npm run docs`: writes the generated pages of docs/reference.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedPages } from "./pages.ts";

const ROOT = join(import.meta.dirname, "../..");

for (const [path, text] of generatedPages()) {
  writeFileSync(join(ROOT, path), text);
  process.stdout.write(`${path}\n`);
}
