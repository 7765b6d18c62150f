import canonicalize from "canonicalize";

/** Canonical JSON (RFC 8785): equal values give equal text. Null for what has none. */
export function canonicalText(payload: Record<string, unknown>): string | null {
  try {
    return canonicalize(payload) ?? null;
  } catch {
    return null;
  }
}
