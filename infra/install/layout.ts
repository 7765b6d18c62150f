// Where the parts of an installation by systemd are, on one machine: directories, ports, names. Pure.

export const ROLES = ["region", "hub", "all", "hub-server"] as const;
/** The part of a machine: one region, the hub, the hub and one region, or one more nats-server of a hub that is a cluster. */
export type Role = (typeof ROLES)[number];

/** Places of the programs that units start. */
export interface Programs {
  readonly node: string;
  /** The command `skerry`, as a file that Node runs. */
  readonly entry: string;
  readonly natsServer: string;
  readonly influxd: string;
  /** The rules of alarms for Prometheus. */
  readonly rules: string;
}

export interface InstallOptions {
  readonly role: Role;
  /** All regions that the hub has. */
  readonly regions: readonly string[];
  /** The one of this machine; null at a hub. */
  readonly region: string | null;
  /** `host:port` at which a region reaches the leaf port of the hub, of a cluster all, by commas; null if the hub is here. */
  readonly hub: string | null;
  /** The nats-servers of the hub, if these are three on as many machines; absent: it is one, or it is not here. */
  readonly cluster?: HubCluster;
  readonly tls: boolean;
  /** Whether regions and hub of different machines speak over a compressed link. */
  readonly link: boolean;
  /** Null: the usual ports. */
  readonly portBase: number | null;
  readonly programs: Programs;
  /** Absent: nothing is signed. */
  readonly signed?: Signed;
}

/** Three machines with a nats-server of the hub each. */
export interface HubCluster {
  /** Names by which they, and regions, reach each other. */
  readonly hosts: readonly string[];
  /** The one of this machine, from 1 on. */
  readonly own: number;
}

/** The parts of what is signed, and verified, on this machine. */
export interface Signed {
  /** Records of the hub. */
  readonly records: boolean;
  /** Alerts of this machine's region that command devices. */
  readonly engine: boolean;
}

/** Private keys, each with the name of the file of its public half. */
export const SIGNING_KEY = "signing-key";
export const TRUSTED_KEYS = "trusted-keys";
export const ENGINE_KEY = "engine-key";
export const ENGINE_TRUST = "engine-keys";

const PORT_NAMES = [
  "hubClient",
  "hubMonitor",
  "hubLeaf",
  "influx",
  "influxBackup",
  "regionClient",
  "regionMonitor",
  "mqtt",
  "console",
  "gatewayStatus",
  "alertingStatus",
  "aggregatorStatus",
  "stewardStatus",
  "notifierStatus",
  "consoleStatus",
  "leafBehindLink",
  "linkStatus",
  "hubRoutes",
] as const;

export type InstallPorts = Readonly<Record<(typeof PORT_NAMES)[number], number>>;

const USUAL_PORTS: InstallPorts = {
  ...{ hubClient: 4222, hubMonitor: 8222, hubLeaf: 7422, influx: 8086, influxBackup: 8088 },
  ...{ regionClient: 4223, regionMonitor: 8223, mqtt: 1883, console: 8080 },
  ...{ gatewayStatus: 8091, alertingStatus: 8092, aggregatorStatus: 8093, stewardStatus: 8094 },
  ...{ notifierStatus: 8095, consoleStatus: 8096, leafBehindLink: 7423, linkStatus: 8097 },
  ...{ hubRoutes: 6222 },
};
const MQTTS_PORT = 8883;

/** Ports that an installation takes from `--port-base` on. */
export const PORTS_TAKEN = PORT_NAMES.length;

export const portsOf = ({ portBase, tls }: InstallOptions): InstallPorts =>
  portBase === null
    ? { ...USUAL_PORTS, ...(tls ? { mqtt: MQTTS_PORT } : {}) }
    : (Object.fromEntries(PORT_NAMES.map((name, at) => [name, portBase + at])) as InstallPorts);

export const LOOPBACK = "127.0.0.1";
export const CONFIGURATION = "/etc/skerry";
export const DATA = "/var/lib/skerry";
export const BACKUPS = `${DATA}/backups`;
export const CONFIG_FILE = `${CONFIGURATION}/skerry.yaml`;
/** Addresses of this machine's servers and processes, with passwords, for root's commands. */
export const ADDRESSES_FILE = `${CONFIGURATION}/addresses.json`;
/** Configuration of a Prometheus on this machine. */
export const PROMETHEUS_FILE = `${CONFIGURATION}/prometheus.yaml`;
export const CHANNELS_FILE = `${CONFIGURATION}/channels.json`;
/** Variables that a channels file names; nobody else reads them. */
export const CHANNELS_ENVIRONMENT = `${CONFIGURATION}/notifier.env`;
export const INFLUX_CONFIG = `${CONFIGURATION}/influxdb.conf`;
export const CERTIFICATES = `${CONFIGURATION}/certificates`;
export const UNITS = "/etc/systemd/system";
export const SYSUSERS_FILE = "/etc/sysusers.d/skerry.conf";
export const TMPFILES_FILE = "/etc/tmpfiles.d/skerry.conf";
export const TARGET = "skerry.target";
/** The group that reads the configuration file. */
export const GROUP = "skerry";

export const secretFile = (name: string): string => `${CONFIGURATION}/secrets/${name}`;
export const natsConfigFile = (server: string): string => `${CONFIGURATION}/nats/${server}.conf`;
/** The passwords of a nats-server as variables, made of secrets. */
export const natsPasswordsFile = (server: string): string => secretFile(`nats-${server}.conf`);
export const certificateFile = (name: string, end: "pem" | "key" = "pem"): string =>
  `${CERTIFICATES}/${name}.${end}`;
export const unitFile = (unit: string): string => `${UNITS}/${unit}`;

/** Whether the hub's processes are here. */
export const hasHub = ({ role }: InstallOptions): boolean => role === "hub" || role === "all";

/** Whether a nats-server of the hub is here. */
export const hasHubServer = ({ role }: InstallOptions): boolean => role !== "region";

/** Names a nats-server of the hub, and its certificate. */
export const hubServer = (number: number): string => (number === 1 ? "hub" : `hub-${number}`);

/** The password by which the nats-servers of a cluster know each other. */
export const ROUTE_SECRET = "route-hub";

/** Whether this machine has an end of a link: one region and the hub on the same machine need none. */
export const hasLink = (options: InstallOptions): boolean =>
  options.link && (options.role === "region" || othersOf(options).length > 0);

/** Whether stores of this machine are backed up here: of a cluster by the one with the processes. */
export const makesBackups = ({ role }: InstallOptions): boolean => role !== "hub-server";

/** Regions of other machines. */
export const othersOf = ({ regions, region }: InstallOptions): readonly string[] =>
  regions.filter((one) => one !== region);
