// Rules in files and in the bucket, and what is wrong with them.
import { readFileSync } from "node:fs";
import type { KV } from "nats";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../contracts/rules/compile-rule.ts";
import { type Rule, parseRule, parseRules } from "../../../contracts/rules/rule.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../kit/refused.ts";

/** @throws AppError `CONFIG_INVALID` naming file, rule and property. */
export function readRules(file: string): readonly Rule[] {
  try {
    return parseRules(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw refused(`${file}: ${messageOf(error)}`);
  }
}

/** Why a rule cannot be evaluated, or null. */
export function problemOf(rule: Rule, catalog: Catalog): string | null {
  try {
    compileRule(rule, catalog);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** All of them before anything else is asked: the iterator ends early if it has to wait. */
export async function keysOf(bucket: KV): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of await bucket.keys()) keys.push(key);
  return keys;
}

export async function savedRules(
  bucket: KV,
): Promise<Map<string, { rule: Rule; revision: number }>> {
  const saved = new Map<string, { rule: Rule; revision: number }>();
  for (const key of await keysOf(bucket)) {
    const entry = await bucket.get(key);
    if (entry?.operation === "PUT")
      saved.set(key, { rule: parseRule(entry.json()), revision: entry.revision });
  }
  return saved;
}
