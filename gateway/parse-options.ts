// Forms of options that several tables of the gateway have.
import { as } from "../platform/runtime/config.ts";

/** A port, 0 for any that is free, or undefined for no listener. */
export const optionalPort = (raw: string): number | undefined =>
  raw === "" || raw === "none" ? undefined : as.integer(0, 65_535)(raw);

/** A list of origins of web pages. */
export const origins = (raw: string): string[] =>
  as.list(raw).map((one) => {
    if (!URL.canParse(one) || new URL(one).origin !== one)
      throw new Error(
        `must be a list of origins such as https://console.example.org, not "${one}"`,
      );
    return one;
  });

/** A parser of one of these words. */
export const oneOf =
  <const T extends string>(...words: readonly T[]) =>
  (raw: string): T => {
    const word = words.find((known) => known === raw);
    if (!word) throw new Error(`must be one of ${words.join(", ")}, not "${raw}"`);
    return word;
  };
