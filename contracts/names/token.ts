const PLAIN = /^[A-Za-z0-9_-]+$/;

/**
 * Makes any string a single NATS subject token and KV key part, reversibly: bytes of its UTF-8
 * outside `[A-Za-z0-9_-]` become `=HH`; the empty string becomes `=`.
 */
export function escapeToken(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text === "") return "=";
  let token = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const char = String.fromCharCode(byte);
    token += PLAIN.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}

/** Undoes {@link escapeToken}. */
export function unescapeToken(token: string): string {
  if (!token.includes("=")) return token;
  if (token === "=") return "";
  const bytes: number[] = [];
  for (let at = 0; at < token.length; at++) {
    if (token[at] === "=") {
      bytes.push(Number.parseInt(token.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(token.charCodeAt(at));
  }
  return Buffer.from(bytes).toString("utf8");
}
