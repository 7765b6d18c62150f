// The rules of a region: those of its configuration, and those saved at the hub, which come by bucket
// `rules` and are there with the WAN down.
//
// B1. A saved rule replaces a configured one of its id; deleted, the configured one is back.
// B2. An entry that cannot be used is logged as an error, and the rule stays as it was.
import type { NatsConnection } from "nats";
import { type Rule, parseRule } from "../../contracts/rule.ts";
import { RULES_BUCKET } from "../../contracts/subjects.ts";
import { type BucketEntry, followBucket } from "../../infra/nats/bucket.ts";
import { messageOf } from "../../infra/runtime/errors.ts";
import type { Logger } from "../../infra/runtime/logger.ts";

const SUBJECT_PREFIX = `$KV.${RULES_BUCKET}.`;

export class RuleBook {
  readonly #configured: readonly Rule[];
  readonly #saved = new Map<string, Rule>();
  readonly #logger: Logger;
  #rules: readonly Rule[];

  constructor(configured: readonly Rule[], logger: Logger) {
    this.#configured = configured;
    this.#rules = configured;
    this.#logger = logger;
  }

  /** The rules as they are now: another array after each change. */
  get rules(): readonly Rule[] {
    return this.#rules;
  }

  apply({ subject, data }: BucketEntry): void {
    const id = subject.slice(SUBJECT_PREFIX.length);
    try {
      if (data.length === 0) this.#saved.delete(id);
      else this.#saved.set(id, readRule(id, data));
    } catch (error) {
      return this.#logger.error({ rule: id, problem: messageOf(error) }, "rule ignored"); // B2
    }
    const configured = this.#configured.filter((rule) => !this.#saved.has(rule.id)); // B1
    this.#rules = [...configured, ...this.#saved.values()];
    this.#logger.info({ rule: id, deleted: data.length === 0 }, "rule known");
  }
}

function readRule(id: string, data: Uint8Array): Rule {
  const rule = parseRule(JSON.parse(Buffer.from(data).toString("utf8")));
  if (rule.id !== id) throw new Error(`it says it is "${rule.id}"`);
  return rule;
}

/** Resolves once everything saved so far is known; follows what is saved until `signal` aborts. */
export async function openRuleBook(
  of: { connection: NatsConnection; configured: readonly Rule[]; logger: Logger },
  signal: AbortSignal,
): Promise<RuleBook> {
  const { connection, configured, logger } = of;
  const book = new RuleBook(configured, logger);
  const bucket = { connection, bucket: RULES_BUCKET, logger };
  await followBucket(bucket, (entry) => book.apply(entry), signal);
  return book;
}
