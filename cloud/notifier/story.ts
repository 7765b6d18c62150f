// The alerts of one rule and key that are told together, and what they come to (pure).
import { type Alert, SEVERITIES } from "../../contracts/messages/alert.ts";

/** The steps of one rule and key, in the order of their stream; at least one. */
export interface Story {
  readonly rule: string;
  readonly key: string;
  /** About a time that was over when its readings arrived. */
  readonly late: boolean;
  readonly alerts: readonly Alert[];
}

/** Set by the engine on what a device's late readings say; the field is optional. */
export const isLate = (alert: Alert): boolean => (alert as { late?: unknown }).late === true;

/** The more severe, the greater; what is no severity is less than all. */
export const rankOf = ({ severity }: Pick<Alert, "severity">): number =>
  SEVERITIES.indexOf(severity);

/** Late steps never mix with those of the present. */
export const storyKey = (alert: Alert): string =>
  `${alert.rule}\n${alert.key}\n${isLate(alert) ? "late" : ""}`;

/** In the order in which they first appear. */
export function storiesOf(alerts: readonly Alert[]): Story[] {
  const stories = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = storyKey(alert);
    const steps = stories.get(key);
    if (steps) steps.push(alert);
    else stories.set(key, [alert]);
  }
  return [...stories.values()].map((steps) => {
    const { rule, key } = steps[0]!;
    return { rule, key, late: isLate(steps[0]!), alerts: steps };
  });
}

/** The step that says how it is now. */
export const lastOf = ({ alerts }: Pick<Story, "alerts">): Alert => alerts.at(-1)!;
