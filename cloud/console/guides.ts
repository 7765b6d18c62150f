// The guides of docs/guides as they are, for people who look for what to do: the console serves them itself.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const GUIDES = join(import.meta.dirname, "../../docs/guides");

/** Markdown by name, such as `run-books`; nothing where the guides are not installed. */
export function readGuides(): ReadonlyMap<string, string> {
  let files: string[];
  try {
    files = readdirSync(GUIDES);
  } catch {
    return new Map();
  }
  return new Map(
    files
      .filter((file) => file.endsWith(".md"))
      .sort()
      .map((file) => [file.slice(0, -".md".length), readFileSync(join(GUIDES, file), "utf8")]),
  );
}
