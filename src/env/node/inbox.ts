import type { Json } from "../env.ts";
import { assert } from "../../std/assert.ts";

/** The supervisor says a few things at the start, and then one for each command of a person. */
const earlyMessagesMax = 100;

/** Keeps what comes before somebody listens: a program hears its supervisor before it has opened its store. */
export class Inbox {
  #early: Json[] = [];
  #listener: ((message: Json) => void) | undefined;

  put(message: Json): void {
    if (this.#listener) return this.#listener(message);
    assert(this.#early.length < earlyMessagesMax, "a program listens soon after its start");
    this.#early.push(message);
  }

  /** Hears everything, in order, from the first message on. */
  listen(listener: (message: Json) => void): void {
    assert(this.#listener === undefined, "one listener at a time");
    this.#listener = listener;
    for (const message of this.#early) listener(message);
    this.#early = [];
  }
}
