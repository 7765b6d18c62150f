// Parts of packets that are passed from room to room, as mqtt-packet reads and writes them.
import type { IConnectPacket, IPublishPacket } from "mqtt-packet";

export type Properties = NonNullable<IPublishPacket["properties"]> & {
  /** User properties in their order, where the object of the library would tell them in another (user-properties.ts). */
  userPairs?: readonly (readonly [name: string, value: string])[];
};
export type Will = NonNullable<IConnectPacket["will"]>;
