// Goal: however passwords are tried, as many are computed as may fail, owners get in, and nothing tells
// who has one. Method: the real pieces without a network; where many are tried, scrypt is a stand-in.
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { credentialOf } from "../../../../cloud/operations/devices/import.ts";
import type { Device } from "../../../../contracts/device.ts";
import type { Credentials } from "../../../../gateway/identity/login.ts";
import {
  type Derive,
  Passwords,
  passwordCredential,
} from "../../../../gateway/identity/passwords.ts";
import { digestOf, secretCredential } from "../../../../gateway/identity/secrets.ts";
import { SECRET, authenticatorOf, device } from "../../../support/logins.ts";

const ANNA = { place: "10.0.0.1", id: "anna" };

describe("passwords", () => {
  test("right, wrong, and known for a while", async () => {
    let nowMs = 0;
    const passwords = new Passwords(() => nowMs);
    const credential = await passwordCredential("correct horse");
    const right = Buffer.from("correct horse");
    const ask = (password: Buffer) =>
      passwords.verify({ ...ANNA, password, credentials: [credential] });
    expect(passwords.isKnown(credential, right)).toBe(false);
    expect(await ask(Buffer.from("wrong horse"))).toBe("wrong");
    expect(await ask(right)).toBe("password");
    expect(passwords.isKnown(credential, right)).toBe(true);
    expect(passwords.isKnown(credential, Buffer.from("wrong horse"))).toBe(false);
    nowMs = 11 * 60_000;
    expect(passwords.isKnown(credential, right)).toBe(false);
  });

  test("what waits too long, or beyond the bound, hears busy instead of computing", async () => {
    let nowMs = 0;
    const passwords = new Passwords(() => nowMs);
    const credentials = [await passwordCredential("correct horse")];
    const askFrom = (place: (n: number) => string) =>
      Array.from({ length: 600 }, (_, n) =>
        passwords.verify({
          place: place(n),
          id: `person ${n}`,
          password: Buffer.from(`guess ${n}`),
          credentials,
        }),
      );
    const asked = askFrom((n) => `place ${n}`);
    nowMs = 60_000;
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer === "busy")).toHaveLength(598);
    expect(answers.slice(0, 2)).toEqual(["wrong", "wrong"]);
  });

  test("one place does not fill the line that others wait in", async () => {
    const computing = Promise.withResolvers<Buffer>();
    const passwords = new Passwords(
      () => 0,
      () => computing.promise,
    );
    const ask = (place: string, n: number) =>
      passwords.verify({
        place,
        id: `person ${n}`,
        password: Buffer.from(`guess ${n}`),
        credentials: [],
      });
    const many = Array.from({ length: 600 }, (_, n) => ask("10.0.0.9", n));
    const other = ask("10.0.0.1", 0);
    computing.resolve(Buffer.alloc(32));
    expect(await other).toBe("wrong");
    const answers = await Promise.all(many);
    // Two at once and 128 that waited, of which as many were computed as may fail.
    expect(answers.filter((answer) => answer === "busy")).toHaveLength(470);
    expect(answers.filter((answer) => answer === "wrong")).toHaveLength(30);
    expect(answers.filter((answer) => answer === "limited")).toHaveLength(100);
  });
});

const password = Buffer.from("a long password");

/** Instead of scrypt: only the right password has the hash that the record with that salt has. */
const knowing =
  (...records: Device[]): Derive =>
  (word, salt) => {
    const found = records
      .flatMap(({ credentials }) => credentials)
      .find((one) => one.kind === "password" && one.salt === salt.toString("base64"));
    const isRight = word.equals(password) && found?.kind === "password";
    return Promise.resolve(isRight ? Buffer.from(found.scrypt, "base64") : Buffer.alloc(32));
  };
/** Logins while no time passes, so that nothing is forgiven. */
const atOnce = (records: Device[], derive: Derive = knowing(...records)) =>
  authenticatorOf(records, "off", derive, () => 0);

describe("guessing", () => {
  test("behind a place over its bound, guessing stops and fleets go on", async () => {
    const { login, outcomes } = atOnce([
      device(),
      device({
        id: "anna",
        role: "operator",
        credentials: [await passwordCredential("a long password")],
      }),
      device({
        id: "ben",
        role: "operator",
        credentials: [await passwordCredential("a long password")],
      }),
    ]);
    expect(await login({ username: "anna", clientId: "anna", password })).toBe("in");
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        login({ username: `boiler-${n}`, password: Buffer.from("guess") }),
      ),
    );
    expect(outcomes).toContain("refused_limited");
    expect(await login()).toBe("in");
    expect(await login({ username: "anna", clientId: "anna", password })).toBe("in"); // Known.
    const ben = { username: "ben", clientId: "ben", password };
    expect(await login(ben)).toBe("quota_exceeded");
    expect(await login({ ...ben, remoteAddress: "10.0.0.2" })).toBe("in");
  });

  const person = async (id: string): Promise<Device> =>
    device({ id, role: "operator", credentials: [await passwordCredential("a long password")] });
  const asked = async (answers: Promise<string>[]): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const answer of await Promise.all(answers)) counts[answer] = (counts[answer] ?? 0) + 1;
    return counts;
  };
  const as = (id: string, more: Partial<Credentials> = {}): Partial<Credentials> => ({
    username: id,
    clientId: id,
    ...more,
  });
  const guess = (n: number): Buffer => Buffer.from(`guess ${n}`);

  test.each([
    [100, { bad_credentials: 10, quota_exceeded: 91 }],
    [200, { bad_credentials: 10, quota_exceeded: 120, server_unavailable: 71 }],
  ])("%i at once, the right one last: nobody gets in", async (many, counts) => {
    const anna = await person("anna");
    let computed = 0;
    const { login } = atOnce([anna], (word, salt) => {
      computed++;
      return knowing(anna)(word, salt);
    });
    const answers = Array.from({ length: many }, (_, n) =>
      login(as("anna", { password: guess(n) })),
    );
    answers.push(login(as("anna", { password })));
    expect(await asked(answers)).toEqual(counts);
    expect(computed).toBe(10); // No more than may fail.
    const elsewhere = { password, remoteAddress: "10.0.0.2" };
    expect(await login(as("anna", elsewhere))).toBe("in"); // The owner.
  });

  test("from many places at once an account may be guessed at no more than its bound", async () => {
    const anna = await person("anna");
    const { login } = atOnce([anna]);
    const from = (n: number) => `10.1.${n >> 4}.1`; // 16 tries each
    const answers = Array.from({ length: 480 }, (_, n) =>
      login(as("anna", { password: guess(n), remoteAddress: from(n) })),
    );
    expect(await asked(answers)).toEqual({ bad_credentials: 100, quota_exceeded: 380 });
  });

  test("a person under attack still logs in from where she did before", async () => {
    const anna = await person("anna");
    const { login } = atOnce([anna]);
    expect(await login(as("anna", { password }))).toBe("in");
    await asked(
      Array.from({ length: 480 }, (_, n) =>
        login(as("anna", { password: guess(n), remoteAddress: `10.1.${n >> 4}.1` })),
      ),
    );
    const elsewhere = { password: Buffer.from("a long passwort"), remoteAddress: "10.0.0.7" };
    expect(await login(as("anna", elsewhere))).toBe("quota_exceeded");
    // Not known from a moment ago: asked with another password, it is computed again.
    expect(await login(as("anna", { password: Buffer.from("a long passwort") }))).toBe(
      "bad_credentials",
    );
    expect(await login(as("anna", { password }))).toBe("in");
  });

  test("120 people of one place at once, all with the right password, get in", async () => {
    const anna = await person("anna");
    const people = Array.from({ length: 120 }, (_, n) => ({ ...anna, id: `person-${n}` }));
    const { login } = atOnce(people);
    expect(await asked(people.map(({ id }) => login(as(id, { password }))))).toEqual({ in: 120 });
  });

  test("under a full line, nothing tells an id with a password from one with a secret or from none", async () => {
    const records = [await person("chosen"), device({ id: "secret" })];
    const { login } = atOnce(records, async () => {
      await turn();
      return Buffer.alloc(32);
    });
    const kinds = ["chosen", "secret", "nobody"] as const;
    const endedAs = new Map<string, number>();
    const ranks = new Map<string, number[]>(kinds.map((kind) => [kind, []]));
    let ended = 0;
    const sinceMs = performance.now();
    await Promise.all(
      Array.from({ length: 1_200 }, async (_, n) => {
        const kind = kinds[n % 3]!;
        const remoteAddress = `10.2.${n >> 8}.${n & 255}`;
        const answer = await login(as(kind, { password: guess(n), remoteAddress }));
        const key = `${kind} ${answer}`;
        endedAs.set(key, (endedAs.get(key) ?? 0) + 1);
        ranks.get(kind)!.push(ended++);
      }),
    );
    expect(performance.now() - sinceMs).toBeGreaterThan(295);
    // All three hear the same answers as often, to within one of an uneven number.
    for (const answer of ["bad_credentials", "quota_exceeded", "server_unavailable"]) {
      const counts = kinds.map((kind) => endedAs.get(`${kind} ${answer}`) ?? 0);
      expect(Math.min(...counts)).toBeGreaterThan(0);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    // And in the same order: which of two was answered first says nothing.
    const mean = (all: number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
    const means = kinds.map((kind) => mean(ranks.get(kind)!));
    expect(Math.max(...means) - Math.min(...means)).toBeLessThan(12);
  });

  test("a secret of before that somebody may have chosen is guessed at no faster than a password", async () => {
    const weak = "a".repeat(24);
    const sha256 = digestOf(Buffer.from(weak)).toString("hex");
    const before = (id: string, secret: string): Device =>
      device({
        id,
        credentials: [{ kind: "secret", sha256: digestOf(Buffer.from(secret)).toString("hex") }],
      });
    const { login } = atOnce([
      device({ id: "weak", credentials: [{ kind: "secret", sha256 }] }),
      before("ours", SECRET),
    ]);
    expect(
      await login(as("weak", { password: Buffer.from(weak), remoteAddress: "10.0.0.2" })),
    ).toBe("in");
    const guesses = Array.from({ length: 100 }, (_, n) =>
      login(as("weak", { password: guess(n) })),
    );
    expect(await asked(guesses)).toMatchObject({ bad_credentials: 10 });
    expect(await login(as("weak", { password: Buffer.from(weak) }))).toBe("quota_exceeded");
    expect(await login(as("ours", { password: Buffer.from(SECRET) }))).toBe("in");
  });

  test("what an import brings is kept as a password is, unless it was generated here", async () => {
    const long = "a".repeat(24);
    expect(await credentialOf(long, { generated: false })).toMatchObject({ kind: "password" });
    expect(await credentialOf(SECRET, { generated: true })).toEqual(secretCredential(SECRET));
  });
});
