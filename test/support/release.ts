// An earlier release, as it was published: its source is in test/fixtures/releases, and runs with the libraries of today.
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./temporary-directory.ts";

const PROJECT = join(import.meta.dirname, "../..");

/** The release before this one: a fleet is upgraded from it, and may go back to it. */
export const RELEASE_BEFORE = "0.1.0";

export interface Release extends AsyncDisposable {
  /** The root of its source. */
  readonly root: string;
}

export async function unpackRelease(version: string): Promise<Release> {
  const directory = await temporaryDirectory();
  const root = join(directory.path, version);
  mkdirSync(root);
  const archive = join(PROJECT, `test/fixtures/releases/${version}.tar.gz`);
  execFileSync("tar", ["-xzf", archive, "-C", root]);
  symlinkSync(join(PROJECT, "node_modules"), join(root, "node_modules"));
  return { root, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}
