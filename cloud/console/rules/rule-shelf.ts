// The rules that there are: those that are saved at the hub, and those of the file that the engines were started with.
import type { Silence } from "../../../contracts/rules/rule-base.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import { applyRules, deleteRule, openRulesBucket } from "../../operations/rules/apply.ts";
import { type WantedSilence, addSilence, takeOutSilence } from "../../operations/rules/silences.ts";
import { savedRules } from "../../operations/rules/store.ts";
import type { Hub } from "../hub.ts";

export interface ShelvedRule {
  readonly rule: Rule;
  /** A saved one counts in the place of one of the file. */
  readonly source: "saved" | "file";
}

export class RuleShelf {
  readonly #hub: Hub;
  readonly #ofFile: readonly Rule[];

  constructor(hub: Hub, ofFile: readonly Rule[]) {
    this.#hub = hub;
    this.#ofFile = ofFile;
  }

  /** Every rule in the order of ids. @throws AppError `NATS_UNAVAILABLE`. */
  async all(): Promise<ShelvedRule[]> {
    const { rules } = await this.#saved();
    const saved = [...rules.values()].map((rule) => ({ rule, source: "saved" as const }));
    const others = this.#ofFile
      .filter(({ id }) => !rules.has(id))
      .map((rule) => ({ rule, source: "file" as const }));
    return [...saved, ...others].sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1));
  }

  /** Faults of records at the hub that are no rules, by their keys. */
  async unreadable(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await this.#saved()).unreadable);
  }

  async saved(id: string): Promise<Rule | null> {
    return (await this.#saved()).rules.get(id) ?? null;
  }

  /** The rule as it is saved, which keeps maintenance windows that it does not name. @throws AppError `CONFIG_INVALID` naming what is wrong with it. */
  async save(rule: Rule): Promise<Rule> {
    const { connection, catalog } = this.#hub;
    await applyRules(await openRulesBucket(connection), [rule], catalog);
    return (await this.saved(rule.id)) ?? rule;
  }

  /** @throws AppError `CONFIG_INVALID` naming what is wrong with it. */
  async addSilence(id: string, silence: WantedSilence, nowMs: number): Promise<Rule> {
    return addSilence(await openRulesBucket(this.#hub.connection), id, silence, nowMs);
  }

  /** @throws AppError `CONFIG_INVALID` if there is none. */
  async takeOutSilence(id: string, silence: Silence): Promise<Rule> {
    return takeOutSilence(await openRulesBucket(this.#hub.connection), id, silence);
  }

  async delete(id: string): Promise<void> {
    await deleteRule(await openRulesBucket(this.#hub.connection), id);
  }

  async #saved() {
    const bucket = await openRulesBucket(this.#hub.connection);
    return savedRules(await bucket.records());
  }
}
