// Outages are told from bugs, and from answers that are no errors at all.
import { ErrorCode, NatsError } from "nats";
import { expect, test } from "vitest";
import {
  isNoResponders,
  isTimeout,
  messageOrNull,
  streamOrNull,
  translate,
  translated,
  writtenOrNull,
} from "../../../../../platform/nats/client/errors.ts";
import { AppError, dispositionOf } from "../../../../../platform/runtime/errors.ts";

const ofCode = (code: string): NatsError => new NatsError(code, code);

function ofApi(code: number, errCode: number): NatsError {
  const error = new NatsError("answered", String(code));
  error.api_error = { code, err_code: errCode, description: "answered" };
  return error;
}

test.each([
  ErrorCode.Timeout,
  ErrorCode.NoResponders,
  ErrorCode.JetStreamNotEnabled,
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionRefused,
  ErrorCode.Disconnect,
  ErrorCode.Cancelled,
  ErrorCode.PermissionsViolation,
])("%s may be tried again", (code) => {
  const error = ofCode(code);
  const translatedTo = translate(error) as AppError;
  expect(dispositionOf(translatedTo)).toBe("retry");
  expect(translatedTo).toMatchObject({ code: "NATS_UNAVAILABLE", cause: error });
});

test.each([
  ["JetStream is not ready", 503, 10008],
  ["JetStream is not enabled", 503, 10076],
  ["a server's own trouble", 500, 10049],
  ["a stream that is not there yet", 404, 10059],
  ["a consumer that is gone", 404, 10014],
])("%s may be tried again", (_, code, errCode) => {
  expect(dispositionOf(translate(ofApi(code, errCode)))).toBe("retry");
});

test("everything else stays what it is", () => {
  const bug = new TypeError("undefined");
  const own = new AppError("STATE_LOST", "reject", "gone");
  const others = [bug, own, ofCode(ErrorCode.BadSubject), ofApi(400, 10025), ofApi(404, 10037)];
  for (const error of others) expect(translate(error)).toBe(error);
});

test("the answer that there is none is null, an outage is thrown", async () => {
  const fails = (error: unknown) => Promise.reject(error);
  expect(await messageOrNull(fails(ofApi(404, 10037)))).toBeNull();
  expect(await streamOrNull(fails(ofApi(404, 10059)))).toBeNull();
  expect(await writtenOrNull(fails(ofApi(400, 10071)))).toBeNull();
  expect(await writtenOrNull(fails(ofApi(400, 10164)))).toBeNull();
  expect(await messageOrNull(Promise.resolve(5))).toBe(5);
  const away = ofCode(ErrorCode.Timeout);
  for (const ask of [messageOrNull, streamOrNull, writtenOrNull, translated])
    await expect(ask(fails(away))).rejects.toMatchObject({ disposition: "retry", cause: away });
});

test("what it was is known after the translation too", () => {
  expect(isNoResponders(translate(ofCode(ErrorCode.NoResponders)))).toBe(true);
  expect(isTimeout(translate(ofCode(ErrorCode.Timeout)))).toBe(true);
  expect(isTimeout(new Error("TIMEOUT"))).toBe(false);
});
