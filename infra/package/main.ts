// `npm pack`: JavaScript of everything, and the files beside it that are read, in dist/ as they lie in the checkout.
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PACKAGED_FILES } from "./packaged-files.ts";

const ROOT = join(import.meta.dirname, "../..");
const DIST = join(ROOT, "dist");

const compiler = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);

rmSync(DIST, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, "-p", join(ROOT, "infra/package/tsconfig.json")], {
  stdio: "inherit",
});
for (const path of globSync([...PACKAGED_FILES], { cwd: ROOT })) {
  mkdirSync(dirname(join(DIST, path)), { recursive: true });
  cpSync(join(ROOT, path), join(DIST, path));
}
const { name, version, type } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
) as Record<string, string>;
writeFileSync(join(DIST, "package.json"), `${JSON.stringify({ name, version, type }, null, 2)}\n`);
