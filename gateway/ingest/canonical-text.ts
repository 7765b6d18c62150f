import canonicalize from "canonicalize";

/** The refusal of a payload without canonical JSON. */
export const NO_CANONICAL_JSON = "the payload has no canonical JSON (RFC 8785)";

/** Canonical JSON (RFC 8785): equal values give equal text. Null for what has none. */
export function canonicalText(payload: Record<string, unknown>): string | null {
  try {
    return canonicalize(payload) ?? null;
  } catch {
    return null;
  }
}
