// A client of a region's gateway by MQTT over WebSocket, through the console.

const CONNECT_WITHIN_MS = 8_000;

const urlFor = (region) =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mqtt/${encodeURIComponent(region)}`;

/**
 * Connects; resolves to `{ subscribe(filter), publish(topic, text, options), end() }`. `onMessage(message)` is told of each
 * message, `onEnd(reason)` once the connection is gone.
 */
export async function connectRegion(region, { onMessage, onEnd }) {
  // Loaded when it is used: it is larger than the rest of the page.
  const library = await import("/lib/mqtt.js");
  const mqtt = library.default ?? library;
  const client = mqtt.connect(urlFor(region), {
    protocolVersion: 5,
    clientId: `console-${crypto.randomUUID().slice(0, 8)}`,
    reconnectPeriod: 0,
    // Its own timers run in a worker made of a blob, which the content security policy forbids.
    timerVariant: "native",
    connectTimeout: CONNECT_WITHIN_MS,
  });
  client.on("message", (topic, payload, packet) =>
    onMessage({
      topic,
      text: textOf(payload),
      retain: packet.retain,
      qos: packet.qos,
      atMs: Date.now(),
    }),
  );
  await new Promise((resolve, reject) => {
    client.once("connect", resolve);
    client.once("error", reject);
    client.once("close", () => reject(new Error("The gateway closed the connection.")));
  });
  client.on("close", () => onEnd("The connection is closed."));
  client.on("error", (error) => onEnd(error.message));
  return {
    subscribe: async (filter) => {
      const granted = await client.subscribeAsync(filter, { qos: 0 });
      const refused = granted.find(({ qos }) => qos >= 0x80);
      if (refused)
        throw new Error(`The gateway refuses ${filter} (0x${refused.qos.toString(16)}).`);
    },
    publish: (topic, text, { qos, retain }) => client.publishAsync(topic, text, { qos, retain }),
    end: () => client.end(true),
  };
}

/** UTF-8, or hexadecimal digits of what is none. */
function textOf(payload) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch {
    return `hex:${[...payload].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }
}
