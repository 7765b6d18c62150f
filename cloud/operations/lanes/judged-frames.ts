// Frames of a lane as an operator would judge them (pure).
import { type Frame, decodeFrame } from "../../../contracts/messages/frame.ts";
import {
  EMPTY_LANE,
  type Hole,
  type LaneState,
  judgeFrame,
  jumpOver,
} from "../../../platform/nats/lanes/lane.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";

export interface StoredFrame {
  readonly seq: number;
  readonly storeMs: number;
  readonly data: Uint8Array;
}

export interface JudgedFrame {
  readonly seq: number;
  readonly storeMs: number;
  /** Null if the frame cannot be decoded; `problem` says why. */
  readonly frame: Frame | null;
  readonly problem: string | null;
  readonly isRepeated: boolean;
  /** Frames that are missing before this one. */
  readonly hole: Hole | null;
}

export class FrameJudge {
  #state: LaneState;

  /** @param state of a saved position; without one, the first frame of each epoch may be any. */
  constructor(state: LaneState = EMPTY_LANE) {
    this.#state = state;
  }

  /** Takes the frames of a lane in their order. */
  judge({ seq, storeMs, data }: StoredFrame): JudgedFrame {
    const judged = { seq, storeMs, frame: null, problem: null, isRepeated: false, hole: null };
    try {
      const frame = decodeFrame(data);
      const verdict = judgeFrame(this.#state, frame.header, storeMs, true);
      if (verdict.kind === "repeated") return { ...judged, frame, isRepeated: true };
      if (verdict.kind === "new") {
        this.#state = verdict.state;
        return { ...judged, frame };
      }
      const { hole } = verdict;
      const after = judgeFrame(jumpOver(this.#state, hole), frame.header, storeMs, true);
      if (after.kind === "new") this.#state = after.state;
      return { ...judged, frame, hole };
    } catch (error) {
      return { ...judged, problem: messageOf(error) };
    }
  }
}
