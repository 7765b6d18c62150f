// The fleet on paper (pure): which devices there are, what they replay and from where.
import type { ContractName } from "./replay.ts";
import { startRows } from "./start-rows.ts";

export interface Gateway {
  readonly region: string;
  readonly url: string;
}

export interface DeviceSpec {
  readonly device: string;
  readonly gateway: Gateway;
  readonly contract: ContractName;
  readonly startRow: number;
}

export interface FleetSize {
  readonly gateways: readonly Gateway[];
  readonly devices: number;
  /** Readings per second of the whole fleet. */
  readonly rate: number;
  readonly keepTimes: boolean;
}

/** Every so many devices of a region, one is a machine. */
const MACHINE_EVERY = 5;
/** The share of a region's rooms (one at least) that starts just before its CO2 rises. */
const ALERTING_SHARE = 0.4;

/**
 * Spreads the devices evenly over the regions. With kept times every device starts at row 0, since
 * a recording that is replayed as it was is replayed whole.
 * @param co2 the rooms' recording, for finding starts.
 * @param machineRows rows of the machines' recording.
 */
export function specifyDevices(
  size: FleetSize,
  co2: readonly number[],
  machineRows: number,
): DeviceSpec[] {
  const slots = size.gateways.flatMap((gateway, at) => regionSlots(size, gateway, at));
  const rooms = slots.filter(({ contract }) => contract === "environment");
  const machines = slots.filter(({ contract }) => contract === "machine");
  const roomStarts = size.keepTimes
    ? []
    : startRows(co2, alerting(rooms), size.rate / size.devices);
  const starts = new Map<string, number>();
  for (const [at, { device }] of rooms.entries()) starts.set(device, roomStarts[at] ?? 0);
  for (const [at, { device }] of machines.entries())
    starts.set(device, size.keepTimes ? 0 : Math.floor((at * machineRows) / machines.length));
  return slots.map((slot) => ({ ...slot, startRow: starts.get(slot.device)! }));
}

type Slot = Omit<DeviceSpec, "startRow">;

function regionSlots(size: FleetSize, gateway: Gateway, at: number): Slot[] {
  const regions = size.gateways.length;
  const count = Math.floor(size.devices / regions) + (at < size.devices % regions ? 1 : 0);
  const made = { environment: 0, machine: 0 };
  return Array.from({ length: count }, (_, index) => {
    const contract = index % MACHINE_EVERY === MACHINE_EVERY - 1 ? "machine" : "environment";
    const kind = contract === "machine" ? "machine" : "room";
    const number = String(++made[contract]).padStart(2, "0");
    return { device: `${kind}-${gateway.region}-${number}`, gateway, contract };
  });
}

/** The first rooms of each region alert; which ones, a person can then remember. */
function alerting(rooms: readonly Slot[]): boolean[] {
  const perRegion = Map.groupBy(rooms, ({ gateway }) => gateway.region);
  const left = new Map(
    [...perRegion].map(([region, { length }]) => [
      region,
      Math.max(1, Math.floor(length * ALERTING_SHARE)),
    ]),
  );
  return rooms.map(({ gateway: { region } }) => {
    const remaining = left.get(region)!;
    left.set(region, remaining - 1);
    return remaining > 0;
  });
}
