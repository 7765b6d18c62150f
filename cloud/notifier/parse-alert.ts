// Alerts as a notifier reads them (pure).
import { inKnownFormat } from "../../contracts/messages/format.ts";
import { type Alert, SEVERITIES, isAlertState } from "../../contracts/messages/alert.ts";

/** Null for what nobody could be told about. */
export function parseAlert(data: Uint8Array): Alert | null {
  try {
    const value = JSON.parse(Buffer.from(data).toString("utf8")) as Partial<Alert> | null;
    const alert = inKnownFormat("alert", value);
    const texts = [alert?.id, alert?.rule, alert?.key, alert?.message];
    const isTold =
      isAlertState(alert?.state) &&
      texts.every((text) => typeof text === "string") &&
      SEVERITIES.some((severity) => severity === alert?.severity) &&
      [alert?.sinceMs, alert?.atMs].every(isTime);
    return isTold ? (alert as Alert) : null;
  } catch {
    return null;
  }
}

/** True for what `Date` can tell as a time. */
const isTime = (ms: unknown): boolean =>
  typeof ms === "number" && !Number.isNaN(new Date(ms).getTime());
