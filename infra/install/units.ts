// The text of a systemd unit, with everything taken away that a process does not need (pure). Written for systemd 250
// and newer: `%d`, the directory of credentials, is not in older ones.
import { GROUP, TARGET } from "./layout.ts";

/** The first line of every file that an installation may overwrite and remove. */
export const HEADER =
  "# Written by `skerry install`, which writes it again: put changes into a drop-in (systemctl edit).";

/** A process as systemd is told of it. */
export interface Unit {
  /** `skerry-gateway`; the user's name as well, unless that is said. */
  readonly name: string;
  readonly user?: string;
  readonly description: string;
  /** notify: it says itself when it is ready, and that it gets on; exec: the program knows nothing of that. */
  readonly type: "notify" | "exec" | "oneshot";
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files that it gets copies of, which nobody else reads: name → path. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Below /var/lib, its own. */
  readonly state?: string;
  readonly after: readonly string[];
  /** It is not started as long as this file is not there. */
  readonly condition?: string;
  readonly environmentFile?: string;
  /** The times at which it runs (systemd.time(7)); absent: with the target. */
  readonly schedule?: string;
  /** It makes machine code while it runs, as Node does. */
  readonly makesCode: boolean;
  readonly isLocal?: boolean;
}

/** Silence after which a process that says how it gets on is started again. */
const WATCHDOG_SECONDS = 60;

/** systemd-analyze(1) rates what is left; MemoryDenyWriteExecute is not for Node, whose compiler writes code. */
const hardening = ({ makesCode, isLocal }: Unit): readonly string[] => [
  "NoNewPrivileges=yes",
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "DevicePolicy=closed",
  "ProtectProc=invisible",
  "ProtectClock=yes",
  "ProtectHostname=yes",
  "ProtectControlGroups=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  ...(makesCode ? [] : ["MemoryDenyWriteExecute=yes"]),
  "RemoveIPC=yes",
  "KeyringMode=private",
  "UMask=0077",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "SystemCallErrorNumber=EPERM",
  ...(isLocal ? ["IPAddressDeny=any", "IPAddressAllow=localhost"] : []),
];

const RUN: Readonly<Record<Unit["type"], readonly string[]>> = {
  notify: [
    "Type=notify",
    "# The program that tells is a child: Node itself has no such sockets.",
    "NotifyAccess=all",
    `WatchdogSec=${WATCHDOG_SECONDS}`,
    "# It asks for more as long as it gets on, and is started again if it does not.",
    `TimeoutStartSec=${WATCHDOG_SECONDS}`,
    "Restart=always",
    "RestartSec=2",
  ],
  exec: ["Type=exec", "Restart=always", "RestartSec=2"],
  oneshot: ["Type=oneshot", "RemainAfterExit=yes", "Restart=on-failure", "RestartSec=5"],
};
/** It has to end before it can run again; what failed, because a server was away, is tried again soon. */
const SCHEDULED = ["Type=oneshot", "Restart=on-failure", "RestartSec=300"];

/** A word of a command line as it is meant, but for what stands for directories of systemd's. */
const quoted = (word: string): string => (/[\s"'\\;]/.test(word) ? JSON.stringify(word) : word);

export function unitText(unit: Unit): string {
  const { name, user = name, description, type, command, env, credentials, after } = unit;
  const lines = [
    HEADER,
    "[Unit]",
    `Description=${description}`,
    "Documentation=https://www.freedesktop.org/software/systemd/man/systemd.exec.html",
    "Wants=network-online.target",
    `After=${["network-online.target", ...after].join(" ")}`,
    `PartOf=${TARGET}`,
    "StartLimitIntervalSec=0",
    ...(unit.condition === undefined ? [] : [`ConditionPathExists=${unit.condition}`]),
    "",
    "[Service]",
    ...(unit.schedule === undefined ? RUN[type] : SCHEDULED),
    `User=${user}`,
    `Group=${user}`,
    `SupplementaryGroups=${GROUP}`,
    `ExecStart=${command.map(quoted).join(" ")}`,
    ...Object.entries(env).map(([key, value]) => `Environment=${quoted(`${key}=${value}`)}`),
    ...(unit.environmentFile === undefined ? [] : [`EnvironmentFile=-${unit.environmentFile}`]),
    ...Object.entries(credentials).map(([key, path]) => `LoadCredential=${key}:${path}`),
    ...(unit.state === undefined
      ? []
      : [`StateDirectory=${unit.state}`, "StateDirectoryMode=0700"]),
    ...(makesCache(unit) ? [`CacheDirectory=${name}`, "CacheDirectoryMode=0700"] : []),
    "TimeoutStopSec=30",
    "LimitNOFILE=262144",
    "",
    ...hardening(unit),
    ...(unit.schedule === undefined ? ["", "[Install]", `WantedBy=${TARGET}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

const makesCache = ({ env }: Unit): boolean => env["NODE_COMPILE_CACHE"] !== undefined;

/** The timer of a unit that runs at times; one that was missed, because the machine was off, is made up for. */
export const timerText = ({ description, schedule }: Unit): string => `${HEADER}
[Unit]
Description=${description}, at its time
PartOf=${TARGET}

[Timer]
OnCalendar=${schedule}
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=${TARGET}
`;

/** The target that starts and stops all of them. */
export const targetText = (units: readonly Unit[]): string => `${HEADER}
[Unit]
Description=Skerry on this machine
Wants=${units.map(({ name, schedule }) => `${name}.${schedule === undefined ? "service" : "timer"}`).join(" ")}

[Install]
WantedBy=multi-user.target
`;
