// Contracts under which gateways write readings of their own: no client may, whatever its rights.

/** The contract of connections that were made and lost. */
export const PRESENCE_CONTRACT = "presence";

/** True for a contract that only gateways write. */
export const isGatewaysOwn = (contract: string): boolean => contract === PRESENCE_CONTRACT;
