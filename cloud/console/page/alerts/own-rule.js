// Whose rule an alert is of (pure).

/** An underscore is in no id of anybody's rule: such alerts are the gateways' or the hub's own. */
export const isOwnRule = ({ rule, region }) => region === "hub" || rule.includes("_");
