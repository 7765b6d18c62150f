// Goal: `skerry certificates` makes what others take: OpenSSL verifies it for its purpose and no other, TLS connects
// with it on both sides, and nothing that is there is overwritten unasked.
// Method: the command as it is typed, openssl, and a TLS server that asks for certificates.
import { execFile } from "node:child_process";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TLSSocket, connect, createServer } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let directory: string;
const path = (name: string): string => join(directory, name);
const read = (name: string): string => readFileSync(path(name), "utf8");
const make = (...args: string[]) => skerry(["certificates", "make", directory, ...args]);

beforeAll(async () => {
  directory = join(stack.use(await temporaryDirectory()).path, "certificates");
  const asked = ["--server", "localhost,hub.example.org,127.0.0.1,::1"];
  const peer = ["--peer", "hub-1.example.org"];
  const { code, out } = await make(...asked, ...peer, "--client", "boiler-7", "--client", "eu");
  expect([code, out.trim().split("\n").length]).toEqual([0, 5]);
});
afterAll(() => stack.disposeAsync());

/** What `openssl` says, and whether it is content. */
const openssl = (...args: string[]): Promise<{ isWell: boolean; said: string }> =>
  new Promise((resolve) => {
    execFile("openssl", args, (error, out, err) =>
      resolve({ isWell: error === null, said: `${out}${err}` }),
    );
  });

const verified = async (name: string, purpose: string, ...more: string[]): Promise<boolean> =>
  (
    await openssl(
      ...["verify", "-x509_strict", "-CAfile", path("ca.pem"), "-purpose", purpose],
      ...[...more, path(`${name}.pem`)],
    )
  ).isWell;

test("OpenSSL verifies each for its purpose, strictly, and for no other", async () => {
  for (const host of ["localhost", "hub.example.org"])
    expect(await verified("localhost", "sslserver", "-verify_hostname", host)).toBe(true);
  for (const address of ["127.0.0.1", "::1"])
    expect(await verified("localhost", "sslserver", "-verify_ip", address)).toBe(true);
  expect(await verified("localhost", "sslserver", "-verify_hostname", "evil.example")).toBe(false);
  expect(await verified("localhost", "sslclient")).toBe(false);
  // Servers of a cluster connect to each other.
  for (const purpose of ["sslserver", "sslclient"])
    expect(await verified("hub-1.example.org", purpose)).toBe(true);
  for (const client of ["boiler-7", "eu"]) {
    expect(await verified(client, "sslclient")).toBe(true);
    expect(await verified(client, "sslserver")).toBe(false);
  }
  const { said } = await openssl("x509", "-in", path("boiler-7.pem"), "-noout", "-text");
  for (const word of ["CN = boiler-7", "prime256v1", "ecdsa-with-SHA256", "CA:FALSE"])
    expect(said).toContain(word);
  expect((await openssl("pkey", "-in", path("boiler-7.key"), "-check", "-noout")).isWell).toBe(
    true,
  );
});

test("TLS connects with them on both sides", async () => {
  const server = createServer({
    ...{ cert: read("localhost.pem"), key: read("localhost.key"), ca: read("ca.pem") },
    ...{ requestCert: true, rejectUnauthorized: true },
  });
  const name = new Promise<unknown>((resolve) =>
    server.once("secureConnection", (socket: TLSSocket) => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.end();
    }),
  );
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const ours = { cert: read("boiler-7.pem"), key: read("boiler-7.key"), ca: read("ca.pem") };
  const socket = connect({ host: "127.0.0.1", port, ...ours });
  socket.on("error", () => undefined);
  expect(await name).toBe("boiler-7");
  expect(socket.authorized).toBe(true);
  socket.destroy();
  server.close();
});

test("files are their owner's alone", () => {
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readdirSync(directory).length).toBe(10);
  for (const name of readdirSync(directory)) expect(statSync(path(name)).mode & 0o777).toBe(0o600);
});

test("nothing is overwritten unasked, the authority never", async () => {
  const [authority, before] = [read("ca.pem"), read("eu.pem")];
  const refused = await make("--client", "new", "--client", "eu");
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(
    /eu\.pem, \S+eu\.key would be overwritten; say --replace if it shall/,
  );
  expect(readdirSync(directory)).not.toContain("new.pem");
  expect(read("eu.pem")).toBe(before);
  expect((await make("--client", "eu", "--replace")).code).toBe(0);
  expect(read("eu.pem")).not.toBe(before);
  expect(read("ca.pem")).toBe(authority);
  expect(await verified("eu", "sslclient")).toBe(true);
});

test("what cannot be is refused in words", async () => {
  for (const [args, words] of [
    [[], /say what to make: --server, --peer or --client/],
    [["--client", "../../etc/passwd"], /--client <name>.*must be letters, digits/s],
    [["--client", "ca"], /"ca" would be two pairs of files of one name/],
    [["--server", "a b"], /must be names and addresses, separated by commas; "a b" is neither/],
    [
      ["--client", "old", "--valid", "36500d"],
      /certificate of "old" would be valid for longer than its authority, which ends on 20\d\d-/,
    ],
  ] as const) {
    const { code, out } = await make(...args);
    expect([code === 0, out]).toEqual([false, expect.stringMatching(words)]);
  }
});

test("the list has the next to expire first, and its exit status says that something has to be done", async () => {
  const list = (...args: string[]) => skerry(["certificates", "list", directory, ...args]);
  expect((await list()).code).toBe(0);
  expect((await make("--client", "brief", "--valid", "1s")).code).toBe(0);
  expect((await make("--client", "soon", "--valid", "10d")).code).toBe(0);
  const { code, out } = await list("--soon", "14d");
  expect(code).toBe(1);
  const lines = out.trim().split("\n");
  expect(lines[0]).toMatch(
    /^20\d\d-\d\d-\d\d {2}(EXPIRED|0 days left) {2}brief\.pem {2}brief {2}\(DNS:brief\)$/,
  );
  expect(lines[1]).toMatch(/ 9 days left {2}soon\.pem/);
  expect(lines.at(-1)).toMatch(/ca\.pem {2}Skerry test authority$/);
  writeFileSync(path("broken.pem"), "hello");
  expect((await list()).out).toMatch(/broken\.pem is no certificate/);
});
