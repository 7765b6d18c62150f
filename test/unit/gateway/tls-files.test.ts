// Goal: what TLS cannot use is told by the name of its option. Method: files of all kinds, one wrong at a time.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LISTENER_OPTIONS, listenersOf } from "../../../gateway/listener-options.ts";
import { loadConfig } from "../../../platform/runtime/config.ts";
import {
  AUTHORITY,
  DEVICE_KEY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from "../../support/mqtt-certificates.ts";

let directory: string;
const path = (name: string): string => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "skerry-tls-"));
  const texts = {
    key: SERVER_KEY,
    certificate: SERVER_CERTIFICATE,
    ca: AUTHORITY,
    other: DEVICE_KEY,
  };
  for (const [name, text] of Object.entries({
    ...texts,
    junk: "junk",
    lists: "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
  }))
    writeFileSync(path(name), text);
});
afterAll(() => rmSync(directory, { recursive: true }));

const listeners = (env: Record<string, string>) =>
  listenersOf(
    loadConfig(LISTENER_OPTIONS, {
      SKERRY_MQTTS_PORT: "8883",
      SKERRY_TLS_KEY: path("key"),
      SKERRY_TLS_CERTIFICATE: path("certificate"),
      ...Object.fromEntries(
        Object.entries(env).map(([name, value]) => [name, value.replace("@", `${directory}/`)]),
      ),
    }),
  );

test.each<[string, Record<string, string>, string]>([
  ["no key", { SKERRY_TLS_KEY: "@none" }, "SKERRY_TLS_KEY ENOENT"],
  ["another's key", { SKERRY_TLS_KEY: "@other" }, "SKERRY_TLS_KEY "],
  ["no certificate", { SKERRY_TLS_CERTIFICATE: "@junk" }, "SKERRY_TLS_CERTIFICATE "],
  [
    "no authority",
    { SKERRY_TLS_CLIENT_AUTHORITIES: "@junk" },
    "SKERRY_TLS_CLIENT_AUTHORITIES holds no",
  ],
  [
    "required by nobody",
    { SKERRY_TLS_CLIENT_CERTIFICATES: "required" },
    "needs SKERRY_TLS_CLIENT_AUTHORITIES",
  ],
  [
    "lists of nobody",
    { SKERRY_TLS_REVOCATION_LISTS: "@ca" },
    "needs SKERRY_TLS_CLIENT_AUTHORITIES",
  ],
  [
    "no list",
    { SKERRY_TLS_CLIENT_AUTHORITIES: "@ca", SKERRY_TLS_REVOCATION_LISTS: "@ca" },
    "SKERRY_TLS_REVOCATION_LISTS holds no",
  ],
  [
    "a broken list",
    { SKERRY_TLS_CLIENT_AUTHORITIES: "@ca", SKERRY_TLS_REVOCATION_LISTS: "@lists" },
    "SKERRY_TLS_REVOCATION_LISTS ",
  ],
  ["ciphers of nobody", { SKERRY_TLS_CIPHERS: "NONE-SUCH" }, "SKERRY_TLS_CIPHERS "],
  ["an old version", { SKERRY_TLS_VERSION_MIN: "TLSv1" }, "SKERRY_TLS_VERSION_MIN must be one of"],
  [
    "origins that are none",
    { SKERRY_WS_ORIGINS: "https://a/b" },
    "SKERRY_WS_ORIGINS must be a list of origins",
  ],
  ["nothing to listen on", { SKERRY_MQTT_PORT: "none", SKERRY_MQTTS_PORT: "" }, "no listener"],
])("%s", (_, env, words) => expect(() => listeners(env)).toThrow(words));

test("each listener has its own address, or that of MQTT; none is TLS only", () => {
  const found = listeners({
    SKERRY_MQTT_PORT: "none",
    SKERRY_MQTT_HOST: "10.0.0.1",
    SKERRY_MQTTS_HOST: "10.0.0.2",
    SKERRY_WSS_PORT: "8084",
  });
  expect(found.mqtt).toBeUndefined();
  expect(found.mqtts).toMatchObject({ host: "10.0.0.2", port: 8883 });
  expect(found.wss).toMatchObject({ host: "10.0.0.1", port: 8084 });
});
