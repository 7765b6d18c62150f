// The configuration file as text (pure): sections of keys, each with its line.
//
// F1. Values are taken as they are written: `012345` is a password of six digits, not a number.
import {
  type Document,
  LineCounter,
  type Node,
  type Pair,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from "yaml";

/** One value, as the text that an option is given. */
export interface FileEntry {
  readonly section: string;
  readonly key: string;
  /** A list is joined by commas; empty counts as unset. */
  readonly raw: string;
  readonly line: number;
}

/** A fault of the file, and its line. */
export interface FileProblem {
  readonly line: number;
  readonly what: string;
}

export interface ParsedFile {
  readonly entries: readonly FileEntry[];
  /** Sections in their order, those without a key as well. */
  readonly sections: readonly { readonly name: string; readonly line: number }[];
  readonly problems: readonly FileProblem[];
}

/** @param text YAML 1.2, of which JSON is a part. */
export function parseConfigFile(text: string): ParsedFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const lineOf = (node: Node | null | undefined): number =>
    lineCounter.linePos(node?.range?.[0] ?? 0).line || 1;
  const problems: FileProblem[] = document.errors.map(({ message, pos }) => ({
    line: lineCounter.linePos(pos[0]).line || 1,
    what: `this is no YAML: ${firstSentence(message)}`,
  }));
  const entries: FileEntry[] = [];
  const sections: { name: string; line: number }[] = [];
  const none = { entries, sections, problems };
  if (problems.length > 0 || document.contents === null) return none;
  const wrong = (node: Node | null, what: string): void =>
    void problems.push({ line: lineOf(node), what });
  if (!isMap(document.contents)) {
    wrong(document.contents, "must be sections of keys, such as gateway: {region: eu}");
    return none;
  }
  for (const { key, value } of document.contents.items as Pair<Node, Node | null>[]) {
    const name = textOf(key);
    sections.push({ name, line: lineOf(key) });
    if (value === null || isNull(value)) continue;
    if (!isMap(value)) {
      wrong(value, `${name} must hold keys of its own, each with a value`);
      continue;
    }
    for (const pair of value.items as Pair<Node, Node | null>[]) {
      const entry = { section: name, key: textOf(pair.key), line: lineOf(pair.key) };
      const raw = rawOf(pair.value, document);
      if (raw === null)
        wrong(pair.key, `${name}.${entry.key} must be one value, or a list of values`);
      else entries.push({ ...entry, raw });
    }
  }
  return none;
}

const firstSentence = (message: string): string => message.split(/ at line \d+|\n/)[0]!;

const isNull = (node: Node): boolean => isScalar(node) && node.value === null;

const textOf = (node: Node): string => (isScalar(node) ? String(node.value) : node.toString());

function rawOf(node: Node | null, document: Document): string | null {
  if (node === null) return "";
  const value = isAlias(node) ? (node.resolve(document) ?? null) : node;
  if (isScalar(value)) return scalarText(value);
  if (!isSeq(value)) return null;
  const items = value.items.map((item) => (isScalar(item) ? scalarText(item) : null));
  return items.some((item) => item === null || item.includes(",")) ? null : items.join(",");
}

/** A string without its quotes, and everything else as it is written (F1). */
function scalarText({ value, source }: { value: unknown; source?: string }): string {
  if (value === null) return "";
  return typeof value === "string" ? value : (source ?? JSON.stringify(value));
}
