// Goal: a gateway takes every step that the engine writes, in their order, and none of before, whatever the engine's clock does.
// Method: an engine's signer and a gateway's guard over the same keys, with steps handed over and handed over again.
import { createPrivateKey } from "node:crypto";
import { expect, test } from "vitest";
import { AlertSigner } from "../../../../gateway/alerting/alert-signer.ts";
import { EngineGuard } from "../../../../gateway/commands/engine-guard.ts";
import { KeptRecords } from "../../../../platform/nats/signed/kept-records.ts";
import { SIGNATURE_HEADER } from "../../../../platform/nats/signed/signature.ts";
import {
  newSigningKey,
  parseTrustedKeys,
  publicPemOf,
} from "../../../../platform/nats/signed/trusted-keys.ts";
import { makeLogger } from "../../../../platform/runtime/logger.ts";
import { anAlert } from "../../../support/an-alert.ts";

const PEM = newSigningKey();
const KEY = createPrivateKey(PEM);
const STREAM = "ALERTS_eu";
const COMMANDS = [{ device: "valve", payload: 1, expiresMs: 1_000 }];

const guard = (kept = new KeptRecords(":memory:")): EngineGuard => {
  const trusted = parseTrustedKeys(publicPemOf(PEM));
  const keys = { ids: [...trusted.keys()], get: (id: string) => trusted.get(id) };
  return new EngineGuard({ region: "eu", keys, kept, logger: makeLogger({}, "silent") });
};

const recordOf = (text: string) => ({
  ...{ stream: STREAM, subject: "alerts.eu.hot.boiler" },
  data: Buffer.from(text),
});

function written(signer: AlertSigner, text: string, wasSigned = false) {
  const alert = anAlert(wasSigned ? {} : { commands: COMMANDS });
  const record = recordOf(text);
  const headers = signer.headersFor(alert, record, wasSigned);
  const signature = headers?.get(SIGNATURE_HEADER);
  return { ...record, ...(signature === undefined ? {} : { signature }) };
}

test("later steps are taken and older ones are not, with a clock that goes back and a signer that starts anew", () => {
  let nowMs = 5_000;
  const kept = new KeptRecords(":memory:");
  const [first, gateway] = [new AlertSigner(KEY, () => nowMs), guard(kept)];
  const firing = written(first, "firing");
  nowMs = 1_000;
  const resolved = written(first, "resolved", true);
  expect(gateway.judgeNewest(firing, 0)).toBeNull();
  expect(gateway.judgeNewest(firing, 0)).toBeNull();
  expect(gateway.judgeNewest(resolved, 0)).toBeNull();
  expect(gateway.judgeNewest(firing, 0)).toMatch(/it is older/);
  const second = new AlertSigner(KEY, () => nowMs);
  second.seen(STREAM, { ...resolved, signature: resolved.signature!.replace(/ \d+ /, " 9999 ") });
  second.seen(STREAM, resolved);
  const again = written(second, "firing again");
  expect(again.signature).toContain(" 5002 ");
  // Over a restart of the gateway, too.
  const restarted = guard(kept);
  expect(restarted.judgeNewest(resolved, 0)).toBeNull();
  expect(restarted.judgeNewest(again, 0)).toBeNull();
  expect(restarted.judgeNewest(resolved, 0)).toMatch(/it is older/);
});

test("an alert that commands nothing is not signed, unless the step before it was", () => {
  const signer = new AlertSigner(KEY);
  expect(signer.headersFor(anAlert(), recordOf("x"), false)).toBeUndefined();
  expect(signer.headersFor(anAlert(), recordOf("x"), true)).toBeDefined();
  expect(signer.headersFor(anAlert({ commands: COMMANDS }), recordOf("x"), false)).toBeDefined();
});

test("nobody else's signature is one, nor none, nor one of another stream", () => {
  const gateway = guard();
  const other = new AlertSigner(createPrivateKey(newSigningKey()));
  expect(gateway.judgeNewest(recordOf("x"), 0)).toMatch(/not signed/);
  expect(gateway.judgeNewest(written(other, "x"), 0)).toMatch(/not trusted/);
  const own = written(new AlertSigner(KEY), "x");
  expect(gateway.judgeNewest({ ...own, subject: "alerts.eu.hot.oven" }, 0)).toMatch(/not of this/);
});
