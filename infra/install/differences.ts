/** Lines that one text has and the other has not, in their order (pure): `- old`, `+ new`. */
export function differences(before: string, after: string): string[] {
  const [old, now] = [before, after].map((text) => text.split("\n"));
  const only = (these: readonly string[], those: readonly string[], sign: string): string[] =>
    these.filter((line) => !those.includes(line)).map((line) => `${sign} ${line}`);
  return [...only(old!, now!, "-"), ...only(now!, old!, "+")];
}
