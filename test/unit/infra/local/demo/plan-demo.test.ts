import { expect, test } from "vitest";
import { planDemo } from "../../../../../infra/local/demo/plan-demo.ts";
import { planLocal } from "../../../../../infra/local/plan.ts";

const local = planLocal(
  {
    ...{ portBase: 14_200, dataDir: "/data", devices: 20, rate: 200, keepTimes: false },
    ...{ aggregators: 3, channels: null, smtpUrl: null },
  },
  {
    programs: { "nats-server": "/bin/nats-server", influxd: "/bin/influxd" },
    node: "/bin/node",
    secret: (name) => name.replaceAll(" ", "-"),
    runId: "run",
    passedEnv: {},
  },
);

test("every link to the hub goes through a proxy; no port is used twice, and none beyond the 30", () => {
  const demo = planDemo(local, {
    portBase: 14_200,
    token: "t",
    tokenFile: "/data/secrets/demo-control",
    sendTraces: true,
  });
  const { servers, services, simulator } = demo.plan;
  for (const region of ["eu", "us"] as const) {
    const server = servers.find(({ name }) => name === `nats-${region}`)!;
    expect(new URL(server.env["NATS_LEAF_URL"]!.replace("nats-leaf", "http")).port).toBe(
      String(demo.wanPorts[region]),
    );
  }
  const ports = [
    ...[...servers, ...services, simulator].flatMap((process) => Object.values(process.ports)),
    ...Object.values(demo.wanPorts),
    demo.controlPort,
  ];
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.max(...ports)).toBeLessThan(14_230);
});

test("traces go to the console unless the environment says where telemetry goes", () => {
  const endpointOf = (sendTraces: boolean) =>
    planDemo(local, {
      portBase: 14_200,
      token: "t",
      tokenFile: "/data/secrets/demo-control",
      sendTraces,
    }).plan.simulator.env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  expect(endpointOf(true)).toBe("http://127.0.0.1:14207");
  expect(endpointOf(false)).toBeUndefined();
});
