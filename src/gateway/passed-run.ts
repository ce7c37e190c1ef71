/**
 * The bytes of a server's chunk that go on as they came. Messages that follow each other are one run, and leave as one:
 * a result of a thousand rows costs its client one write.
 */
const nothing = Buffer.alloc(0);

export class PassedRun {
  readonly #pass: (bytes: Buffer) => void;
  #chunk: Buffer = nothing;
  #start = 0;
  #end = 0;

  /** @param pass takes a run; the view is good during the call, and until the chunk is left */
  constructor(pass: (bytes: Buffer) => void) {
    this.#pass = pass;
  }

  /** `chunk` is what the next messages may be views of, until `leave`. */
  enter(chunk: Buffer): void {
    this.#chunk = chunk;
    this.drop();
  }

  leave(): void {
    this.#chunk = nothing;
  }

  /** From `start` to `end` of `bytes` goes on, after what came before. */
  extend(bytes: Buffer, start: number, end: number): void {
    if (bytes !== this.#chunk) {
      this.flush();
      // The scanner uses its own memory again.
      return this.#pass(Buffer.from(bytes.subarray(start, end)));
    }
    if (this.#end !== start || this.#start === this.#end) {
      this.flush();
      this.#start = start;
    }
    this.#end = end;
  }

  /** Everything so far leaves, before something else does. */
  flush(): void {
    if (this.#start === this.#end) return;
    const run = this.#chunk.subarray(this.#start, this.#end);
    this.drop();
    this.#pass(run);
  }

  /** What has not left is nobody's business. */
  drop(): void {
    this.#start = this.#end = 0;
  }
}
