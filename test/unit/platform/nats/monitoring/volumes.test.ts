import { pino } from "pino";
import { expect, test } from "vitest";
import type { ServerFigures } from "../../../../../platform/nats/monitoring/server-figures.ts";
import { Volumes, parseDisks } from "../../../../../platform/nats/monitoring/volumes.ts";

test("disks are named once, by names that a metric and a key can have", () => {
  expect(parseDisks("nats-eu=/var/lib/nats, influxd=/srv/a=b")).toEqual({
    "nats-eu": "/var/lib/nats",
    influxd: "/srv/a=b",
  });
  expect(parseDisks("")).toEqual({});
  for (const [raw, words] of [
    ["/var/lib/nats", /name=directory/],
    ["Nats=/a", /lower-case/],
    ["a.b=/a", /lower-case/],
    ["a=/x,a=/y", /names a twice/],
    ["jetstream=/a", /not jetstream/],
  ] as const)
    expect(() => parseDisks(raw), raw).toThrow(words);
});

test("a disk that is there is measured; one that is not is said once, and left out", () => {
  const said: string[] = [];
  const logger = pino({}, { write: (line: string) => void said.push(line) });
  const figures = { store: { bytes: 30, bytesMax: 100 } } as ServerFigures;
  const volumes = new Volumes({ here: "/", gone: "/nowhere/at/all" }, { figures }, logger);
  for (let look = 0; look < 2; look++) {
    const [here, jetstream, ...more] = volumes.read();
    expect(here).toMatchObject({ name: "here" });
    expect(here!.usedBytes).toBeGreaterThan(0);
    expect(jetstream).toEqual({ name: "jetstream", usedBytes: 30, freeBytes: 70 });
    expect(more).toEqual([]);
  }
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/the disk gone is not watched/);
});
