import canonicalize from "canonicalize";

/**
 * Canonical JSON (RFC 8785) of a payload: equal values give equal text. A BigInt among its properties is
 * written in full. Null for what has none: a number beyond a double, a BigInt further inside, text
 * that is no Unicode.
 */
export function canonicalText(payload: Readonly<Record<string, unknown>>): string | null {
  try {
    const hasBig = Object.values(payload).some((value) => typeof value === "bigint");
    return (hasBig ? withBigIntegers(payload) : canonicalize(payload)) ?? null;
  } catch {
    return null;
  }
}

function withBigIntegers(payload: Readonly<Record<string, unknown>>): string {
  const members = Object.keys(payload)
    .sort()
    .map((name) => {
      const value = payload[name];
      const text = typeof value === "bigint" ? String(value) : canonicalize(value);
      return `${canonicalize(name)}:${text}`;
    });
  return `{${members.join(",")}}`;
}
