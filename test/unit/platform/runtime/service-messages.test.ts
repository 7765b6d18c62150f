// Goal: a service manager hears what is so: ready once, alive only while the process gets on, and why not.
// Method: looks at made-up processes, second by second.
import { expect, test } from "vitest";
import { type Asked, Telling } from "../../../../platform/runtime/service-messages.ts";

const WELL = { ok: true, why: null };
const asked = (live: string | null, ready: string | null): Asked => ({
  report: (probe) => {
    const why = probe === "live" ? live : ready;
    return why === null ? WELL : { ok: false, why };
  },
});

/** Everything that is told in `seconds` looks. */
const told = (telling: Telling, of: Asked, seconds: number, fromMs = 0): string[] =>
  Array.from({ length: seconds }, (_, at) => telling.due(of, fromMs + at * 1_000)).flat();

test("ready is told once, and the watchdog is fed a quarter of its time apart", () => {
  const telling = new Telling(20_000);
  expect(telling.due(asked(null, null), 0)).toEqual(["READY=1", "WATCHDOG=1", "STATUS=ready"]);
  expect(told(telling, asked(null, null), 10, 1_000)).toEqual(["WATCHDOG=1", "WATCHDOG=1"]);
});

test("a start that waits for others asks for more time, and says for what", () => {
  const telling = new Telling(60_000);
  const waiting = asked(null, "its nats-server is away");
  expect(telling.due(waiting, 0)).toEqual([
    "WATCHDOG=1",
    "EXTEND_TIMEOUT_USEC=60000000",
    "STATUS=not ready: its nats-server is away",
  ]);
  expect(told(telling, waiting, 3_600, 1_000).filter((one) => one === "READY=1")).toEqual([]);
  expect(told(telling, waiting, 60, 4_000_000)).toContain("EXTEND_TIMEOUT_USEC=60000000");
});

test("N1, N2: a process that is not live feeds no watchdog and gets no more time, ready or not", () => {
  for (const ready of [null, "it stands still"]) {
    const telling = new Telling(60_000);
    const lines = told(telling, asked("the lane eu/0 has not got on for 300 s", ready), 3_600);
    expect(lines).toEqual(["STATUS=not live: the lane eu/0 has not got on for 300 s"]);
  }
});

test("a status that changes with every look is told every five seconds, on one line", () => {
  const telling = new Telling(null);
  const lines = Array.from({ length: 20 }, (_, at) =>
    telling.due(asked(null, `for\n${at} s`), at * 1_000),
  );
  const statuses = lines.flat().filter((line) => line.startsWith("STATUS="));
  expect(statuses.length).toBeLessThanOrEqual(5);
  expect(statuses[0]).toBe("STATUS=not ready: for 0 s");
});

test("without a watchdog it is fed all the same: a start has a limit as well", () => {
  expect(told(new Telling(null), asked(null, "waits"), 31)).toHaveLength(2 * 3 + 1);
});
