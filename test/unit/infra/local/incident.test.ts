import { expect, test } from "vitest";
import { incidentLines } from "../../../../infra/local/incident.ts";

const at = new Date("2026-11-26T18:22:03.456Z");

test("incidents are said with when, which process and what happened, never as a bare count", () => {
  const incidents = [
    { at, process: "aggregator", what: "exit 1,\n starting it again" },
    { at, process: "gateway-eu", what: "killed by SIGKILL, starting it again" },
  ];
  expect(incidentLines({ incidents, total: 2 }, 20)).toEqual([
    "incidents: 2",
    "  18:22:03 aggregator: exit 1, starting it again",
    "  18:22:03 gateway-eu: killed by SIGKILL, starting it again",
  ]);
  expect(incidentLines({ incidents, total: 1_500 }, 1)).toEqual([
    "incidents: 1500, the last 1",
    "  18:22:03 gateway-eu: killed by SIGKILL, starting it again",
  ]);
  expect(incidentLines({ incidents: [], total: 0 }, 20)).toEqual(["incidents: none"]);
});
