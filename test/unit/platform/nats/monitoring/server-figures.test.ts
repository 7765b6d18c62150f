import { expect, test } from "vitest";
import { serverFigures } from "../../../../../platform/nats/monitoring/server-figures.ts";

const VARZ = { server_id: "N1", cpu: 150, mem: 10, in_msgs: 3, out_msgs: 4, slow_consumers: 2 };

test("a share of a core, bounds of streams, and how far a mirror is are told in our units", () => {
  const jsz = {
    config: { max_storage: 1000 },
    storage: 64,
    api: { total: 4, errors: 1 },
    account_details: [
      {
        name: "APP",
        stream_detail: [
          { name: "A", config: { max_bytes: 500 }, state: { messages: 2, bytes: 64 } },
          { name: "B", config: { max_bytes: -1 }, mirror: { lag: 7, active: 2_500_000_000 } },
        ],
      },
    ],
  };
  const figures = serverFigures(VARZ, jsz);
  expect(figures).toMatchObject({
    cpuShare: 1.5,
    slowConsumers: 2,
    messages: { in: 3, out: 4 },
    api: { requests: 4, errors: 1 },
    store: { bytes: 64, bytesMax: 1000 },
  });
  expect(figures.streams).toEqual([
    {
      ...{ name: "A", account: "APP", messages: 2, bytes: 64 },
      ...{ bytesMax: 500, consumers: 0, mirror: null },
    },
    expect.objectContaining({ name: "B", bytesMax: null, mirror: { lag: 7, silentMs: 2500 } }),
  ]);
});

test("a mirror that never heard of its origin has no time before the present", () => {
  const detail = { name: "B", mirror: { lag: 0, active: -1 } };
  const [stream] = serverFigures(VARZ, { account_details: [{ stream_detail: [detail] }] }).streams;
  expect(stream!.mirror).toEqual({ lag: 0, silentMs: 0 });
});

test("a server without JetStream has no streams; what is no nats-server is refused", () => {
  expect(serverFigures(VARZ, null).streams).toEqual([]);
  for (const answer of [null, {}, { server_id: 1 }])
    expect(() => serverFigures(answer, null)).toThrow(/no nats-server/);
});
