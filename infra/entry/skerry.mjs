#!/usr/bin/env node
// The command `skerry`, in JavaScript that any Node understands: it finds the Node that the rest needs, and what of
// the rest is there, the source in a checkout or the JavaScript of an installed package.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HERE = fileURLToPath(import.meta.url);
const ROOT = join(dirname(HERE), "../..");
const SOURCE = join(ROOT, "infra/cli/main.ts");
const BUILT = join(ROOT, "dist/infra/cli/main.js");
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

const needed = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).dependencies.node;
const majorOf = (version) => Number(version.replace(/^\D*/, "").split(".")[0]);

/** The Node that came with us, if npm was allowed to bring it. */
function pinnedNode() {
  try {
    const path = join(dirname(createRequire(HERE).resolve("node/package.json")), "bin/node");
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/** Runs all of it again, on another Node; ends as that one does. */
function runOn(node) {
  const child = spawn(node, [HERE, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const name of FORWARDED) process.on(name, () => child.kill(name));
  child.on("error", (error) => fail(`${node} cannot be started: ${error.message}`));
  child.on("exit", (code, signal) =>
    process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)),
  );
}

function fail(why) {
  process.stderr.write(`skerry: ${why}\n`);
  process.exit(1);
}

if (majorOf(process.version) >= majorOf(needed)) {
  await import(pathToFileURL(existsSync(SOURCE) ? SOURCE : BUILT).href);
} else {
  const pinned = pinnedNode();
  if (pinned === null)
    fail(
      `this is Node ${process.version}, and Node ${majorOf(needed)} or newer is needed: put one on the PATH, ` +
        "or install skerry again with --allow-scripts=node, which lets npm bring its own",
    );
  else runOn(pinned);
}
