/**
 * The databases that a move has paused. Whatever becomes of the move, they are resumed; and the wait for the
 * transactions that are open is bounded, and no longer than it can be of use.
 */
import type { Clock, Log } from "../env/env.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { Console } from "./console.ts";
import type { Prober } from "./evict-lost.ts";
import type { Line } from "./line.ts";

/** `quiet`: nobody uses a server any more. `deadline`: somebody still does. `silent`: nobody will be answered there. */
export type PauseEnd = "quiet" | "deadline" | "silent";

export type PauseDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly console: Pick<Console, "pause" | "resume" | "reconnect">;
  readonly probe: Prober;
};

export class Pauses {
  readonly #doors: PauseDoors;
  /** The longest wait for open transactions, in ms. */
  readonly #pauseMs: number;
  readonly #names = new Set<string>();

  constructor(doors: PauseDoors, pauseMs: number) {
    this.#doors = doors;
    this.#pauseMs = pauseMs;
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** A move is under way: where it leads is not changed before its end, so that it has one. */
  get isMoving(): boolean {
    return this.#names.size > 0;
  }

  /** Another PgBouncer may answer next, which has paused nothing. */
  forget(): void {
    this.#names.clear();
  }

  /**
   * Tells all of them to pause at once, and waits until no server of theirs is in use; at most for the deadline, and no
   * longer than it takes to learn that none of the gateways that they lead to answers, which may be at once. They are to
   * be released afterwards in each of these cases. @throws Failure `pooler.console-failed`
   */
  async pause(lines: readonly Line[], signal: AbortSignal): Promise<PauseEnd> {
    // Before the command: whatever becomes of it, they are resumed.
    for (const { name } of lines) this.#names.add(name);
    const { clock, console, probe, log } = this.#doors;
    const over = new AbortController();
    const waiting = AbortSignal.any([signal, over.signal]);
    const quiet = Promise.all(lines.map(({ name }) => console.pause(name, waiting)));
    const late = clock.sleep(this.#pauseMs, waiting);
    const silent = untilSilent(lines, probe, waiting);
    try {
      const end = await Promise.race<PauseEnd>([
        quiet.then(() => "quiet"),
        late.then(() => "deadline"),
        silent.then(() => "silent"),
      ]);
      if (end !== "quiet") log.warn("pooler.pause-ended-early", { names: [...this.#names], end });
      return end;
    } finally {
      over.abort(new Error("the wait for open transactions is over"));
      await Promise.allSettled([quiet, late]);
    }
  }

  /**
   * RECONNECT comes first: after RESUME it would hit the first connections to the new gateway while they log in, and
   * PgBouncer would wait for a second before the next. @throws Failure `pooler.console-failed`
   */
  async release(): Promise<void> {
    try {
      for (const name of this.#names) await this.#doors.console.reconnect(name);
    } finally {
      await this.undo();
    }
  }

  /** Resumes them. What cannot be resumed now is found paused by the next look. */
  async undo(): Promise<void> {
    const { console, log } = this.#doors;
    const names = [...this.#names];
    this.#names.clear();
    for (const name of names) {
      await console.resume(name).catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        log.debug("pooler.resume-failed", { name, because: describeError(error) });
      });
    }
  }
}

/** Settles only when none of them answers. */
async function untilSilent(
  lines: readonly Line[],
  probe: Prober,
  signal: AbortSignal,
): Promise<void> {
  const answered = await Promise.all(lines.map((line) => probe(line, signal)));
  const isSilent = !signal.aborted && !answered.includes(true);
  if (!isSilent) await new Promise<never>(() => undefined);
}
