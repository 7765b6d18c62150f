import { Events, type NatsConnection } from "nats";

/** Told of a connection's state as it changes. */
export interface LinkListener {
  /** The connection to the server is lost, or made again. */
  readonly changed: (up: boolean) => void;
  /** The server refused a message on this subject. */
  readonly refused: (subject: string) => void;
}

/** Follows the state of a connection until it is closed. */
export function followLink(connection: NatsConnection, { changed, refused }: LinkListener): void {
  const follow = async (): Promise<void> => {
    for await (const { type, permissionContext } of connection.status()) {
      if (type === Events.Disconnect) changed(false);
      else if (type === Events.Reconnect) changed(true);
      else if (permissionContext?.operation === "publish") refused(permissionContext.subject);
    }
  };
  void follow();
}
