// Goal: the count of what fires is that of the list under it.
import { expect, test } from "vitest";

interface Fires {
  all: number | null;
  platform: number | null;
  devices: number | null;
  own: object[];
  ofDevices: object[];
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/home/fires.js";
const { firesOf, ASKED } = (await import(path)) as {
  firesOf: (overview: object, alerts: object[] | null) => Fires;
  ASKED: number;
};

const OWN = { rule: "lane_stuck", region: "hub" };
const OF_DEVICE = { rule: "oven-hot", region: "eu" };
const PROBLEM = { kind: "stuck" };

test("alerts of the platform's own rules are the platform's, and problems are no alerts", () => {
  const alerts = [OWN, OF_DEVICE, OF_DEVICE, OF_DEVICE];
  const fires = firesOf({ problems: [PROBLEM], alertsFiring: 4 }, alerts);
  expect(fires).toMatchObject({ all: 4, platform: 1, devices: 3, own: [OWN] });
  expect(fires.ofDevices).toHaveLength(3);
});

test("alerts that were not asked for are counted, and none is told apart before any is known", () => {
  const alerts = Array.from({ length: ASKED }, () => OF_DEVICE);
  expect(firesOf({ problems: [], alertsFiring: 70 }, alerts)).toMatchObject({
    all: 70,
    devices: 70,
  });
  const unknown = { all: 4, platform: null, devices: null };
  expect(firesOf({ problems: [PROBLEM], alertsFiring: 4 }, null)).toMatchObject(unknown);
  expect(firesOf({ problems: [], alertsFiring: null }, null).all).toBeNull();
});
