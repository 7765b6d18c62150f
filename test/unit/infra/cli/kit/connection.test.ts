import { expect, test } from "vitest";
import { tlsWanted, unreachable } from "../../../../../infra/cli/kit/connection.ts";

const url = "nats://admin:secret@127.0.0.1:14201";

test("one sentence says who does not answer and what to do, and never a password", () => {
  expect(unreachable({ url, from: ".skerry/addresses.json" }, "CONNECTION_REFUSED")).toBe(
    "No Skerry answers at 127.0.0.1:14201 (from .skerry/addresses.json). " +
      "Start it with npm start, or name another server with --nats URL.",
  );
  expect(unreachable({ url, from: null }, "TIMEOUT")).toBe(
    "No Skerry answers at 127.0.0.1:14201. Check the URL and that the server runs.",
  );
  expect(unreachable({ url, from: null }, "'Authorization Violation'")).toBe(
    'The nats-server at 127.0.0.1:14201 refuses the user "admin". Check user and password.',
  );
});

test("who speaks in clear text to a server that takes TLS only is told what to type", () => {
  const said = 'INFO {"server_id":"N","tls_required":true,"auth_required":true} \r\n';
  expect(tlsWanted(url, said)).toBe(
    "The nats-server at 127.0.0.1:14201 takes TLS only: say tls://admin@127.0.0.1:14201, and name the file of its authority in SKERRY_NATS_TLS_CA.",
  );
  expect(tlsWanted(url, said.replace("true", "false"))).toBeNull();
  expect(tlsWanted(url.replace("nats:", "tls:"), said)).toBeNull();
});
