/**
 * `silenced`: the condition holds, in a maintenance window; `firing` or `resolved` follows at its end.
 * `acknowledged`: somebody has seen a firing alert; `resolved` follows.
 */
export const ALERT_STATES = ["firing", "silenced", "acknowledged", "resolved"] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export const isAlertState = (state: unknown): state is AlertState =>
  ALERT_STATES.some((known) => known === state);

export const SEVERITIES = ["info", "warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A command of a gateway of the region to a device because of an alert, with no cloud in the path. */
export interface AlertCommand {
  readonly device: string;
  /** The body of the command, as the device gets it. */
  readonly payload: unknown;
  /** The time that it waits for a device that is offline. */
  readonly expiresMs: number;
}

/** A step of an alert's life, as one message on `alerts.{region}.{rule}.{key}`, late ones on `….late`. */
export interface Alert {
  /** Hash of rule, key, lane, seq and index of the raising reading: replays never raise it twice. */
  readonly id: string;
  readonly rule: string;
  /** Text of the series (series.ts): `room9{quantity=pressure}`, or the partition key where that is all. */
  readonly key: string;
  /** Its parts, if tags are among them. */
  readonly series?: { readonly key: string; readonly tags: Readonly<Record<string, string>> };
  readonly region: string;
  readonly state: AlertState;
  readonly severity: Severity;
  /** Event time of the first reading of the condition, epoch ms. */
  readonly sinceMs: number;
  /** Event time of the reading that made this transition, epoch ms. */
  readonly atMs: number;
  /** The time at which the gateway received that reading, epoch ms. */
  readonly receivedAtMs: number;
  /** The value that made this transition; 0 where there is none. */
  readonly value: number;
  readonly message: string;
  /** A resolved alert that nobody was told of, because it never fired outside a maintenance window. */
  readonly quiet?: true;
  /**
   * True if readings made it that arrived too late to be what is the case now (a rule's `lateAfter`): it tells
   * what was, beside the rule's alert of the same key, and has a life of its own.
   */
  readonly late?: true;
  /** The id, in a `rule_error`, of the alert that stays as it was, because its rule cannot be evaluated for its key. */
  readonly marks?: string;
  /** The person who acknowledged it. */
  readonly by?: string;
  /** Commands to devices in this state; each is sent once, however often the alert is read. */
  readonly commands?: readonly AlertCommand[];
  /** The place in the log of the transition: alerts are a function of the lane's order. */
  readonly partition: number;
  readonly seq: number;
  readonly index: number;
  /** W3C Trace Context of the trace that the alert is part of; absent if it is in none. */
  readonly traceparent?: string;
}

/**
 * Alerts that gateways raise themselves; an underscore is in no id of anybody's rule.
 * `rejects_dropped`: there was no room for rejects of a device; `client_id_contested`: clients take one
 * client id from each other all the time; `copy_stopped`: a record that was no reading stopped the copies of the log.
 */
export const GATEWAY_RULES = ["rejects_dropped", "client_id_contested", "copy_stopped"] as const;
export type GatewayRule = (typeof GATEWAY_RULES)[number];

/** The `partition` of an alert that is about no lane. */
export const NO_LANE = -1;

/** That somebody has seen an alert: one of a rule and key, at the hub in bucket `acknowledgements`. */
export interface Acknowledgement {
  readonly rule: string;
  readonly key: string;
  readonly id: string;
  readonly by: string;
  /** Epoch ms. */
  readonly atMs: number;
}
