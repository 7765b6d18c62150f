// Rules in files and in the bucket, and what is wrong with them.
import { readFileSync } from "node:fs";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../contracts/rules/compile-rule.ts";
import { type Rule, parseRule, parseRules } from "../../../contracts/rules/rule.ts";
import type { BucketRecord } from "../../../platform/nats/client/bucket.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";

/** @throws AppError `CONFIG_INVALID` naming file, rule and property. */
export function readRules(file: string): readonly Rule[] {
  try {
    return parseRules(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw refused(`${file}: ${messageOf(error)}`);
  }
}

/** The reason for which a rule cannot be evaluated, or null. */
export function problemOf(rule: Rule, catalog: Catalog): string | null {
  try {
    compileRule(rule, catalog);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

export interface SavedRules {
  /** Rules by their ids. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** Faults of records that are no rules, by their keys: engines set them aside. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** The rules in the bucket's records. */
export function savedRules(records: readonly BucketRecord[]): SavedRules {
  const rules = new Map<string, Rule>();
  const unreadable = new Map<string, string>();
  for (const { key, data } of records)
    try {
      if (data) rules.set(key, parseRule(jsonOf(data)));
    } catch (error) {
      unreadable.set(key, messageOf(error));
    }
  return { rules, unreadable };
}
