// A region with a hundred rules or more, linked to the hub over a WAN: what alerts are measured on.
import {
  type GatewayUnderLoad,
  type LinkedRegion,
  REGION,
  startAlerting,
  startGatewayProcess,
  startLinkedRegion,
} from "../drain/site.ts";
import { Generator } from "../ingest/generator.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import type { Service } from "../../support/services.ts";
import type { Links } from "../links.ts";
import { HUNDRED, HUNDRED_THRESHOLDS, mixedRules, scaled } from "./rules.ts";

/** Conditions only, or rules of all kinds. */
export type RuleSet = "thresholds" | "mixed";

export interface AlertSite {
  readonly region: LinkedRegion;
  readonly gateway: GatewayUnderLoad;
  readonly engine: Service;
  readonly store: ServerProcess;
  readonly generator: Generator;
  /** By role, as they are now. */
  pids(): Record<string, number>;
}

export interface AlertSiteOptions {
  readonly rules: RuleSet;
  /** One, ten, or a multiple of a hundred. */
  readonly ruleCount: number;
  /** Of the rules' windows. */
  readonly over: string;
  readonly profile: string | undefined;
  readonly links: Links;
}

export async function startAlertSite(
  stack: AsyncDisposableStack,
  { rules, ruleCount, over, profile, links }: AlertSiteOptions,
): Promise<AlertSite> {
  const counts = scaled(rules === "mixed" ? HUNDRED : HUNDRED_THRESHOLDS, ruleCount);
  const region = await startLinkedRegion(stack, { links });
  const gateway = await startGatewayProcess(stack, region);
  const engine = await startAlerting(stack, region, mixedRules(counts, over), profile);
  const generator = stack.use(new Generator(1));
  const { process: store } = region.nats.region(REGION);
  const pids = (): Record<string, number> => ({
    gateway: gateway.process.pid!,
    engine: engine.process.pid!,
    natsServer: store.pid!,
    hub: region.nats.hub.process.pid!,
    generator: generator.pids[0]!,
    benchmark: process.pid,
  });
  return { region, gateway, engine, store, generator, pids };
}
