// What applies, and where it came from; pure. Secrets are masked.
import { type OptionTable, type Setting, parseFlags, settingsOf } from "../config.ts";
import type { Layered } from "./layers.ts";

/** One setting that counts. */
export interface Explained {
  readonly key: string;
  readonly env: string;
  /** Null: it is required, and nobody gave it. */
  readonly value: string | null;
  /** `command line`, `environment`, `skerry.yaml:3: gateway.region`, `default`. */
  readonly from: string;
}

const MASK = "***";

/** A value as it may be shown: of a URL, and of each in a list, without its password. */
export const masked = (value: string, isSecret: boolean): string =>
  isSecret && value !== ""
    ? MASK
    : value.replaceAll(/(:\/\/[^:@/\s,]*):[^@/\s,]*@/g, `$1:${MASK}@`);

/** A row for each option, and for each secret beside one that is given. */
export function explain(
  table: OptionTable,
  { env, labels }: Layered,
  argv: readonly string[],
): Explained[] {
  const flags = parseFlags(table, argv);
  const given = ({ flag, env: variable }: Setting): [value: string, from: string] | null => {
    const typed = flag === null ? undefined : flags[flag];
    if (typed) return [typed, "command line"];
    const value = env[variable];
    return value ? [value, labels.get(variable) ?? "environment"] : null;
  };
  return Object.entries(table).flatMap(([name, option]) => {
    const rows = settingsOf(name, option).map((setting, at) => {
      const [value, from] = given(setting) ?? [null, null];
      return { setting, value, from, isOption: at === 0 };
    });
    const isElsewhere = rows.some(({ from, isOption }) => !isOption && from !== null);
    const shown = rows.filter(
      ({ from, isOption, setting }) =>
        from !== null || (isOption && !(isElsewhere && setting.isSecret)),
    );
    return shown.map(({ setting: { key, env: variable, isSecret, fallback }, value, from }) => ({
      ...{ key, env: variable },
      value: value === null ? (fallback ?? null) : masked(value, isSecret),
      from: from ?? (fallback === undefined ? "required, and not given" : "default"),
    }));
  });
}
