// Maintenance windows of saved rules. They are not of a rule's version: it goes on with what it knows.
import type { Silence } from "../../../contracts/rules/rule-base.ts";
import { type Rule, parseRule } from "../../../contracts/rules/rule.ts";
import { SilenceWindow } from "../../../contracts/rules/silence.ts";
import type { Bucket } from "../../../platform/nats/client/bucket.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";

/** A window; without a cron expression it begins now, once. */
export type WantedSilence = Omit<Silence, "cron"> & Partial<Pick<Silence, "cron">>;

/** Adds a window to a saved rule, and takes out those that are past. @throws AppError `CONFIG_INVALID`. */
export function addSilence(
  bucket: Bucket,
  id: string,
  { cron, ...wanted }: WantedSilence,
  nowMs: number,
): Promise<Rule> {
  // Now is now in every time zone.
  const silence =
    cron === undefined ? { cron: onceAt(nowMs), for: wanted.for } : { cron, ...wanted };
  return change(bucket, id, (silences) => [
    ...silences.filter((one) => !SilenceWindow.of(one).isPast(nowMs)),
    silence,
  ]);
}

/** Takes a window out of a saved rule; what it kept silent fires, if it still holds. @throws AppError `CONFIG_INVALID`. */
export function takeOutSilence(bucket: Bucket, id: string, silence: Silence): Promise<Rule> {
  return change(bucket, id, (silences) => {
    const at = silences.findIndex((one) => isSame(one, silence));
    if (at < 0)
      throw refused(`rule "${id}" has no maintenance window "${silence.cron}" for ${silence.for}`);
    return silences.toSpliced(at, 1);
  });
}

const zoneOf = ({ timezone = "UTC" }: Silence): string => timezone;

const isSame = (a: Silence, b: Silence): boolean =>
  a.cron === b.cron && a.for === b.for && zoneOf(a) === zoneOf(b);

/** Writes only what it has read: nobody's change gets lost. */
async function change(
  bucket: Bucket,
  id: string,
  next: (silences: readonly Silence[]) => Silence[],
): Promise<Rule> {
  await bucket.refuseIfFenced();
  const record = await bucket.get(id);
  if (!record?.data) throw refused(`there is no saved rule "${id}"`);
  const { silences: before = [], ...rule } = parseRule(jsonOf(record.data));
  const silences = next(before);
  const changed = checked({ ...rule, ...(silences.length === 0 ? {} : { silences }) });
  if ((await bucket.replace(id, JSON.stringify(changed), record.revision)) === null)
    throw refused(`rule "${id}": somebody else saved it meanwhile: try again`);
  return changed;
}

function checked(value: unknown): Rule {
  try {
    const rule = parseRule(value);
    for (const silence of rule.silences ?? []) SilenceWindow.of(silence);
    return rule;
  } catch (error) {
    throw refused(messageOf(error));
  }
}

/** A cron expression that is one second, UTC. */
function onceAt(ms: number): string {
  const at = new Date(ms);
  return [
    ...[at.getUTCSeconds(), at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate()],
    ...[at.getUTCMonth() + 1, "*", at.getUTCFullYear()],
  ].join(" ");
}
