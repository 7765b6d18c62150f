// An alert rule of Prometheus; pure data.
export interface AlertRule {
  readonly name: string;
  /** PromQL; each of its series is judged by itself. */
  readonly measure: string;
  /** The condition that it must not meet. */
  readonly when: `${"<" | "==" | ">"} ${number}`;
  readonly lasting: string;
  readonly severity: "warning" | "critical";
  /** One sentence, with the labels of the series. */
  readonly summary: string;
}
