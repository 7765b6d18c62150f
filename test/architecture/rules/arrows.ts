import { type Rule, importsOf, isProduct } from "../tree.ts";

const GROUND = ["contracts/", "otel/", "platform/"];

/** Who may import whom; the first match wins, so rooms stand before the areas that hold them. */
export const MAY_IMPORT: readonly (readonly [area: string, targets: readonly string[]])[] = [
  ["contracts/", ["contracts/"]],
  ["platform/runtime/", ["platform/runtime/"]],
  ["otel/", ["otel/", "platform/runtime/"]],
  ["platform/nats/", ["platform/nats/", "contracts/", "otel/", "platform/runtime/"]],
  ["gateway/", ["gateway/", ...GROUND]],
  // What people do to an installation is judged by the code that will judge it in the region.
  ["cloud/operations/", ["cloud/operations/", "gateway/", ...GROUND]],
  ["cloud/", ["cloud/", ...GROUND]],
  ["device-sim/", ["device-sim/", ...GROUND]],
  ["infra/", ["infra/", "gateway/", "cloud/", "device-sim/", ...GROUND]],
];

/** Rooms of one area in their order: each may import those before it, never those behind it. */
export const ROOMS: readonly (readonly string[])[] = [
  [
    "platform/nats/client/",
    "platform/nats/live/",
    "platform/nats/lanes/",
    "platform/nats/topology/",
  ],
  [
    "gateway/alerting/windows/",
    "gateway/alerting/rules/",
    "gateway/alerting/lane/",
    "gateway/alerting/state/",
  ],
  [
    "gateway/broker/protocol/",
    "gateway/broker/session/",
    "gateway/broker/routing/",
    "gateway/broker/connection/",
  ],
];

/** Imports follow the arrows of docs/architecture.md, between areas and between their rooms. */
export const arrows: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (!isProduct(path)) continue;
    const [, allowed] = MAY_IMPORT.find(([area]) => path.startsWith(area)) ?? [];
    for (const { target } of importsOf(path, source)) {
      if (target === null) continue;
      if (!allowed?.some((prefix) => target.startsWith(prefix)))
        problems.push(`${path} imports ${target}, which is off limits for it`);
      else if (goesUp(path, target))
        problems.push(`${path} imports ${target}, a room that builds on it`);
    }
  }
  return problems;
};

const goesUp = (path: string, target: string): boolean =>
  ROOMS.some((rooms) => {
    const from = rooms.findIndex((room) => path.startsWith(room));
    return from >= 0 && rooms.findIndex((room) => target.startsWith(room)) > from;
  });
