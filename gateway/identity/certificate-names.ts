// The ids that a verified client certificate may stand for (pure).
import type { Certificate } from "./login.ts";

/**
 * Common name, DNS names and URIs, in this order. Node spells alternative names as one text in
 * which a name that holds a comma or a quote is a quoted JSON string: read as such, never split, or
 * a name could pretend to be several.
 */
export function namesOf({
  subjectCN,
  altNames,
}: Pick<Certificate, "subjectCN" | "altNames">): string[] {
  const names = subjectCN === undefined ? [] : [subjectCN];
  const text = altNames.join(", ");
  for (const [, kind, quoted, bare] of text.matchAll(
    /(?:^|, )([^:"]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?=, |$)/gy,
  )) {
    if (kind !== "DNS" && kind !== "URI") continue;
    const name = quoted === undefined ? bare : unquote(quoted);
    if (name) names.push(name);
  }
  return names;
}

function unquote(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}
