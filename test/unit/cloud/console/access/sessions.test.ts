import { expect, test } from "vitest";
import { Sessions } from "../../../../../cloud/console/access/sessions.ts";

const sessionsAt = (clock: { ms: number }, key = "key") =>
  new Sessions({ key: Buffer.from(key), ageMs: 1_000, now: () => clock.ms });

test("a session is found again until its time is over, also after a restart of the console", () => {
  const clock = { ms: 5_000 };
  const { session, cookie } = sessionsAt(clock).begin({ name: "ada", role: "viewer" });
  expect(sessionsAt(clock).find(cookie)).toEqual(session);
  clock.ms = 6_000;
  expect(sessionsAt(clock).find(cookie)).toBeNull();
});

test("a cookie that another key signed, that was changed, or that is no cookie of ours is no session", () => {
  const clock = { ms: 0 };
  const { cookie } = sessionsAt(clock).begin({ name: "ada", role: "viewer" });
  const [body, signature] = cookie.split(".") as [string, string];
  const promoted = Buffer.from(
    Buffer.from(body, "base64url").toString().replace("viewer", "operator"),
  ).toString("base64url");
  for (const forged of [`${promoted}.${signature}`, body, "", ".", `${cookie}.x`, "a.b"])
    expect(sessionsAt(clock).find(forged)).toBeNull();
  expect(sessionsAt(clock, "another").find(cookie)).toBeNull();
});

test("who logged out is logged out, though the cookie would be good", () => {
  const sessions = sessionsAt({ ms: 0 });
  const { session, cookie } = sessions.begin({ name: "ada", role: "operator" });
  sessions.end(session);
  expect(sessions.find(cookie)).toBeNull();
});
