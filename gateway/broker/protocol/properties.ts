// Parts of packets that are passed from room to room, as mqtt-packet reads and writes them.
import type { IConnectPacket, IPublishPacket } from "mqtt-packet";

export type Properties = NonNullable<IPublishPacket["properties"]>;
export type Will = NonNullable<IConnectPacket["will"]>;
