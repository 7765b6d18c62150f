// Goal: records, secrets, passwords, certificates and bounds do what the invariants in
// gateway/identity say. Method: the real pieces without a network, time handed in.
import { describe, expect, test } from "vitest";
import {
  type Device,
  certificateFingerprint,
  checkDevice,
  deviceIdProblem,
} from "../../../../contracts/device.ts";
import { namesOf } from "../../../../gateway/identity/certificate-names.ts";
import { DeviceBook } from "../../../../gateway/identity/device-book.ts";
import { FailureLimit } from "../../../../gateway/identity/failure-limit.ts";
import { IDENTITY_OPTIONS } from "../../../../gateway/identity/options.ts";
import { passwordCredential } from "../../../../gateway/identity/passwords.ts";
import { isLoopback, placeOf } from "../../../../gateway/identity/remote-address.ts";
import {
  generateSecret,
  looksGenerated,
  secretCredential,
} from "../../../../gateway/identity/secrets.ts";
import { SECRET, authenticatorOf, credentials, device, put } from "../../../support/logins.ts";

describe("records", () => {
  test("a generated secret has 128 bits, and is known by its form", () => {
    expect(SECRET).toMatch(/^[\w-]{22}$/);
    for (let n = 0; n < 1_000; n++) expect(looksGenerated(generateSecret())).toBe(true);
    for (const chosen of ["a".repeat(24), "correct-horse-battery-", "a".repeat(21), `${SECRET} `])
      expect(looksGenerated(chosen)).toBe(false);
  });

  test.each<[string, unknown]>([
    ["a role of no table", { ...device(), role: "root" }],
    ["a short hash", device({ credentials: [{ kind: "secret", sha256: "00" }] })],
    ["an unknown credential", { ...device(), credentials: [{ kind: "none" }] }],
    ["a grant under devices/", device({ topics: ["devices/#"] })],
    ["an id with a wildcard", device({ id: "a+" })],
    ["no object", null],
  ])("%s is refused", (_, value) => expect(() => checkDevice(value)).toThrow());

  test("a member of a newer version that is no restriction is passed over", () => {
    expect(checkDevice({ ...device(), admin: true })).toMatchObject(device());
  });

  test.each([
    "",
    "a/b",
    "+",
    "#",
    "a\n",
    " a",
    "$x",
    "ü".repeat(65),
    "a\u0000",
    "\ud800",
    "a\u200b",
  ])("%j is no id", (id) => expect(deviceIdProblem(id)).not.toBeNull());

  test.each(["AA:BB:CC:00:11:22", "urn:device:7", "Büro 3", "constructor", "__proto__"])(
    "%j is an id",
    (id) => expect(deviceIdProblem(id)).toBeNull(),
  );
});

describe("the book tells which sessions must end", () => {
  const other = secretCredential(generateSecret());
  test.each<[string, Partial<Device>, string]>([
    ["nothing new", {}, "unchanged"],
    ["a further credential", { credentials: [...device().credentials, other] }, "unchanged"],
    ["another secret", { credentials: [other] }, "ended"],
    ["revoked", { revokedAtMs: 2 }, "ended"],
    ["another role", { role: "observer" }, "ended"],
    ["alerts granted", { alerts: true }, "ended"],
    ["topics granted", { topics: ["tele/x/#"] }, "ended"],
  ])("%s: %s", (_, over, kind) => {
    const book = new DeviceBook();
    expect(put(book, device())).toEqual({ kind: "registered", id: "boiler-7" });
    expect(put(book, device(over))).toEqual({ kind, id: "boiler-7" });
  });

  test("deleted, unreadable or under another's key: nobody gets in", () => {
    const book = new DeviceBook();
    put(book, device());
    expect(book.apply("boiler-7", "{").kind).toBe("unreadable");
    expect(book.active("boiler-7")).toBeNull();
    expect(book.has("boiler-7")).toBe(true); // Nor is the id free for anonymous clients.
    put(book, device());
    expect(book.apply("boiler-7", "").kind).toBe("ended");
    expect(book.has("boiler-7")).toBe(false);
    expect(book.apply("boiler-8", JSON.stringify(device())).kind).toBe("unreadable");
    put(book, device({ id: "a.b" }));
    expect(book.apply("a.b", "{}").kind).toBe("unreadable");
    expect(book.active("a.b")).not.toBeNull();
  });
});

describe("addresses", () => {
  test.each(["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])("%s is loopback", (address) =>
    expect(isLoopback(address)).toBe(true),
  );
  test.each(["128.0.0.1", "10.0.0.1", "::2", "::ffff:10.0.0.1", "127.evil", "", "::1:1"])(
    "%s is not",
    (address) => expect(isLoopback(address)).toBe(false),
  );
  test.each([
    ["10.1.2.3", "10.1.2.3"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:DB8:1:2::9", "2001:db8:1:2"],
    ["2001:db8::9", "2001:db8:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::1", "0:0:0:0"],
  ])("%s counts as %s", (address, place) => expect(placeOf(address)).toBe(place));
});

test("failures: a burst is free, then a key is over its bound until it is forgiven", () => {
  const limit = new FailureLimit({ burst: 30, perSecond: 1, keysMax: 10_000 });
  for (let n = 0; n < 30; n++) limit.fail("here", 0);
  expect(limit.isOver("here", 0)).toBe(true);
  expect(limit.isOver("there", 0)).toBe(false);
  expect(limit.isOver("here", 2_000)).toBe(false);
  for (let n = 0; n < 1_000; n++) limit.fail("here", 3_000);
  expect(limit.isOver("here", 5_500)).toBe(false); // No debt that takes hours to pay.
  for (let n = 0; n < 30; n++) limit.refund("here", 5_500);
  for (let n = 0; n < 29; n++) limit.fail("here", 5_500);
  expect(limit.isOver("here", 5_500)).toBe(false);
  for (let n = 0; n < 20_000; n++) limit.fail(`place ${n}`, 0);
  expect(limit.size).toBe(10_000);
});

describe("names of a certificate", () => {
  test("CN, DNS and URI, nothing else", () =>
    expect(
      namesOf({
        subjectCN: "boiler-7",
        altNames: ["DNS:boiler-7.plant", "IP Address:10.0.0.1", "URI:urn:device:boiler-7"],
      }),
    ).toEqual(["boiler-7", "boiler-7.plant", "urn:device:boiler-7"]));

  test("a quoted name does not pretend to be several", () => {
    const text = 'URI:"http://x/, DNS:boiler-8, y", DNS:boiler-7';
    expect(namesOf({ subjectCN: undefined, altNames: text.split(", ") })).toEqual([
      "http://x/, DNS:boiler-8, y",
      "boiler-7",
    ]);
  });
});

describe("logins", () => {
  const fingerprint = "ab".repeat(32);
  const certificate = { subjectCN: "boiler-7", altNames: [], fingerprint };
  const bare = { username: undefined, password: undefined };

  test("a secret names its device; client ids of others are refused", async () => {
    const { authenticator, login } = authenticatorOf([device()]);
    expect(await authenticator.authenticate(credentials())).toEqual({
      allowed: true,
      principal: "boiler-7",
      grant: expect.any(String) as string,
      device: "boiler-7",
    });
    expect(await login({ clientId: "boiler-7/2" })).toBe("in");
    expect(await login({ clientId: "" })).toBe("in");
    expect(await login({ clientId: "boiler-8" })).toBe("client_id_invalid");
  });

  test("unknown, revoked and wrong have one answer at one time", async () => {
    const { login } = authenticatorOf([
      device(),
      device({ id: "gone", revokedAtMs: 1 }),
      device({
        id: "anna",
        role: "operator",
        credentials: [await passwordCredential("long enough")],
      }),
    ]);
    const cases = ["boiler-7", "gone", "anna", "nobody", "__proto__"].map((username) => ({
      username,
      password: Buffer.from("not the one"),
    }));
    const timed = await Promise.all(
      [...cases, { username: "boiler-7", password: undefined }, { certificate, ...bare }].map(
        async (over) => {
          const sinceMs = performance.now();
          const answer = await login(over);
          return { answer, tookMs: performance.now() - sinceMs };
        },
      ),
    );
    expect(timed.map(({ answer }) => answer)).toEqual(timed.map(() => "bad_credentials"));
    for (const { tookMs } of timed) expect(tookMs).toBeGreaterThan(295);
  });

  test("certificates: only for records that say so", async () => {
    const { login } = authenticatorOf([
      device({ credentials: [{ kind: "certificate" }] }),
      device({ id: "boiler-8" }),
    ]);
    expect(await login({ certificate, ...bare })).toBe("in");
    expect(await login({ certificate, ...bare, username: "boiler-7" })).toBe("in");
    expect(await login({ certificate, ...bare, clientId: "boiler-8" })).toBe("client_id_invalid");
    expect(await login({ certificate, ...bare, username: "boiler-8" })).toBe("bad_credentials");
    const stranger = { subjectCN: "boiler-8", altNames: [], fingerprint };
    expect(await login({ certificate: stranger, ...bare, clientId: "boiler-8" })).toBe(
      "bad_credentials",
    );
  });

  test("a record may name the one certificate that it means", async () => {
    const pinned = (of: string) =>
      device({ credentials: [{ kind: "certificate", fingerprint: of }] });
    const right = authenticatorOf([pinned(fingerprint)]);
    expect(await right.login({ certificate, ...bare })).toBe("in");
    const another = authenticatorOf([pinned("cd".repeat(32))]);
    expect(await another.login({ certificate, ...bare })).toBe("bad_credentials");
    const openssl = `sha256 Fingerprint=${"AB:".repeat(31)}AB`;
    expect(certificateFingerprint(openssl)).toBe(fingerprint);
    for (const none of ["", "ab", `${fingerprint}ab`, "xy".repeat(32)])
      expect(() => certificateFingerprint(none)).toThrow("64 hexadecimal digits");
  });

  test.each([
    ["off", "127.0.0.1", "not_authorized"],
    ["loopback", "127.0.0.1", "in"],
    ["loopback", "::ffff:127.0.0.1", "in"],
    ["loopback", "10.0.0.1", "not_authorized"],
    ["anywhere", "10.0.0.1", "in"],
  ] as const)("anonymous %s from %s: %s", async (mode, remoteAddress, answer) => {
    const { login } = authenticatorOf([device()], mode);
    expect(await login({ ...bare, clientId: "any", remoteAddress })).toBe(answer);
  });

  const EMPTY = Buffer.alloc(0);
  test.each([
    [undefined, undefined],
    ["", undefined],
    ["", EMPTY],
    [undefined, EMPTY],
  ])(
    "user name %j with password %j is nobody, and gets what nobody gets",
    async (username, password) => {
      const nobody = { clientId: "any", username, password, remoteAddress: "127.0.0.1" };
      expect(await authenticatorOf([device()], "loopback").login(nobody)).toBe("in");
      expect(await authenticatorOf([device()], "off").login(nobody)).toBe("not_authorized");
      const { login } = authenticatorOf([device({ credentials: [{ kind: "certificate" }] })]);
      expect(await login({ username, password, certificate })).toBe("in");
    },
  );

  test("an empty password lets nobody in by name, and a name is not made empty by one", async () => {
    const { login } = authenticatorOf([device()], "anywhere");
    expect(await login({ password: EMPTY })).toBe("bad_credentials");
    expect(await login({ username: "nobody", password: EMPTY })).toBe("bad_credentials");
    expect(await login({ username: "", password: Buffer.from("x") })).toBe("bad_credentials");
  });

  test("an anonymous client takes no registered device's session over", async () => {
    const { login } = authenticatorOf([device()], "anywhere");
    expect(await login({ ...bare })).toBe("client_id_invalid");
    expect(await login({ ...bare, clientId: "boiler-7/x" })).toBe("client_id_invalid");
  });

  test("a record that changes while its password is computed lets nobody in", async () => {
    const anna = device({
      id: "anna",
      role: "operator",
      credentials: [await passwordCredential("a long password")],
    });
    const { book, login } = authenticatorOf([anna]);
    const answer = login({
      username: "anna",
      clientId: "anna",
      password: Buffer.from("a long password"),
    });
    put(book, { ...anna, revokedAtMs: 2 });
    expect(await answer).toBe("server_unavailable");
  });
});

test("anonymous access is off unless said otherwise", () => {
  const { fallback, parse } = IDENTITY_OPTIONS.anonymous;
  expect(parse(fallback)).toBe("off");
  expect(() => parse("yes")).toThrow("off, loopback, anywhere");
});
