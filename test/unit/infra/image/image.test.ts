// Goal: the image is made of the package, and its health check says what a process says. Method: the Containerfile is
// read, and the check run against a server that is ready, not ready, and not there.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "../../../..");
const CHECK = join(PROJECT, "infra/entry/ready.mjs");
const containerfile = readFileSync(
  join(import.meta.dirname, "../../../../infra/image/Containerfile"),
  "utf8",
);
const ignored = readFileSync(join(PROJECT, ".dockerignore"), "utf8");

/** The exit status of the health check and what it said. */
async function health(env: Record<string, string>): Promise<[number, string]> {
  const options = { env: { PATH: process.env["PATH"], ...env } };
  return promisify(execFile)(process.execPath, [CHECK], options).then(
    ({ stdout }) => [0, stdout],
    (error: { code: number; stdout: string }) => [error.code, error.stdout],
  );
}

test.each([
  [200, "ready\n", 0],
  [503, "not ready: no nats-server\n", 1],
])("a process that answers %i is healthy or not, and says why", async (status, said, expected) => {
  const server = createServer((request, response) =>
    response.writeHead(request.url === "/readyz" ? status : 404).end(said),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = String((server.address() as AddressInfo).port);
  for (const SKERRY_STATUS_HOST of ["", "0.0.0.0", "127.0.0.1"])
    expect(await health({ SKERRY_STATUS_HOST, SKERRY_STATUS_PORT: port })).toEqual([
      expected,
      said,
    ]);
  server.close();
});

test("a process that does not answer is not healthy", async () => {
  const [status, said] = await health({ SKERRY_STATUS_PORT: "1" });
  expect(status).toBe(1);
  expect(said).toContain("no answer from 127.0.0.1:1: ");
});

test("nothing of the checkout but the package and its lock file reaches the image", () => {
  const allowed = ignored.trim().split("\n");
  expect(allowed).toEqual(["*", "!package-lock.json", "!skerry-*.tgz"]);
  expect(containerfile.match(/^COPY (?!--from).*/gm)).toEqual([
    "COPY package-lock.json skerry-*.tgz ./",
  ]);
});

test("the image runs as a user by number, under an init, with a health check", () => {
  expect(containerfile).toMatch(/^USER 10001:10001$/m);
  expect(containerfile).toMatch(/^ENTRYPOINT \["\/usr\/bin\/tini", "--", "node", /m);
  expect(containerfile).toMatch(/^HEALTHCHECK .*infra\/entry\/ready\.mjs/m);
});

test("what is native comes for both platforms from the lock file", () => {
  const lock = readFileSync(join(PROJECT, "package-lock.json"), "utf8");
  for (const platform of ["x64", "arm64"]) expect(lock).toContain(`lz4-napi-linux-${platform}-gnu`);
});
