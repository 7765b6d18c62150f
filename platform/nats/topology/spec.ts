// The planned part of a stream's configuration: only what it says is created, compared and updated.
import type { StreamConfig } from "nats";

export type StreamSpec = Partial<StreamConfig> & { name: string };
