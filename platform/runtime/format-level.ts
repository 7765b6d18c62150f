// The level of the formats that processes write to each other (pure).

/**
 * The level of formats that this program reads, and the highest that it may be told to write. It rises with a release
 * that has something to write which the release before cannot read; what it is goes into the table of docs/guides/upgrading.md.
 */
export const FORMAT_LEVEL = 2;

/** The level from which on a log may grow: programs of the one before take the lanes that it has then for others. */
export const GROWTH_LEVEL = 2;

/** The same of a program that does not say it. */
export const FORMAT_LEVEL_UNSAID = 1;
