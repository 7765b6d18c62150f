import type { Alert } from "../../contracts/messages/alert.ts";

export const anAlert = (of: Partial<Alert> = {}): Alert => ({
  id: "0123456789abcdef",
  rule: "co2-high",
  key: "room-1",
  region: "eu",
  state: "firing",
  severity: "warning",
  sinceMs: 1_700_000_000_000,
  atMs: 1_700_000_001_000,
  receivedAtMs: 1_700_000_001_100,
  value: 1_200,
  message: "co2 is 1200",
  partition: 0,
  seq: 1,
  index: 0,
  ...of,
});
