/** Node's flags for processes that do little at a time: small room for what lives briefly, and no code made twice. */
export const SPARING: readonly string[] = ["--max-semi-space-size=4", "--optimize-for-size"];

/**
 * Node's flags for aggregators, whose lines live as long as a request takes: with room for them the collector
 * need not move them to where garbage is expensive.
 */
export const ROOMY: readonly string[] = ["--max-semi-space-size=64"];
