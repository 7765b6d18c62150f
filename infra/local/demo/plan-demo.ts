// The local installation with demo controls (pure): each region's leaf connection goes through a proxy that can be cut,
// gateways listen for WebSockets, and the console knows of both and of the launcher's control server.
import { type ProcessPlan, REGIONS, type Region } from "../places.ts";
import type { LocalPlan } from "../plan.ts";

const HOST = "127.0.0.1";

export interface DemoPlan {
  readonly plan: LocalPlan;
  readonly controlPort: number;
  readonly token: string;
  /** The hub's leaf port, and the port at which each region finds it. */
  readonly leafPort: number;
  readonly wanPorts: Readonly<Record<Region, number>>;
}

const regionAt = (portBase: number, region: Region, offset: number): number =>
  portBase + 10 * (REGIONS.indexOf(region) + 1) + offset;

/**
 * @param tokenFile where the console finds the token.
 * @param sendTraces whether traces go to the console, unless the environment says another place.
 */
export function planDemo(
  plan: LocalPlan,
  {
    portBase,
    token,
    tokenFile,
    sendTraces,
  }: { portBase: number; token: string; tokenFile: string; sendTraces: boolean },
): DemoPlan {
  const leafPort = portBase + 2;
  const controlPort = portBase + 9;
  const wanPorts = { eu: regionAt(portBase, "eu", 8), us: regionAt(portBase, "us", 8) };
  const wsPorts = { eu: regionAt(portBase, "eu", 7), us: regionAt(portBase, "us", 7) };
  const isTls = plan.addresses.ca !== undefined;
  const telemetry: Record<string, string> = sendTraces
    ? {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${HOST}:${portBase + 7}`,
        SKERRY_OTLP_SIGNALS: "traces",
      }
    : {};
  const more = ({ name }: ProcessPlan): Record<string, string> => {
    for (const region of REGIONS)
      if (name === `gateway-${region}`)
        return { [isTls ? "SKERRY_WSS_PORT" : "SKERRY_WS_PORT"]: String(wsPorts[region]) };
    if (name !== "console") return {};
    return {
      SKERRY_CONSOLE_DEMO_URL: `http://${HOST}:${controlPort}`,
      SKERRY_CONSOLE_DEMO_TOKEN_FILE: tokenFile,
      SKERRY_CONSOLE_GATEWAYS: REGIONS.map(
        (region) => `${region}=${plan.addresses.mqtt[region]}`,
      ).join(","),
      SKERRY_CONSOLE_MQTT: REGIONS.map(
        (region) => `${region}=${isTls ? "wss" : "ws"}://${HOST}:${wsPorts[region]}`,
      ).join(","),
      ...(plan.addresses.ca === undefined ? {} : { SKERRY_CONSOLE_MQTT_TLS_CA: plan.addresses.ca }),
    };
  };
  const portsOf = ({ name, ports }: ProcessPlan): Record<string, number> => {
    for (const region of REGIONS)
      if (name === `gateway-${region}`) return { ...ports, ws: wsPorts[region] };
    return ports;
  };
  const ofOurs = (ours: ProcessPlan): ProcessPlan => ({
    ...ours,
    ports: portsOf(ours),
    env: { ...telemetry, ...ours.env, ...more(ours) },
  });
  const throughProxy = (server: ProcessPlan): ProcessPlan => {
    for (const region of REGIONS)
      if (server.name === `nats-${region}`) {
        const url = server.env["NATS_LEAF_URL"]!.replace(`:${leafPort}`, `:${wanPorts[region]}`);
        return { ...server, env: { ...server.env, NATS_LEAF_URL: url } };
      }
    return server;
  };
  return {
    plan: {
      ...plan,
      secretFiles: [...plan.secretFiles, { path: tokenFile, text: token }],
      servers: plan.servers.map(throughProxy),
      services: plan.services.map(ofOurs),
      simulator: ofOurs(plan.simulator),
    },
    ...{ controlPort, token, leafPort, wanPorts },
  };
}
