// The rules of a region: those of its configuration, and those saved at the hub, which come by bucket
// `rules` and are there with the WAN down.
//
// B1. A saved rule replaces a configured one of its id; deleted, the configured one is back.
// B2. An entry that cannot be used is logged as an error, and the rule stays as it was: over a restart too, where it
//     goes on as the lanes' snapshots have it.
// B3. A rule over a contract or field that is not known here yet waits for it: contracts come by a bucket
//     of their own, which may be behind. Frames with readings of such a contract wait with it.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { type CompiledRule, compileRule } from "../../../contracts/rules/compile-rule.ts";
import { type Rule, contractsOf, parseRule } from "../../../contracts/rules/rule.ts";
import { RULES_BUCKET } from "../../../contracts/names/subjects.ts";
import {
  type BucketEntry,
  type EntryVerdict,
  followBucket,
} from "../../../platform/nats/client/follow-bucket.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";

const SUBJECT_PREFIX = `$KV.${RULES_BUCKET}.`;

export class RuleBook {
  readonly #configured: readonly Rule[];
  readonly #saved = new Map<string, Rule>();
  readonly #catalog: Catalog;
  readonly #logger: Logger;
  readonly #compiled = new Map<Rule, CompiledRule>();
  #rules: readonly CompiledRule[] = [];
  #waiting: readonly string[] = [];
  #awaited: ReadonlySet<string> = new Set();
  /** Ids whose entries cannot be used, and never could since the start (B2). */
  #unusable: ReadonlySet<string> = new Set();
  #contracts = 0;

  constructor(configured: readonly Rule[], catalog: Catalog, logger: Logger) {
    this.#configured = configured;
    this.#catalog = catalog;
    this.#logger = logger;
    this.#compile();
  }

  /** The rules as they are now: another array after each change, and only then. */
  get rules(): readonly CompiledRule[] {
    if (this.#catalog.size !== this.#contracts) {
      this.#compiled.clear();
      this.#compile(); // B3
    }
    return this.#rules;
  }

  /** Rules that wait for a contract (B3), each with what it lacks. */
  get waiting(): readonly string[] {
    return this.#waiting;
  }

  /** The contracts of those rules. */
  get awaited(): ReadonlySet<string> {
    return this.#awaited;
  }

  /** Rules that lanes go on with as they are, if they know them (B2). Another one after each change. */
  get unusable(): ReadonlySet<string> {
    return this.#unusable;
  }

  /** @returns what is wrong with the entry, or null. */
  apply({ subject, data }: BucketEntry): string | null {
    const id = subject.slice(SUBJECT_PREFIX.length);
    try {
      if (data.length === 0) this.#saved.delete(id);
      else this.#saved.set(id, readRule(id, data));
    } catch (error) {
      this.#logger.error({ rule: id, problem: messageOf(error) }, "rule ignored"); // B2
      if (!this.#saved.has(id)) this.#unusable = new Set([...this.#unusable, id]);
      return messageOf(error);
    }
    if (this.#unusable.has(id))
      this.#unusable = new Set([...this.#unusable].filter((each) => each !== id));
    this.#compile();
    this.#logger.info({ rule: id, deleted: data.length === 0 }, "rule known");
    return null;
  }

  #compile(): void {
    this.#contracts = this.#catalog.size;
    const configured = this.#configured.filter((rule) => !this.#saved.has(rule.id)); // B1
    const waiting: string[] = [];
    const awaited = new Set<string>();
    const rules: CompiledRule[] = [];
    for (const rule of [...configured, ...this.#saved.values()])
      try {
        let compiled = this.#compiled.get(rule);
        if (!compiled) this.#compiled.set(rule, (compiled = compileRule(rule, this.#catalog)));
        rules.push(compiled);
      } catch (error) {
        waiting.push(`${rule.id}: ${messageOf(error)}`);
        for (const contract of contractsOf(rule)) awaited.add(contract);
      }
    for (const problem of waiting)
      if (!this.#waiting.includes(problem)) this.#logger.error({ problem }, "a rule waits");
    // Lanes take rules that are another array, and save their state with them: one that waits disturbs none.
    const isSame =
      rules.length === this.#rules.length && rules.every((rule, at) => rule === this.#rules[at]);
    if (!isSame) this.#rules = rules;
    this.#waiting = waiting;
    this.#awaited = awaited;
  }
}

function readRule(id: string, data: Uint8Array): Rule {
  const rule = parseRule(JSON.parse(Buffer.from(data).toString("utf8")));
  if (rule.id !== id) throw new Error(`it says it is "${rule.id}"`);
  return rule;
}

/** Resolves once everything saved so far is known; follows what is saved until `signal` aborts. */
export async function openRuleBook(
  of: {
    connection: NatsConnection;
    configured: readonly Rule[];
    catalog: Catalog;
    logger: Logger;
    judged?: EntryVerdict;
  },
  signal: AbortSignal,
): Promise<RuleBook> {
  const { connection, configured, catalog, logger, judged } = of;
  const book = new RuleBook(configured, catalog, logger);
  const bucket = { connection, bucket: RULES_BUCKET, logger, judged };
  await followBucket(bucket, (entry) => book.apply(entry), signal);
  return book;
}
