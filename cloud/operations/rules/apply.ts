// Saving and deleting rules at the hub.
import canonicalize from "canonicalize";
import { RULES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import { withoutSilences } from "../../../contracts/rules/silence.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { refused } from "../refused.ts";
import { problemOf, savedRules } from "./store.ts";

/** The hub's bucket. @throws AppError `CONFIG_INVALID` if the connection is not to the hub. */
export async function openRulesBucket(hub: NatsConnection): Promise<Bucket> {
  const stream = await new Streams(hub).find(bucketStream(RULES_BUCKET));
  if (!stream) throw refused(`there is no bucket ${RULES_BUCKET}: npx skerry topology apply`);
  if (stream.mirror) throw refused("rules are saved at the hub only: say the hub's URL");
  return await Bucket.open(hub, RULES_BUCKET);
}

/** Deletes a rule; what it raised is resolved. @throws AppError `CONFIG_INVALID` if there is none. */
export async function deleteRule(bucket: Bucket, id: string): Promise<void> {
  await bucket.refuseIfFenced();
  if (!(await bucket.get(id))?.data) throw refused(`there is no rule "${id}"`);
  await bucket.delete(id);
}

/** Saves all rules or none; a line for each. @throws AppError `CONFIG_INVALID` naming the rule at fault. */
export async function applyRules(
  bucket: Bucket,
  wanted: readonly Rule[],
  catalog: Catalog,
): Promise<string[]> {
  await bucket.refuseIfFenced();
  const records = await bucket.records();
  const { rules: saved } = savedRules(records);
  // Deleted rules have one, too.
  const revisions = new Map(records.map(({ key, revision }) => [key, revision]));
  const problems = wanted.flatMap((rule) => {
    const why = problemOf(rule, catalog) ?? versionProblem(rule, saved.get(rule.id));
    return why === null ? [] : [`rule "${rule.id}": ${why}`];
  });
  if (problems.length > 0) throw refused(problems.join("\n"));
  const lines: string[] = [];
  for (const said of wanted) {
    const before = saved.get(said.id);
    const rule = withSilences(said, before);
    if (before && isSame(before, rule)) {
      lines.push(`${rule.id} v${rule.version}: as it was`);
      continue;
    }
    const value = JSON.stringify(rule);
    if ((await bucket.replace(rule.id, value, revisions.get(rule.id) ?? 0)) === null)
      throw refused(`rule "${rule.id}": somebody else saved it meanwhile: try again`);
    lines.push(`${rule.id} v${rule.version}: saved`);
  }
  return lines;
}

/** A rule that says nothing of maintenance windows keeps those that are saved: who wrote it need not know of them. */
function withSilences({ silences, ...rule }: Rule, saved: Rule | undefined): Rule {
  const kept = silences ?? saved?.silences ?? [];
  return { ...rule, ...(kept.length === 0 ? {} : { silences: kept }) };
}

/** Maintenance windows are no change of a rule. */
const versionProblem = (rule: Rule, saved: Rule | undefined): string | null =>
  saved && rule.version <= saved.version && !isSame(withoutSilences(saved), withoutSilences(rule))
    ? `version ${saved.version} is saved with other content: raise its version`
    : null;

/** True for equal content, in whatever order its properties were written. */
const isSame = (a: object, b: object): boolean => canonicalize(a) === canonicalize(b);

/** The version of a rule that names none: the next one, unless nothing but its maintenance windows is other than saved. */
export function versionFor(rule: object, saved: Rule | undefined): number {
  if (!saved) return 1;
  const { version } = saved;
  return isSame(withoutSilences({ ...rule, version }), withoutSilences(saved))
    ? version
    : version + 1;
}
