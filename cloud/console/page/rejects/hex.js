// Bytes that are no text, as lines of hexadecimal digits (pure).

const BYTES_MAX = 4_096;
const PER_LINE = 16;

const hex = (byte) => byte.toString(16).padStart(2, "0");
const shown = (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·");

/** `00000010  7b 22 …  {"…` for each 16 bytes of the first BYTES_MAX. */
export function hexLines(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, BYTES_MAX); at += PER_LINE) {
    const row = [...bytes.subarray(at, at + PER_LINE)];
    const digits = row
      .map(hex)
      .join(" ")
      .padEnd(PER_LINE * 3 - 1);
    lines.push(`${at.toString(16).padStart(8, "0")}  ${digits}  ${row.map(shown).join("")}`);
  }
  const more = bytes.length - BYTES_MAX;
  return more > 0 ? [...lines, `… and ${more.toLocaleString("en")} more bytes`] : lines;
}
