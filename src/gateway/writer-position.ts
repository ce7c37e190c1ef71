/**
 * Where the writer's WAL ends, for reads that have to see every commit acknowledged before they began. An answer is
 * good for those only who came before its question was sent. So at most one question is under way, and all who come
 * meanwhile share the next: a thousand readers cost the writer one question per round trip.
 */
import { withDeadline } from "../env/deadline.ts";
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import { RecentMean } from "./recent-mean.ts";
import type { Token } from "./token.ts";
import { withSignal } from "./with-signal.ts";

/** As many as may wait for replay. */
const WAITERS_MAX = 10_000;

export type WriterPositionDoors = {
  readonly clock: Clock;
  /** Asks the writer once. */
  readonly ask: (signal: AbortSignal) => Promise<Token>;
  /** A question needs no login first. */
  readonly isConnected: () => boolean;
};

export class WriterPosition {
  readonly #doors: WriterPositionDoors;
  readonly #timeoutMs: number;
  readonly #end: AbortSignal;
  readonly #rtt = new RecentMean();
  #waiting = 0;
  /** Settles, and never rejects, when the question under way and those queued behind it are over. */
  #last: Promise<void> = Promise.resolve();
  /** The question that is not sent yet. */
  #next: Promise<Token> | undefined;

  /** @param timeoutMs of one question; the consistency timeout. */
  constructor(doors: WriterPositionDoors, timeoutMs: number, end: AbortSignal) {
    this.#doors = doors;
    this.#timeoutMs = timeoutMs;
    this.#end = end;
  }

  /** Mean round trip of the last questions, the writer's own time included; undefined before the first without a login. */
  get rttMs(): number | undefined {
    return this.#rtt.value;
  }

  /** The writer is elsewhere now. */
  forgetRtt(): void {
    this.#rtt.forget();
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * The writer's position at some moment after the call.
   * @throws Failure `network.unreachable` or what the door threw, to all of a question alike; `gateway.limit-reached`
   */
  async read(signal: AbortSignal): Promise<Token> {
    if (this.#waiting >= WAITERS_MAX) {
      const message = `The writer's position was not asked: ${WAITERS_MAX} reads wait for it already`;
      throw new Failure("gateway.limit-reached", message);
    }
    this.#waiting += 1;
    try {
      return await withSignal(this.#nextQuestion(), signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  #nextQuestion(): Promise<Token> {
    if (this.#next) return this.#next;
    const question = this.#last.then(() => {
      // Who comes from here on may be too late for the answer.
      this.#next = undefined;
      return this.#ask();
    });
    this.#next = question;
    this.#last = question.then(
      () => undefined,
      () => undefined,
    );
    return question;
  }

  async #ask(): Promise<Token> {
    const { clock, ask, isConnected } = this.#doors;
    const isMeasured = isConnected();
    const startedMs = clock.monotonicMs();
    const expired = (): Failure =>
      new Failure(
        "network.unreachable",
        `The writer did not tell its position within ${this.#timeoutMs} ms`,
      );
    const token = await withDeadline(
      clock,
      { ms: this.#timeoutMs, expired },
      this.#end,
      async (signal) =>
        ask(signal).catch((cause: unknown) => {
          if (cause instanceof Failure) throw cause;
          throw new Failure(
            "network.unreachable",
            "The writer could not be asked for its position",
            { cause },
          );
        }),
    );
    if (isMeasured) this.#rtt.add(clock.monotonicMs() - startedMs);
    return token;
  }
}
