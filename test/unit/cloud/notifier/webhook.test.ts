import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { makeMessage } from "../../../../cloud/notifier/message.ts";
import { signatureOf } from "../../../../cloud/notifier/signature.ts";
import { isSigned } from "../../../support/webhook-receiver.ts";
import { webhookBody } from "../../../../cloud/notifier/webhook-body.ts";
import { anAlert } from "../../../support/an-alert.ts";

const OF = { channel: "ops", region: "eu" };
const NOW = { secret: "s3cret", nowSeconds: 1_700_000_000, toleranceSeconds: 300 };

test("the signature is HMAC-SHA256 of time and body, and nothing else passes", () => {
  const body = '{"a":"ü"}';
  const header = signatureOf(body, "s3cret", 1_700_000_000);
  const expected = createHmac("sha256", "s3cret").update(`1700000000.${body}`).digest("hex");
  expect(header).toBe(`t=1700000000,v1=${expected}`);
  expect(isSigned(body, header, NOW)).toBe(true);
  expect(isSigned(`${body} `, header, NOW)).toBe(false);
  expect(isSigned(body, header, { ...NOW, secret: "other" })).toBe(false);
  expect(isSigned(body, header, { ...NOW, nowSeconds: 1_700_000_301 })).toBe(false);
  expect(isSigned(body, header.replace("t=1700000000", "t=1700000001"), NOW)).toBe(false);
  expect(isSigned(body, "", NOW)).toBe(false);
});

test("the body of a message is the same bytes every time and holds the alerts", () => {
  const alerts = [anAlert()];
  const message = makeMessage(OF, { kind: "single", seqs: [7] }, alerts)!;
  expect(message.messageId).toBe("<0123456789abcdef.firing@skerry>");
  const body = webhookBody(message, "json");
  expect(webhookBody(message, "json")).toBe(body);
  expect(JSON.parse(body)).toMatchObject({ id: message.messageId, rule: "co2-high", alerts });
});

test("a Slack body keeps to Slack's lengths and escapes its control characters", () => {
  const alerts = Array.from({ length: 200 }, (_, at) =>
    anAlert({ key: `room-${at} <!channel>`, message: "a & b", rule: `rule-${at % 3}` }),
  );
  const plan = { kind: "digest", seqs: alerts.map((_, at) => at + 1) } as const;
  const body = JSON.parse(webhookBody(makeMessage(OF, plan, alerts)!, "slack")) as {
    text: string;
    blocks: { text: { text: string } }[];
  };
  expect(body.text).toBe("200 alerts of 3 rules, firing: 200 warning (eu)");
  expect(body.blocks[0]!.text.text.length).toBeLessThanOrEqual(150);
  const section = body.blocks[1]!.text.text;
  expect(section.length).toBeLessThanOrEqual(3_000);
  expect(section).toMatch(/… and \d+ more lines$/);
  expect(section).not.toContain("<");
  expect(section).toContain("a &amp; b");
});
