// `npm run docs`: writes the generated pages of docs/reference, and what Grafana and Prometheus read.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configFiles } from "../config/files.ts";
import { grafanaFiles } from "../grafana/files.ts";
import { generatedPages } from "./pages.ts";

const ROOT = join(import.meta.dirname, "../..");

for (const [path, text] of [...generatedPages(), ...grafanaFiles(), ...configFiles()]) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
  process.stdout.write(`${path}\n`);
}
