/** MQTT 5 reason codes that this broker sends or hands to aedes (MQTT 5, 2.4). */
export const REASON = {
  success: 0x00,
  disconnectWithWill: 0x04,
  noSubscriptionExisted: 0x11,
  malformed: 0x81,
  protocolError: 0x82,
  implementationSpecific: 0x83,
  unsupportedVersion: 0x84,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  shuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  payloadFormatInvalid: 0x99,
} as const;

/** The CONNACK return code of MQTT 3.1.1 (3.2.2.3) nearest to an MQTT 5 reason code. */
export function returnCodeOf(reasonCode: number): number {
  switch (reasonCode) {
    case REASON.unsupportedVersion:
      return 1;
    case REASON.clientIdInvalid:
      return 2;
    case REASON.badCredentials:
      return 4;
    case REASON.notAuthorized:
    case REASON.badAuthenticationMethod:
      return 5;
    default:
      return 3;
  }
}
