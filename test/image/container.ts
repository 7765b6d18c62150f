// Containers of the image as a careful installation runs them, by podman.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * What every container is run with. Without the two limits runc 1.1 starts nothing where root is bounded; podman runs health checks by
 * systemd, so that here they are run by hand.
 */
const HARDENED = [
  ...["--read-only", "--tmpfs", "/tmp", "--cap-drop", "all", "--security-opt", "no-new-privileges"],
  ...["--pids-limit", "200", "--network", "host", "--no-healthcheck"],
  ...["--ulimit", "nofile=8192:8192", "--ulimit", "nproc=1024:1024"],
];
const PODMAN = ["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc"];

export interface ContainerSpec {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Options of `podman run` beside those that every container has. */
  readonly options?: readonly string[];
  readonly memory?: string;
}

/** What podman printed; fails with what it said, if it or the container did. */
export const podman = async (args: readonly string[]): Promise<string> =>
  (await run("podman", [...PODMAN, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout;

const runArgs = ({ image, args, env = {}, options = [], memory = "256m" }: ContainerSpec) => [
  ...HARDENED,
  ...["--memory", memory],
  ...Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
  ...options,
  image,
  ...args,
];

/** Runs a container to its end; both of its outputs. */
export async function runToEnd(spec: ContainerSpec): Promise<string> {
  const { stdout, stderr } = await run("podman", [...PODMAN, "run", "--rm", ...runArgs(spec)], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout + stderr;
}

export interface Container extends AsyncDisposable {
  /** Its own health check: what it said; null while it is not healthy. */
  health(): Promise<string | null>;
  /** SIGTERM, and SIGKILL after 20 seconds; the exit status. */
  stop(): Promise<number>;
  logs(): Promise<string>;
  exec(command: readonly string[]): Promise<string>;
}

/** Starts a container; it is removed when disposed of. */
export async function startContainer(spec: ContainerSpec): Promise<Container> {
  const id = (await podman(["run", "--detach", ...runArgs(spec)])).trim();
  const exec = (command: readonly string[]) => podman(["exec", id, ...command]);
  return {
    exec,
    health: () => exec(["node", "/opt/skerry/infra/entry/ready.mjs"]).catch(() => null),
    stop: async () => {
      await podman(["stop", "--time", "20", id]);
      return Number(await podman(["inspect", "--format", "{{.State.ExitCode}}", id]));
    },
    logs: async () => {
      const { stdout, stderr } = await run("podman", [...PODMAN, "logs", id]);
      return stdout + stderr;
    },
    [Symbol.asyncDispose]: async () => {
      await podman(["rm", "--force", "--volumes", id]);
    },
  };
}
