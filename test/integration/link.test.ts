// Goal: what nats-servers say over a compressed link arrives as it was said, for fewer bytes; a link that is killed, cut,
// lied to or dialled by strangers costs a reconnect and nobody else anything.
// Method: real processes, sockets with random pieces both ways, real nats-servers with the link between them.
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import type { LinkStatus } from "../../infra/link/link.ts";
import { alertSubject } from "../../contracts/names/subjects.ts";
import { publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import {
  type Ends,
  certificates,
  closed,
  dial,
  listen,
  received,
  startLink,
} from "../support/link.ts";
import { freePort } from "../support/free-port.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  type TestAuthority,
  place,
  placeCertificate,
  testAuthority,
} from "../support/tls-files.ts";

const PREFACE = "skerry-link 1\n";

/** Text that repeats itself and bytes that do not, in pieces of all sizes. */
const pieces = (): Buffer[] =>
  Array.from({ length: 300 }, (_, at) =>
    at % 7 === 0
      ? randomBytes(1 + ((at * 997) % 60_000))
      : Buffer.from(`{"seq":${at},"ts":17}`.repeat(1 + (at % 50))),
  );

test.each([
  ["in the clear", false],
  ["with TLS and certificates of both", true],
])("bytes arrive as they were said, both ways, %s", async (_, withTls) => {
  await using stack = new AsyncDisposableStack();
  const met = Promise.withResolvers<Socket>();
  const { port: target } = await listen(stack, (socket) => void met.resolve(socket));
  const tls = withTls ? await certificates(stack) : {};
  const { region, hub, port } = await startLink(stack, target, tls);
  const near = await dial(port);
  const far = await met.promise;
  const [there, back] = [pieces(), pieces()];
  const [all, allBack] = [Buffer.concat(there), Buffer.concat(back)];
  const [atFar, atNear] = [received(far, all.length), received(near, allBack.length)];
  for (const [at, piece] of there.entries()) {
    near.write(piece);
    far.write(back[at]!);
    if (at % 40 === 0) await new Promise(setImmediate);
  }
  expect((await atFar).equals(all)).toBe(true);
  expect((await atNear).equals(allBack)).toBe(true);
  const { toHub, fromHub, encrypted, connections } = await region.status<LinkStatus>();
  expect([encrypted, connections]).toEqual([withTls, 1]);
  expect([toHub.plain, fromHub.plain]).toEqual([all.length, allBack.length]);
  expect(toHub.wire).toBeLessThan(toHub.plain);
  expect((await hub.status<LinkStatus>()).toHub).toEqual(toHub);
  near.destroy();
  await closed(far);
});

test("an end that takes nothing stops the other from being read, and all arrives once it takes", async () => {
  await using stack = new AsyncDisposableStack();
  const met = Promise.withResolvers<Socket>();
  const { port: target } = await listen(stack, (socket) => met.resolve(socket.pause()));
  const { region, hub, port } = await startLink(stack, target);
  const near = await dial(port);
  const far = await met.promise;
  // Each of them after the first crosses the WAN as a few bytes.
  const piece = randomBytes(64 * 1024);
  const SENT = 2_000;
  const total = SENT * piece.length;
  for (let at = 0; at < SENT; at++) near.write(piece);
  const unpacked = async (): Promise<number> => (await hub.status<LinkStatus>()).toHub.plain;
  let before = -1;
  await eventually("nothing more is unpacked", async () => {
    const { plain } = (await region.status<LinkStatus>()).toHub;
    const now = await unpacked();
    const isStill = plain === total && now === before;
    before = now;
    return isStill;
  });
  expect(before).toBeLessThan(total / 4);
  const all = received(far, total);
  far.resume();
  expect((await all).length).toBe(total);
});

test("strangers, damaged streams and streams that blow up end their own connection", async () => {
  await using stack = new AsyncDisposableStack();
  let reached = 0;
  const { port: target } = await listen(stack, (socket) => {
    reached += 1;
    socket.resume();
  });
  const { hub, hubPort, port } = await startLink(stack, target);
  const stranger = await dial(hubPort);
  stranger.write("GET / HTTP/1.1\r\n\r\n");
  await closed(stranger);
  expect(reached).toBe(0);
  await eventually("it is told", async () =>
    /no link of this version/.test((await hub.status<LinkStatus>()).lastError ?? ""),
  );
  const liar = await dial(hubPort);
  liar.write(PREFACE);
  await eventually("it is let through", () => reached === 1);
  liar.write(randomBytes(1_000));
  await closed(liar);
  // A window of 128 MiB, which a reader would have to make room for.
  const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_compressionLevel]: 1 };
  const wide = zstdCompressSync(randomBytes(140 * 1024 * 1024), { params });
  const greedy = await dial(hubPort);
  greedy.write(PREFACE);
  greedy.write(wide.subarray(0, 1_000_000));
  await closed(greedy);
  const honest = await dial(port);
  await eventually("an honest one passes", () => reached === 3);
  honest.destroy();
  expect(hub.process.exited).toBe(false);
});

test("without a certificate of the authority nobody passes", async () => {
  await using stack = new AsyncDisposableStack();
  let reached = 0;
  const { port: target } = await listen(stack, () => (reached += 1));
  const { hub, ca } = await certificates(stack);
  const { region, port } = await startLink(stack, target, { hub, region: { SKERRY_LINK_CA: ca } });
  const near = await dial(port);
  await closed(near);
  expect(reached).toBe(0);
  expect((await region.status<LinkStatus>()).lastError).not.toBeNull();
});

test("of a hub with several servers the next one is dialled, when one is away or has nobody behind it", async () => {
  await using stack = new AsyncDisposableStack();
  const { port: echo } = await listen(stack, (socket) => void socket.pipe(socket));
  const alone = await startLink(stack, await freePort());
  const whole = await startLink(stack, echo);
  const port = await freePort();
  const targets = [await freePort(), alone.hubPort, whole.hubPort];
  const region = await startService("infra/link/main.ts", {
    SKERRY_LINK_SIDE: "region",
    SKERRY_LINK_LISTEN: `127.0.0.1:${port}`,
    SKERRY_LINK_TARGET: targets.map((one) => `localhost:${one}`).join(","),
  });
  stack.use(region.process);
  await eventually("it passes", async () => {
    const socket = await dial(port);
    socket.write("hello");
    const answer = await Promise.race([once(socket, "data"), once(socket, "close")]);
    socket.destroy();
    return String(answer[0]) === "hello";
  });
});

test("certificates of both ends are renewed without a restart; what cannot be used is told, and the old ones go on", async () => {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const [old, next] = [await testAuthority("old"), await testAuthority("next")];
  const issueAll = async (authority: TestAuthority): Promise<void> => {
    await placeCertificate(path, authority, { kind: "server", hosts: ["localhost"] });
    await placeCertificate(path, authority, { kind: "client", name: "eu" });
  };
  const files = (name: string) => ({
    SKERRY_LINK_CERT: join(path, `${name}.pem`),
    SKERRY_LINK_KEY: join(path, `${name}.key`),
    SKERRY_LINK_CA: join(path, "ca.pem"),
  });
  place(path, "ca.pem", old.pem);
  await issueAll(old);
  const { port: target } = await listen(stack, (socket) => void socket.pipe(socket));
  const { port, hub, region } = await startLink(stack, target, {
    hub: files("localhost"),
    region: files("eu"),
  });
  const echoed = async (): Promise<boolean> => {
    const socket = await dial(port);
    socket.write("hello");
    const answer = await Promise.race([once(socket, "data"), once(socket, "close")]);
    socket.destroy();
    return String(answer[0]) === "hello";
  };
  await eventually("it passes", echoed);
  place(path, "ca.pem", "no certificate");
  await eventually("what cannot be used is told", async () => {
    expect(await echoed()).toBe(true);
    return /cannot be used, the old ones go on/.test(hub.process.output);
  });
  place(path, "ca.pem", old.pem + next.pem);
  await issueAll(next);
  await eventually("the hub has the new ones", () => /are renewed/.test(hub.process.output));
  place(path, "ca.pem", next.pem);
  await eventually("both have the new ones alone", async () => {
    const passed = await echoed();
    return passed && /are renewed/.test(region.process.output);
  });
  place(path, "ca.pem", old.pem);
  await eventually("who is of another authority does not pass", async () => !(await echoed()));
});

test("a region behind it is copied, for fewer bytes; kills of either end and a cut cost a reconnect", async () => {
  await using stack = new AsyncDisposableStack();
  let link: Ends | null = null;
  const world = stack.use(
    await startHubAndRegions({
      regions: ["eu"],
      wan: async (target) => {
        link = await startLink(stack, target);
        return link.port;
      },
    }),
  );
  const { region, hub, wan } = link!;
  const eu = await world.region("eu").connect();
  const atHub = new Streams(await world.hub.connect());
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  let seq = 0;
  const copied = async (what: string): Promise<void> => {
    for (let at = 0; at < 200; at++) {
      const ts = Date.now();
      const payload = {
        ts,
        seq: (seq += 1),
        temperature: 20,
        humidity: 40,
        light: 1,
        co2: 600,
        occupancy: 1,
      };
      await writer.publish(
        eu,
        [{ device: "room", contract: "environment", receivedAtMs: ts, payload }],
        ts,
      );
    }
    const { lastSeq } = await new Streams(eu).state("TELEMETRY_eu");
    const isThere = async () => (await atHub.state("TELEMETRY_eu")).lastSeq >= lastSeq;
    await eventually(what, isThere, 60_000);
  };
  await copied("it is copied");
  const { toHub } = await region.status<LinkStatus>();
  expect(toHub.wire * 3).toBeLessThan(toHub.plain);
  await region.process.restart();
  await copied("after a kill in the region");
  await hub.process.restart();
  await copied("after a kill at the hub");
  wan.cut();
  setTimeout(() => wan.heal(), 3_000);
  await copied("after a cut");
}, 240_000);

test("with a limit no more than that crosses the WAN, and alerts do not wait for the log", async () => {
  const limit = 150_000;
  await using stack = new AsyncDisposableStack();
  let link: Ends | null = null;
  const world = stack.use(
    await startHubAndRegions({
      regions: ["eu"],
      partitions: 1,
      wan: async (target) => {
        const limited = { region: { SKERRY_LINK_LIMIT: String(limit) } };
        link = await startLink(stack, target, limited);
        return link.port;
      },
    }),
  );
  const { region } = link!;
  const eu = await world.region("eu").connect();
  const inRegion = new Streams(eu);
  const atHub = new Streams(await world.hub.connect());
  const missing = async (stream: string): Promise<number> =>
    (await inRegion.state(stream)).lastSeq - (await atHub.state(stream)).lastSeq;
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  for (let at = 0; at < 100; at++) {
    const ts = Date.now();
    const payload = { ts, noise: randomBytes(15_000).toString("base64") };
    const reading = { device: "room", contract: "noise", receivedAtMs: ts, payload };
    await writer.publish(eu, [reading], ts);
  }
  const started = performance.now();
  const before = (await region.status<LinkStatus>()).toHub.wire;
  const publisher = publisherOn(eu);
  const tookMs: number[] = [];
  for (let at = 0; at < 10; at++) {
    const alertAt = performance.now();
    const subject = alertSubject({ region: "eu", rule: "hot", key: `room-${at}` });
    await publishOnce(publisher, { subject, data: Buffer.from("{}"), messageId: `alert-${at}` });
    await eventually("the alert is at the hub", async () => (await missing("ALERTS_eu")) === 0);
    tookMs.push(performance.now() - alertAt);
    expect(await missing("TELEMETRY_eu")).toBeGreaterThan(10);
  }
  expect(Math.max(...tookMs)).toBeLessThan(2_000);
  const { waiting, toHub } = await region.status<LinkStatus>();
  expect(waiting.last).toBeGreaterThan(100_000);
  expect(toHub.wire - before).toBeLessThan(
    limit * (0.1 + (performance.now() - started) / 1_000) + 20_000,
  );
  const isThere = async () => (await missing("TELEMETRY_eu")) === 0;
  await eventually("all of it is copied", isThere, 60_000);
  const tookS = (performance.now() - started) / 1_000;
  const wire = (await region.status<LinkStatus>()).toHub.wire - before;
  expect(wire).toBeGreaterThan(1_200_000);
  expect(wire).toBeLessThan(limit * (tookS + 0.2) + 20_000);
}, 120_000);
