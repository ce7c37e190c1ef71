/**
 * Where a read is answered, so that it keeps its session's promise (I7) and is never much slower than at the writer.
 *
 * Bounded regret: a read that waits here in vain has still to go to the writer, and its wait comes on top of that round
 * trip. So it waits a tenth of a round trip at most, and not at all when it is expected to take longer: no session
 * read takes more than 1.2 round trips, and a lag of any length costs one.
 */
import { unreachable } from "../std/assert.ts";
import type { ConsistencyLevel } from "./consistency.ts";
import { judgeToken, type TimelineKnowledge, type Token, type WalPoint } from "./token.ts";

/** What is known of the local instance; a `ReplayWatch`. Looks, and changes nothing. */
export type ReplayKnowledge = {
  hasReached(point: WalPoint): boolean;
  /** 0 when nobody can say. */
  expectedWaitMs(point: WalPoint): number;
  /** The same for a position that the writer will name now. */
  readonly lagMs: number;
};

/** `held`: a switchover is under way, or the writer's gateway is not there: what goes to the writer waits for the end. */
export type WriterState = "reachable" | "held" | "unreachable";

export type ReadLimits = {
  /** Of a wait that nothing else can replace. */
  readonly consistencyTimeoutMs: number;
  /** Where a read with `global` is answered: `writer` spares the wait for replay, `local` spares the writer. */
  readonly globalReads: "local" | "writer";
};

export type ReadView = {
  readonly level: ConsistencyLevel;
  /** The session's; undefined before it was first answered by the writer. */
  readonly token: Token | undefined;
  /** The writer's position, asked for after this read had come; undefined when it has not been asked. */
  readonly asked: Token | undefined;
  readonly known: TimelineKnowledge;
  readonly replay: ReplayKnowledge;
  readonly writer: WriterState;
  /** Undefined before it was measured. */
  readonly writerRttMs: number | undefined;
  readonly limits: ReadLimits;
};

export type ReadDecision =
  | { readonly kind: "local" }
  /** Until the instance has replayed the point; `otherwise` when it has not `withinMs`. */
  | {
      readonly kind: "wait";
      readonly point: WalPoint;
      readonly withinMs: number;
      readonly otherwise: "writer" | "refuse";
      readonly because: string;
    }
  | { readonly kind: "writer"; readonly because: string }
  /** Ask for the writer's position, then decide again. */
  | { readonly kind: "ask-position" }
  /** The session is told once, and its token is cleared. */
  | { readonly kind: "lost"; readonly because: string }
  /** Nobody can answer it as promised. */
  | { readonly kind: "refuse"; readonly because: string };

/**
 * Of a round trip to the writer, what a read may wait here before it goes there after all. Half of the fifth that it may
 * take longer: a timer that is late, and a round trip that is slower than the others, have to fit in beside it.
 */
const REGRET = 0.1;

/** Replay needs a moment, and timers are no finer, where the writer is so near that a tenth of its round trip is less. */
const REGRET_MIN_MS = 2;

/** A tenth of a round trip between neighbouring Regions, while none has been measured. */
const REGRET_UNMEASURED_MS = 5;

const local: ReadDecision = { kind: "local" };
const askPosition: ReadDecision = { kind: "ask-position" };

/** For a read of class `anywhere`, outside a transaction, in a secondary Region. Takes no clock and asks nobody. */
export function decideRead(view: ReadView): ReadDecision {
  switch (view.level) {
    case "off":
    case "eventual":
      return local;
    case "session":
      return view.token === undefined ? local : decideWithToken(view, view.token);
    case "global":
      return decideGlobal(view);
    default:
      return unreachable(view.level);
  }
}

/** How long a read may wait here for what the writer could answer as well, in ms. */
export function mayWaitMs(view: Pick<ReadView, "writerRttMs" | "limits">): number {
  const { writerRttMs, limits } = view;
  const regretMs =
    writerRttMs === undefined
      ? REGRET_UNMEASURED_MS
      : Math.max(REGRET_MIN_MS, REGRET * writerRttMs);
  return Math.min(limits.consistencyTimeoutMs, regretMs);
}

function decideGlobal(view: ReadView): ReadDecision {
  const { asked, limits, writer, replay } = view;
  if (asked !== undefined) return decideAsked(view, asked);
  const because = whyLost(view.token, view.known);
  if (because !== undefined) return { kind: "lost", because };
  if (writer === "unreachable") {
    return { kind: "refuse", because: "the writer cannot be asked for its position" };
  }
  if (limits.globalReads === "writer") return toWriter("global reads are set to go there");
  if (replay.lagMs > mayWaitMs(view)) return toWriter(lagging(replay.lagMs));
  return askPosition;
}

/** The position of a new writer must not hide that it lacks what the session wrote on a timeline of before. */
function decideAsked(view: ReadView, asked: Token): ReadDecision {
  const { token } = view;
  const timeline = Math.max(view.known.timeline, asked.timeline);
  const known = { ...view.known, timeline };
  const own = token && judgeToken(token, known);
  const isSettled = own === undefined || own.kind === "reached-by" || token?.timeline === timeline;
  return decideWithToken({ ...view, known }, isSettled ? asked : (token ?? asked));
}

function whyLost(token: Token | undefined, known: TimelineKnowledge): string | undefined {
  const judged = token && judgeToken(token, known);
  return judged?.kind === "lost" || judged?.kind === "foreign" ? judged.because : undefined;
}

function decideWithToken(view: ReadView, token: Token): ReadDecision {
  const { known, replay, writer, limits } = view;
  const judged = judgeToken(token, known);
  if (judged.kind === "lost" || judged.kind === "foreign") {
    return { kind: "lost", because: judged.because };
  }
  if (replay.hasReached(judged)) return local;
  const wait = (
    withinMs: number,
    otherwise: "writer" | "refuse",
    because: string,
  ): ReadDecision => {
    return { kind: "wait", point: pointOf(judged), withinMs, otherwise, because };
  };
  if (judged.kind === "unknown-yet" && judged.timeline < known.timeline) {
    // The new writer would answer, and nobody would learn that what the session wrote is not there.
    return wait(limits.consistencyTimeoutMs, "refuse", judged.because);
  }
  if (writer === "unreachable") {
    return wait(limits.consistencyTimeoutMs, "refuse", "the writer cannot be reached");
  }
  if (writer === "held") {
    return wait(limits.consistencyTimeoutMs, "writer", "the writer is held, or not there");
  }
  const expectedMs = replay.expectedWaitMs(judged);
  const withinMs = mayWaitMs(view);
  return expectedMs > withinMs
    ? toWriter(lagging(expectedMs))
    : wait(withinMs, "writer", "the instance here has not replayed it");
}

function pointOf({ timeline, lsn }: WalPoint): WalPoint {
  return { timeline, lsn };
}

function toWriter(because: string): ReadDecision {
  return { kind: "writer", because };
}

function lagging(expectedMs: number): string {
  return `the instance here is expected to need ${expectedMs.toFixed(1)} ms`;
}
