// How the devices of the load authenticate with this gateway.
import type { Credentials } from "./wire.ts";

export interface Provisioning {
  /** Where devices are written; stopped once everything is provisioned. */
  readonly hubUrl: string;
  /** Where the gateway reads its copy. */
  readonly regionUrl: string;
  readonly devices: number;
}

export interface AccessControl {
  readonly name: string;
  /** Returns once the region can authenticate all of them. */
  provision(at: Provisioning): Promise<{
    /** By device index; empty means anonymous. */
    credentials: readonly Credentials[];
    /** Further settings of the gateway. */
    env: Record<string, string>;
  }>;
}

export const ANONYMOUS: AccessControl = {
  name: "none",
  provision: () => Promise.resolve({ credentials: [], env: {} }),
};
