// Remote addresses as text (pure).

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

const plain = (address: string): string => MAPPED.exec(address)?.[1] ?? address;

/** 127.0.0.0/8 and ::1, also as IPv4-mapped IPv6. */
export function isLoopback(address: string): boolean {
  const text = plain(address);
  return text === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text);
}

/** The place that an address counts as: an IPv4 address, or the /64 that one IPv6 subscriber is given. */
export function placeOf(address: string): string {
  const text = plain(address);
  if (!text.includes(":")) return text;
  const [head = "", tail] = text.split("%", 1)[0]!.toLowerCase().split("::", 2);
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
