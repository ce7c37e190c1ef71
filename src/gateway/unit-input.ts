/** Gathers a client's messages until they make a unit. A unit that lies in one chunk is copied once. */
import { frontend } from "../wire/postgres/message-types.ts";

const nothing = Buffer.alloc(0);

export class UnitInput {
  #chunk: Buffer = nothing;
  #runStart = 0;
  #runEnd = 0;
  #kept: Buffer[] = [];
  #bytes = 0;
  #executes = false;

  /** Of the messages gathered so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Something among them is executed. */
  get executes(): boolean {
    return this.#executes;
  }

  sees(type: number): void {
    if (type === frontend.execute) this.#executes = true;
  }

  /** `chunk` is what the next messages may be views of, until `leave`. */
  enter(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#runStart = this.#runEnd = 0;
  }

  /** The chunk is about to be used again. */
  leave(): void {
    this.#keepRun();
    this.#chunk = nothing;
  }

  add(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (bytes !== this.#chunk) {
      this.#keepRun();
      this.#kept.push(Buffer.from(bytes.subarray(start, end)));
      return;
    }
    if (this.#runEnd !== start || this.#runStart === this.#runEnd) {
      this.#keepRun();
      this.#runStart = start;
    }
    this.#runEnd = end;
  }

  /** Everything that was added since the last time, in memory of its own. */
  take(): Buffer {
    this.#keepRun();
    const [only] = this.#kept;
    const whole = this.#kept.length === 1 && only !== undefined ? only : Buffer.concat(this.#kept);
    this.#kept = [];
    this.#bytes = 0;
    this.#executes = false;
    return whole;
  }

  #keepRun(): void {
    if (this.#runStart === this.#runEnd) return;
    this.#kept.push(Buffer.from(this.#chunk.subarray(this.#runStart, this.#runEnd)));
    this.#runStart = this.#runEnd = 0;
  }
}
