// What is planned of one stream: only what is said here is created, compared and updated.
import type { StreamConfig } from "nats";

export type StreamSpec = Partial<StreamConfig> & { name: string };
