// The only place that spells MQTT topics (DESIGN.md, section 3).

const TELEMETRY = /^devices\/([^/]+)\/telemetry\/([^/]+)$/;

export const telemetryTopic = (device: string, contract: string): string =>
  `devices/${device}/telemetry/${contract}`;

/** The device and contract of a telemetry topic, or null for any other topic. */
export function parseTelemetryTopic(topic: string): { device: string; contract: string } | null {
  const match = TELEMETRY.exec(topic);
  return match ? { device: match[1]!, contract: match[2]! } : null;
}

/** The retained topic of an alert; the key is percent-encoded, so it may hold `/`, `+` and `#`. */
export const alertTopic = (rule: string, key: string): string =>
  `alerts/${encodeURIComponent(rule)}/${encodeURIComponent(key)}`;
