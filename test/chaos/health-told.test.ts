// Goal: what /livez, /readyz and /startupz of every process say is true while a disk is full and while the WAN is cut: who
// cannot work says so and why, nobody else does, nobody is called dead, and afterwards all are ready.
// Method: every process of a small installation, with stores on file systems of 64 MiB that are filled to the last byte,
// and a link whose cable is cut.
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import {
  type Disk,
  PROBED,
  PROBES,
  ProbedInstallation,
  type Probed,
} from "../support/probed-installation.ts";

const WATCHED_MS = 12_000;

let all: ProbedInstallation;
beforeAll(async () => {
  all = await ProbedInstallation.start();
}, 240_000);
afterAll(() => all[Symbol.asyncDispose]());

const ready = (): Promise<unknown> => Promise.all(PROBED.map((name) => all.becomes(name, null)));

type Reasons = Partial<Record<Probed, RegExp>>;

/**
 * Those named are not ready for their reasons, and stay so; everybody else is ready; all are alive; HEAD says the same.
 * @param some who may be ready as well: that depends on the release of a server.
 */
async function tell(expected: Reasons, some: Reasons = {}): Promise<void> {
  const sure = PROBED.filter((name) => !some[name]);
  await Promise.all(sure.map((name) => all.becomes(name, expected[name] ?? null)));
  const untilMs = performance.now() + WATCHED_MS;
  while (performance.now() < untilMs)
    for (const name of PROBED) {
      const { livez, readyz, startupz } = await all.probe(name);
      expect([name, livez.status, livez.why, startupz.status]).toEqual([name, 200, "", 200]);
      if (some[name] && readyz.status !== 200) expect(readyz.why).toMatch(some[name]);
    }
  await Promise.all(sure.map((name) => all.becomes(name, expected[name] ?? null)));
  for (const name of sure) {
    const wanted = expected[name] ? 503 : 200;
    await eventually(`HEAD of ${name} says ${wanted}`, async () => {
      const { status, body } = await all.head(name, "readyz");
      expect(body).toBe("");
      return status === wanted;
    });
  }
}

async function whileFull(
  disk: Disk,
  expected: Reasons,
  restart: () => Promise<void> = () => Promise.resolve(),
  some: Reasons = {},
): Promise<void> {
  await ready();
  all.fill(disk);
  try {
    await tell(expected, some);
  } finally {
    all.free(disk);
    await restart();
  }
  await ready();
}

test("with everything well every process says so, to GET and HEAD, and to nothing else", async () => {
  await ready();
  for (const name of PROBED)
    for (const path of PROBES) {
      expect(await all.head(name, path)).toEqual({ status: 200, body: "" });
      expect((await all.probe(name))[path]).toEqual({ status: 200, why: "" });
    }
});

test(
  "the disk of a region's nats-server is full: gateway, engine and devices are not ready, the hub is",
  () =>
    whileFull(
      "region",
      {
        gateway: /the region's log does not take frames/,
        alerting:
          /JetStream of the nats-server of eu does not answer|what lane eu\/0 knows is not saved/,
        simulator: /no reading has been acknowledged for \d+ s/,
      },
      () => all.world.region("eu").process.restart(),
    ),
  240_000,
);

test("the disk of the hub's nats-server is full: who writes there is not ready, the region is", () => {
  const away = "JetStream of the nats-server of hub does not answer";
  return whileFull(
    "hub",
    {
      aggregator: new RegExp(`lanes cannot be shared out|${away}`),
      steward: new RegExp(`copies of logs are not cared for|${away}`),
    },
    () => all.world.hub.process.restart(),
    // 2.9.10 answers nobody after a while, newer ones go on reading.
    { notifier: new RegExp(away), console: new RegExp(away) },
  );
}, 240_000);

test(
  "the disk of InfluxDB is full: the aggregator is not ready, and says what InfluxDB says",
  () =>
    whileFull(
      "influx",
      { aggregator: /the store does not take what is written: InfluxDB.*no space left on device/s },
      // Of 1.6.7: what it writes ahead into stays broken, with room or without.
      () => all.influx.process.restart(),
    ),
  240_000,
);

test(
  "the disk of the gateway's sessions is full: readings are stored and acknowledged all the same",
  () =>
    whileFull("gateway", {}, async () => {
      const before = await all.acknowledged();
      await eventually(
        "more is acknowledged",
        async () => (await all.acknowledged()) > before + 20,
      );
    }),
  240_000,
);

test("the WAN is cut: the region's end of the link is not ready, everybody else is, and alerts go on", async () => {
  await ready();
  const before = await all.acknowledged();
  all.wan.cut();
  try {
    await tell({ "link-region": /the other side says nothing: the WAN is cut, or it is no link/ });
    expect(await all.acknowledged()).toBeGreaterThan(before);
  } finally {
    all.wan.heal();
  }
  await ready();
}, 240_000);
