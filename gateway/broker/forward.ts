// From an accepted publish to its subscribers.
import type { IPublishPacket } from "mqtt-packet";
import type { AedesClient, Message } from "./aedes-seam.ts";
import type { Core } from "./core.ts";

const ignore = (): void => undefined;

export function forward(core: Core, client: AedesClient, packet: IPublishPacket): void {
  if (core.aedes.closed) return;
  core.aedes.publish(packet as Message, client, ignore);
}
