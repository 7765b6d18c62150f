// The planned part of a stream's configuration: only what it says is created, compared and updated.
import type { StreamConfig, StreamState } from "nats";

/** Configuration and state as a server says them, which a backup keeps. */
export type StoredConfig = StreamConfig;
export type StoredState = StreamState;

export type StreamSpec = Partial<StreamConfig> & { name: string };
