/**
 * Carries out what `decideRead` says, until it is clear where a read goes. Most reads never come here: `local` is
 * decided at once.
 *
 * What the session owes in return, or reads would go back in time: after every unit that the writer answered, a read as
 * well as a write, it takes `laterToken` of its own and the writer's, and tells the watch what it has learnt; after
 * `lost` it clears its token.
 */
import { describeError } from "../model/failure.ts";
import { decideRead, type ReadDecision, type ReadView } from "./decide-read.ts";
import type { Token, WalPoint } from "./token.ts";

export type ReadDoors = {
  /** As it is now: timelines, tokens and the writer change while somebody waits. `asked` is left to this file. */
  readonly view: () => Omit<ReadView, "asked">;
  /** `ReplayWatch.waitFor` */
  readonly waitFor: (point: WalPoint, withinMs: number, signal: AbortSignal) => Promise<boolean>;
  /** `ReplayWatch.learnt` */
  readonly learnt: (point: WalPoint) => void;
  /** `ReplayWatch.follow` */
  readonly follow: (point: WalPoint) => void;
  /** `WriterPosition.read` */
  readonly writerPosition: (signal: AbortSignal) => Promise<Token>;
};

export type SettledRead = Exclude<ReadDecision, { kind: "wait" | "ask-position" }>;

/**
 * Where the read goes, after at most one question to the writer and waits of the consistency timeout in all. Rejects
 * only with the signal's reason.
 */
export async function settleRead(doors: ReadDoors, signal: AbortSignal): Promise<SettledRead> {
  const first = decideRead({ ...doors.view(), asked: undefined });
  if (first.kind !== "ask-position") return settleAsked(doors, undefined, signal);
  try {
    const asked = await doors.writerPosition(signal);
    doors.learnt(asked);
    return await settleAsked(doors, asked, signal);
  } catch (error) {
    signal.throwIfAborted();
    // It is right there, and waits as writes do for a writer that is not there.
    return { kind: "writer", because: describeError(error) };
  }
}

async function settleAsked(
  doors: ReadDoors,
  asked: Token | undefined,
  signal: AbortSignal,
): Promise<SettledRead> {
  let waitedMs = 0;
  for (;;) {
    // Again after each wait: a fork may have become known, or the writer be reached no more.
    const decision = decideRead({ ...doors.view(), asked });
    switch (decision.kind) {
      case "wait": {
        const { point, withinMs, otherwise, because } = decision;
        const leftMs = withinMs - waitedMs;
        if (leftMs <= 0) {
          doors.follow(point);
          return { kind: otherwise, because: `${because}, also after ${waitedMs} ms` };
        }
        if (await doors.waitFor(point, leftMs, signal)) return { kind: "local" };
        waitedMs = withinMs;
        break;
      }
      case "ask-position":
        return { kind: "refuse", because: "its session changed its consistency while it waited" };
      case "writer": {
        const token = asked ?? doors.view().token;
        if (token !== undefined) doors.follow(token);
        return decision;
      }
      default:
        return decision;
    }
  }
}
