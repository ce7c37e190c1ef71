/**
 * What sessions in the writer's Region have in place of a token, which they need only once the writer has moved. Asking
 * for a position behind each statement would cost every one of them; so the position is asked for now and then, and all
 * who were answered before the question share its answer. It is never less than what they have seen, and at most
 * `everyMs` of the writer's work more: a session may be told of a loss that spared it, and never the other way round.
 */
import type { Clock } from "../env/env.ts";
import type { Epoch, SystemId } from "../model/region.ts";
import type { Token } from "./token.ts";

export type WriterLine = { readonly systemId: SystemId; readonly timeline: number };

/** As long as the writer is here. */
export type WriterEra = { epoch: Epoch; line: WriterLine; isOver: boolean };

/** A moment of an era. `position` is of some moment after it; while that is not known, a later mark's serves. */
export type WriteMark = {
  readonly era: WriterEra;
  position: Token | undefined;
  later: WriteMark | undefined;
};

/** What the writer's position was at some moment after the mark; undefined when nobody asked in time. */
export function positionOf(mark: WriteMark): Token | undefined {
  for (let one: WriteMark | undefined = mark; one !== undefined; one = one.later) {
    if (one.position !== undefined) return one.position;
  }
  return undefined;
}

/** 200 ms: five questions a second are nothing to a writer, and a failover loses about as much. */
const everyMs = 200;

export type WriteMarksDoors = {
  readonly clock: Clock;
  /** The position of the writer here. Ends by itself within a bound. */
  readonly position: (signal: AbortSignal) => Promise<Token>;
};

export class WriteMarks {
  readonly #doors: WriteMarksDoors;
  readonly #end: AbortSignal;
  #current: WriteMark | undefined;
  #isWanted = false;
  #isAsking = false;

  constructor(doors: WriteMarksDoors, end: AbortSignal) {
    this.#doors = doors;
    this.#end = end;
  }

  /** The writer that is here now; undefined when it is elsewhere. */
  follow(now: { readonly epoch: Epoch; readonly line: WriterLine } | undefined): void {
    const era = this.#current?.era;
    // A timeline is heard of after its epoch has begun; and an epoch alone does not end one.
    if (era && now && (era.epoch === now.epoch || isSame(era.line, now.line))) {
      era.epoch = now.epoch;
      era.line = now.line;
      return;
    }
    if (era) era.isOver = true;
    this.#current = now && markOf({ ...now, isOver: false });
  }

  /** For a session that the writer here has just answered; undefined when there is none. */
  mark(): WriteMark | undefined {
    if (this.#current === undefined) return undefined;
    this.#isWanted = true;
    if (!this.#isAsking) void this.#askWhileWanted();
    return this.#current;
  }

  /** Finds out the position for all marks so far. Never rejects: without it, their sessions assume the worst. */
  async settle(): Promise<void> {
    const mark = this.#current;
    if (mark === undefined) return;
    const next = markOf(mark.era);
    this.#current = mark.later = next;
    mark.position = await this.#doors.position(this.#end).catch(() => undefined);
  }

  async #askWhileWanted(): Promise<void> {
    this.#isAsking = true;
    while (this.#isWanted && !this.#end.aborted) {
      await this.#doors.clock.sleep(everyMs, this.#end).catch(() => undefined);
      this.#isWanted = false;
      await this.settle();
    }
    this.#isAsking = false;
  }
}

function isSame(one: WriterLine, other: WriterLine): boolean {
  return one.systemId === other.systemId && one.timeline === other.timeline;
}

function markOf(era: WriterEra): WriteMark {
  return { era, position: undefined, later: undefined };
}
