// Where devices connect: the address of the gateways of each region, for lines that people paste.
import { type Route, route } from "./route.ts";
import { list, object, orNull, text } from "./schema.ts";

/** @param addresses MQTT address of each region's gateways, as far as the console was told. */
export const gatewayRoutes = (
  regions: readonly string[],
  addresses: ReadonlyMap<string, URL>,
): Route[] => [
  route({
    method: "GET",
    path: "/gateways",
    summary: "Where the devices of each region connect",
    role: "viewer",
    answer: object({
      gateways: list(
        object({
          region: text(),
          mqtt: orNull(text("mqtt:// or mqtts://, host, port; null if the console was not told")),
        }),
      ),
    }),
    handle: async () =>
      Promise.resolve({
        gateways: regions.map((region) => ({
          region,
          mqtt: addresses.get(region)?.href ?? null,
        })),
      }),
  }),
];
