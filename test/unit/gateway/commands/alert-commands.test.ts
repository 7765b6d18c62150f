import { expect, test } from "vitest";
import type { Alert, AlertState } from "../../../../contracts/messages/alert.ts";
import { COMMANDS_KEPT_MS } from "../../../../contracts/messages/command.ts";
import { actionsOf, stepsThatCount } from "../../../../gateway/commands/alert-commands.ts";

const alert = (id: string, state: AlertState, over: Partial<Alert> = {}): Alert => ({
  id,
  rule: "r",
  key: "k",
  region: "eu",
  state,
  severity: "info",
  sinceMs: 0,
  atMs: 0,
  receivedAtMs: 1_000,
  value: 0,
  message: "",
  partition: 0,
  seq: 1,
  index: 0,
  ...over,
});

test("id and expiry follow from the alert; what is no command is named and left out", () => {
  const commands = [
    { device: "valve", payload: { shut: true }, expiresMs: 500 },
    { device: "a/b", payload: 1, expiresMs: 500 },
    { device: "valve", payload: 1, expiresMs: 0 },
    { device: "siren", payload: "on", expiresMs: 10 * COMMANDS_KEPT_MS },
  ];
  expect(actionsOf(alert("a1", "firing", { commands }))).toEqual({
    commands: [
      { device: "valve", id: "a1-firing-0", payload: '{"shut":true}', expiresAtMs: 1_500 },
      {
        device: "siren",
        id: "a1-firing-3",
        payload: '"on"',
        expiresAtMs: 1_000 + COMMANDS_KEPT_MS,
      },
    ],
    problems: [
      "command 1: device: the id holds / or + or #",
      "command 2: its expiry is no duration",
    ],
  });
  expect(actionsOf(alert("a1", "resolved"))).toEqual({ commands: [], problems: [] });
});

test("the newest step counts alone; an acknowledgement leaves the firing one counting", () => {
  const [old, firing] = [alert("a1", "firing"), alert("a2", "firing")];
  const seen = alert("a2", "acknowledged");
  const done = alert("a2", "resolved");
  expect(stepsThatCount([])).toEqual([]);
  expect(stepsThatCount([old, firing])).toEqual([firing]);
  expect(stepsThatCount([old, firing, seen])).toEqual([firing, seen]);
  expect(stepsThatCount([old, seen])).toEqual([seen]);
  expect(stepsThatCount([firing, seen, done])).toEqual([done]);
});
