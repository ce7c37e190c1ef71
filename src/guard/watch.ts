/** What a guard does next, from what it sees. Pure. */
import type { DatabaseId } from "../model/region.ts";
import type { GuardBoard } from "../wire/guard-protocol.ts";

/** 500 ms between looks at the board at the latest: a new lease has more than that left, so none runs out unseen. */
export const lookMsMax = 500;

/** 250 ms while servers were found that had to be killed: somebody starts them again. */
export const hotLookMs = 250;

/** 5 s for the guard of the next agent to be there: it needs some 0.2 s. Two at once do no harm. */
export const overlapMs = 5_000;

export type GuardView = {
  readonly nowMs: number;
  /** Undefined: there is none any more. */
  readonly board: GuardBoard | undefined;
  readonly generation: number;
  /** Since when the board has been another agent's; undefined: it is not. */
  readonly replacedSinceMs: number | undefined;
  readonly hostLives: boolean;
};

export type GuardDecision = { readonly because: string } & (
  | {
      readonly kind: "watch";
      /** Whose servers must not run now. */
      readonly fence: readonly DatabaseId[];
      readonly lookInMs: number;
    }
  | { readonly kind: "leave"; readonly fence: "nothing" | "everything" }
);

export function decideGuard(view: GuardView): GuardDecision {
  const { board, nowMs, replacedSinceMs } = view;
  if (!view.hostLives) {
    // The servers may be the next agent's by now, which has written its own board before it started any.
    const fence = replacedSinceMs === undefined ? "everything" : "nothing";
    return { kind: "leave", fence, because: "the Region's first process is gone" };
  }
  if (board === undefined) {
    return { kind: "leave", fence: "nothing", because: "the agent has taken its board away" };
  }
  if (replacedSinceMs !== undefined && nowMs - replacedSinceMs >= overlapMs) {
    return { kind: "leave", fence: "nothing", because: "the next agent has a guard of its own" };
  }
  const over = board.leases.filter(({ untilMs }) => nowMs >= untilMs);
  const leftMs = board.leases.flatMap(({ untilMs }) => (nowMs < untilMs ? [untilMs - nowMs] : []));
  return {
    kind: "watch",
    fence: [...new Set(over.map(({ database }) => database))],
    lookInMs: Math.min(lookMsMax, ...leftMs),
    because: over.length > 0 ? "a lease is over" : "every lease on the board holds",
  };
}

/** `before` is the last answer. */
export function replacedSince(
  view: Pick<GuardView, "nowMs" | "board" | "generation">,
  before: number | undefined,
): number | undefined {
  if (view.board === undefined || view.board.generation === view.generation) return undefined;
  return before ?? view.nowMs;
}
