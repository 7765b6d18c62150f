// The way of a message from a transport to the log, step by step. A transport makes a `Message` of what
// it received, calls `publish`, and answers its sender when the message is settled.
//
// Z1. Pressure comes first: dropping a message must cost nothing but the look at it. What is only relayed is not
//     under the pressure of the log, which it does not go to; what is relayed as well goes to subscribers in any case.
// Z2. Access comes before meaning: no later step sees a message that its sender had no right to send,
//     and the right is that on the topic it was sent to (see mapping.ts/M2).
// Z3. What a bridge repeats from its memory is no reading, and shows nobody's presence.
// Z4. Exactly one step takes a message, and settles it when it is stored, kept or dropped.
// Z5. What its sender had no right to send, on that topic or for that device, is never relayed. A reading that is
//     refused for another reason is, because it is not the subscribers' reason.
import type { Backpressure } from "./backpressure.ts";
import type { Ingest } from "./ingest.ts";
import type { Message, Refusal, Settle, TopicClass } from "./message.ts";

export interface PipelineSteps {
  readonly classes: {
    of(message: Message): TopicClass;
    relayed: number;
    ignored: number;
  };
  readonly backpressure: Pick<Backpressure, "drop">;
  readonly access: {
    /** Null if its sender may publish there. */
    authorizePublish(message: Message): Refusal | null;
  };
  readonly commands: {
    /** Takes the message if it is a command or a reply to one; false if it is neither. */
    take(message: Message, settle: Settle): boolean;
  };
  readonly bridges: {
    /** The `settle` to go on with; null if the message is an old one again, which is settled then. */
    watch(message: Message, settle: Settle): Settle | null;
  };
  readonly presence: {
    /** The `settle` to go on with: that of a sender who is yet unknown is listened to. */
    watch(message: Message, settle: Settle): Settle;
  };
  readonly ingest: Pick<Ingest, "publish" | "refuse">;
}

/** Nobody hears it: the answer is that to what is stored. */
const IGNORED: Refusal = { reason: "ignored", detail: "its topic is ignored" };

export class Pipeline {
  readonly #steps: PipelineSteps;

  constructor(steps: PipelineSteps) {
    this.#steps = steps;
  }

  publish(message: Message, settle: Settle): void {
    const { classes, backpressure, access, commands, bridges, presence, ingest } = this.#steps;
    const topic = classes.of(message);
    if (topic.relayed || !topic.telemetry) return this.#otherwise(message, topic, settle);
    if (backpressure.drop(message, settle)) return; // Z1
    const refusal = access.authorizePublish(message); // Z2
    if (refusal) return ingest.refuse(message, refusal, settle);
    if (commands.take(message, settle)) return;
    const goOn = bridges.watch(message, settle); // Z3
    if (goOn) ingest.publish(message, presence.watch(message, goOn));
  }

  /** A message that is relayed, or ignored. */
  #otherwise(message: Message, { telemetry, relayed }: TopicClass, settle: Settle): void {
    const { classes, backpressure, access, bridges, presence, ingest } = this.#steps;
    const refusal = access.authorizePublish(message); // Z2
    if (refusal) {
      if (!backpressure.drop(message, settle)) ingest.refuse(message, refusal, settle);
      return;
    }
    if (relayed) classes.relayed += 1;
    else classes.ignored += 1;
    if (!telemetry) return relayed ? settle(null, true) : settle(IGNORED);
    const relaying: Settle = (why) => settle(why, why?.reason !== "not_authorized"); // Z5
    if (backpressure.drop(message, relaying)) return;
    const goOn = bridges.watch(message, relaying);
    if (goOn) ingest.publish(message, presence.watch(message, goOn), true);
  }
}
