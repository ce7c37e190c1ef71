/** What a client has sent and what waits for its turn, in order, with the bytes of all of it. */
export type Queued = {
  readonly bytes: Buffer;
  /** Of COPY data, which go to a COPY that has not begun yet, or to nobody; undefined of a unit. */
  readonly copy: { readonly type: number; readonly isWhole: boolean } | undefined;
};

export class SessionQueue {
  readonly #queue: Queued[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** COPY data come next. */
  get hasCopyNext(): boolean {
    return this.#queue[0]?.copy !== undefined;
  }

  /** The unit that the client sent last, when it waits here. */
  get lastUnit(): Buffer | undefined {
    return this.#queue.findLast(({ copy }) => copy === undefined)?.bytes;
  }

  push(queued: Queued): void {
    this.#queue.push(queued);
    this.#bytes += queued.bytes.length;
  }

  shift(): Queued | undefined {
    const next = this.#queue.shift();
    if (next !== undefined) this.#bytes -= next.bytes.length;
    return next;
  }

  clear(): void {
    this.#queue.length = 0;
    this.#bytes = 0;
  }
}
