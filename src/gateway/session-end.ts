/**
 * The end of a session. Hardly any ever waits for something that wants a signal, and a gateway has thousands of them:
 * the signal is made when it is asked for.
 */
export class SessionEnd {
  #isOver = false;
  #controller: AbortController | undefined;

  /** The client has gone, or was sent away. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Aborts when it is over. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#abort();
    return this.#controller.signal;
  }

  end(): void {
    this.#isOver = true;
    this.#abort();
  }

  #abort(): void {
    this.#controller?.abort(new Error("the client has gone"));
  }
}
