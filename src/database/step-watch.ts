/** Stopwatches of the operations that run, on this controller's own clock, and what each waits for now. */
import type { Clock } from "../env/env.ts";
import type { OperationId } from "../model/region.ts";

type Watched = {
  readonly step: string;
  readonly startedAtMs: number;
  readonly claimMs: number | undefined;
  claimBeganAtMs: number | undefined;
  because: string;
};

export class StepWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<OperationId, Watched>();
  readonly #changed: (id: OperationId) => void;

  constructor(clock: Clock, changed: (id: OperationId) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  begin(id: OperationId, step: string): void {
    this.#set(id, step, this.#watched.get(id)?.claimMs);
  }

  /** The claim is being made. The step's own stopwatch goes on: a claim that fails does not begin its bound anew. */
  claims(id: OperationId): void {
    const watched = this.#watched.get(id);
    if (watched) watched.claimBeganAtMs = this.#clock.monotonicMs();
  }

  /** The claim is durable. */
  claimed(id: OperationId, step: string): void {
    const beganAtMs = this.#watched.get(id)?.claimBeganAtMs;
    const nowMs = this.#clock.monotonicMs();
    this.#set(id, step, beganAtMs === undefined ? undefined : Math.round(nowMs - beganAtMs));
  }

  /** What the present step waits for. */
  note(id: OperationId, because: string): void {
    const watched = this.#watched.get(id);
    if (!watched) return this.begin(id, "");
    if (watched.because === because) return;
    watched.because = because;
    this.#changed(id);
  }

  because(id: OperationId): string | undefined {
    return this.#watched.get(id)?.because;
  }

  /** How long the present step goes on, in ms; undefined when it began in an earlier controller's life. */
  stepMs(id: OperationId): number | undefined {
    const watched = this.#watched.get(id);
    return watched && Math.round(this.#clock.monotonicMs() - watched.startedAtMs);
  }

  /** For the journal. */
  ms(id: OperationId): {
    readonly stepMs: number | undefined;
    readonly claimMs: number | undefined;
  } {
    return { stepMs: this.stepMs(id), claimMs: this.#watched.get(id)?.claimMs };
  }

  end(id: OperationId): void {
    this.#watched.delete(id);
    this.#changed(id);
  }

  #set(id: OperationId, step: string, claimMs: number | undefined): void {
    const startedAtMs = this.#clock.monotonicMs();
    this.#watched.set(id, { step, startedAtMs, claimMs, claimBeganAtMs: undefined, because: "" });
    this.#changed(id);
  }
}
