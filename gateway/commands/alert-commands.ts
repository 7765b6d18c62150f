// Commands that an alert tells devices (pure).
import type { Alert } from "../../contracts/messages/alert.ts";
import { COMMANDS_KEPT_MS, commandProblem } from "../../contracts/messages/command.ts";
import type { OpenCommand } from "./open-commands.ts";

export interface AlertActions {
  readonly commands: readonly OpenCommand[];
  /** One for each action that is no command. */
  readonly problems: readonly string[];
}

/**
 * The commands of a step of an alert's life. Their ids follow from the alert, so that reading it again
 * makes the same commands; their expiry too, from the arrival of the reading that made the step.
 */
export function actionsOf(alert: Alert): AlertActions {
  const commands: OpenCommand[] = [];
  const problems: string[] = [];
  (alert.commands ?? []).forEach(({ device, payload, expiresMs }, index) => {
    const id = `${alert.id}-${alert.state}-${index}`;
    const problem =
      expiresMs > 0 ? commandProblem({ id, device, payload }) : "its expiry is no duration";
    if (problem !== null) return void problems.push(`command ${index}: ${problem}`);
    // No longer than replies are kept: an answered one would come again.
    const expiresAtMs = alert.receivedAtMs + Math.min(expiresMs, COMMANDS_KEPT_MS);
    commands.push({ id, device, payload: JSON.stringify(payload), expiresAtMs });
  });
  return { commands, problems };
}

/**
 * The steps of an alert that count, given its steps up to the newest: that one alone, but an
 * acknowledgement takes nothing back, so the step that was acknowledged counts on.
 */
export function stepsThatCount(steps: readonly Alert[]): Alert[] {
  const newest = steps.at(-1);
  if (newest?.state !== "acknowledged") return newest ? [newest] : [];
  const acknowledged = steps.findLast(({ id, state }) => id === newest.id && state === "firing");
  return acknowledged ? [acknowledged, newest] : [newest];
}
