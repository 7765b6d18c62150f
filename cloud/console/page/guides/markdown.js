// The Markdown that the guides are written in, as blocks (pure): headings, paragraphs, lists, tables, code, quotes.
//
// M1. Nothing of it becomes markup by itself: blocks are text and names of what it is, and a page makes elements.

/** The anchor of a heading, as forges make it. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

const INLINE =
  /`([^`]+)`|\*\*(.+?)\*\*|(?<![\p{L}\p{N}])_([^_]+)_(?![\p{L}\p{N}])|\[((?:`[^`]*`|[^\]])+)\]\(([^)\s]+)\)/gu;

/** Text as strings and `{ kind: "code" | "strong" | "em" | "link", … }`. */
function inlineOf(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) parts.push(unescaped(text.slice(at, match.index)));
    const [all, code, strong, em, label, href] = match;
    if (code !== undefined) parts.push({ kind: "code", text: code });
    else if (strong !== undefined) parts.push({ kind: "strong", parts: inlineOf(strong) });
    else if (em !== undefined) parts.push({ kind: "em", parts: inlineOf(em) });
    else parts.push({ kind: "link", parts: inlineOf(label), href });
    at = match.index + all.length;
  }
  if (at < text.length) parts.push(unescaped(text.slice(at)));
  return parts;
}

const unescaped = (text) => text.replace(/\\([\\`*_{}[\]()#+.!|<>-])/g, "$1");

/** The text without its marks. */
export const plainOf = (parts) =>
  parts
    .map((part) => (typeof part === "string" ? part : (part.text ?? plainOf(part.parts))))
    .join("");

const cellsOf = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => inlineOf(cell.trim().replaceAll("\\|", "|")));

const ITEM = /^(?:[-*]|(\d+)\.)\s+(.*)$/;
const BEGINS = [/^#{1,6} /, /^```/, /^\|/, /^> ?/, ITEM];
const beginsBlock = (line) => BEGINS.some((begin) => begin.test(line));

/** Takes the lines of a block that begins at `at`: `[block, next]`. */
function blockAt(lines, at) {
  const line = lines[at];
  const heading = /^(#{1,6}) (.+)$/.exec(line);
  if (heading) {
    const parts = inlineOf(heading[2]);
    const id = anchorOf(plainOf(parts));
    return [{ kind: "heading", level: heading[1].length, parts, id }, at + 1];
  }
  if (line.startsWith("```")) {
    const end = lines.findIndex((one, index) => index > at && one.startsWith("```"));
    const to = end === -1 ? lines.length : end;
    return [{ kind: "code", text: lines.slice(at + 1, to).join("\n") }, to + 1];
  }
  if (line.startsWith("|")) return tableAt(lines, at);
  if (ITEM.test(line)) return listAt(lines, at);
  const isQuote = line.startsWith(">");
  const own = [];
  let next = at;
  while (
    next < lines.length &&
    lines[next].trim() !== "" &&
    (next === at || isQuote || !beginsBlock(lines[next]))
  )
    own.push(lines[next++].replace(/^> ?/, "").trim());
  return [{ kind: isQuote ? "quote" : "paragraph", parts: inlineOf(own.join(" ")) }, next];
}

function tableAt(lines, at) {
  let next = at;
  while (next < lines.length && lines[next].startsWith("|")) next++;
  const [header, , ...rows] = lines.slice(at, next).map(cellsOf);
  return [{ kind: "table", header, rows }, next];
}

/** An item goes on in lines that are indented, or that begin nothing else. */
function listAt(lines, at) {
  const ordered = /^\d/.test(lines[at]);
  const items = [];
  let next = at;
  while (next < lines.length && lines[next].trim() !== "") {
    const item = ITEM.exec(lines[next]);
    if (item) items.push([item[2].trim()]);
    else if (beginsBlock(lines[next])) break;
    else items.at(-1).push(lines[next].trim());
    next++;
  }
  return [{ kind: "list", ordered, items: items.map((own) => inlineOf(own.join(" "))) }, next];
}

export function blocksOf(markdown) {
  const lines = markdown.split("\n");
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") at++;
    else {
      const [block, next] = blockAt(lines, at);
      blocks.push(block);
      at = next;
    }
  }
  return blocks;
}

/** The heading with this anchor and what is under it; null if there is none. */
export function sectionOf(blocks, id) {
  const from = blocks.findIndex((block) => block.kind === "heading" && block.id === id);
  if (from === -1) return null;
  const { level } = blocks[from];
  const end = blocks.findIndex(
    (block, at) => at > from && block.kind === "heading" && block.level <= level,
  );
  return blocks.slice(from, end === -1 ? undefined : end);
}

/** Where a link of a guide leads within the console; null if what it names is not there. */
export function placeOf(href, guide, guides) {
  const [, file, anchor] = /^([^#]*)#?(.*)$/.exec(href);
  const name = file === "" ? guide : file.replace(/\.md$/, "");
  if (/^https?:/.test(href) || !guides.includes(name)) return null;
  return ["guides", name, ...(anchor === "" ? [] : [anchor])];
}
