/** Requests that are looked at together: of a Region, of a step, of a second, or all. */
import { Histogram } from "./histogram.ts";
import type { Figures, Latency } from "./load.ts";

export class Group {
  readonly #answers = new Histogram();
  #requests = 0;
  #errors = 0;

  get requests(): number {
    return this.#requests;
  }

  get errors(): number {
    return this.#errors;
  }

  /** @param ms until its answer was read; undefined: there was none */
  record(ms: number | undefined, isError: boolean): void {
    this.#requests += 1;
    if (isError) this.#errors += 1;
    if (ms !== undefined) this.#answers.record(ms);
  }

  add(other: Group): void {
    this.#requests += other.#requests;
    this.#errors += other.#errors;
    this.#answers.add(other.#answers);
  }

  clear(): void {
    this.#requests = 0;
    this.#errors = 0;
    this.#answers.clear();
  }

  /** @param elapsedMs above 0 */
  figures(elapsedMs: number): Figures {
    return {
      requests: this.#requests,
      requestsPerSecond: this.#requests / (elapsedMs / 1_000),
      errors: this.#errors,
      latencyMs: this.#latency(),
    };
  }

  #latency(): Latency | undefined {
    if (this.#answers.count === 0) return undefined;
    return {
      p50: this.#answers.quantileMs(0.5),
      p95: this.#answers.quantileMs(0.95),
      p99: this.#answers.quantileMs(0.99),
      max: this.#answers.maxMs,
    };
  }
}
