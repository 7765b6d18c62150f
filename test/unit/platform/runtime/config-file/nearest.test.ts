import { expect, test } from "vitest";
import { nearest } from "../../../../../platform/runtime/config-file/nearest.ts";

const KNOWN = ["region", "regions", "mqtt-port", "limit-connections-max", "nats-password-file"];

test.each([
  ["regoin", "region"],
  ["SKERRY_MQTT_PORT", "mqtt-port"],
  ["mqttPort", "mqtt-port"],
  ["mqtt_prot", "mqtt-port"],
  ["max-conections", "limit-connections-max"],
  ["natspasswordfile", "nats-password-file"],
  ["teapot", null],
  ["", null],
])("%j is meant as %j", (word, known) => expect(nearest(word, KNOWN)).toBe(known));
