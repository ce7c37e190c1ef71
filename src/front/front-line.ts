/**
 * A front door's line to its source: its Region's agent, or, outside, the controller. Asks over and over what is true,
 * and tells what it sees. While nobody answers it goes on with what it knows.
 */
import type { Clock, Log, Network } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import { decode, encode } from "../wire/codec.ts";
import {
  frontAnswer,
  frontQuestion,
  trafficHoldMs,
  type FrontAnswer,
  type FrontFacts,
  type FrontQuestion,
} from "../wire/traffic-protocol.ts";

/** An answer comes within a second, or at once. */
const answerMs = 3 * trafficHoldMs;
/** 50 ms between tries while nobody is there: the next agent looks for its front door for 400 ms. */
const retryMs = 50;
/** 20 ms: changes that come together go out together. */
const gatherMs = 20;

export type FrontLineDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
};

export type FrontLineHooks = {
  readonly facts: () => FrontFacts;
  readonly inUse: () => FrontQuestion["inUse"];
  readonly heard: (answer: FrontAnswer) => void;
};

export class FrontLine {
  readonly #source: { readonly address: Address; readonly token: string };
  readonly #doors: FrontLineDoors;
  readonly #hooks: FrontLineHooks;
  #asking = new AbortController();
  #hasNews = false;

  constructor(
    source: { readonly address: Address; readonly token: string },
    doors: FrontLineDoors,
    hooks: FrontLineHooks,
  ) {
    this.#source = source;
    this.#doors = doors;
    this.#hooks = hooks;
  }

  /** There is something to tell that others wait for. */
  tellSoon(): void {
    if (this.#hasNews) return;
    this.#hasNews = true;
    this.#asking.abort(new Error("it is asked anew"));
  }

  /** Asks until `signal` aborts, or the source says that the Region stops. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    let after = 0;
    let isSilent = false;
    while (!signal.aborted) {
      const asking = new AbortController();
      this.#asking = asking;
      this.#hasNews = false;
      try {
        const answer = await this.#ask(after, AbortSignal.any([signal, asking.signal]));
        if (isSilent) log.info("front.source-heard");
        isSilent = false;
        if (answer.version !== after) this.#hooks.heard(answer);
        after = answer.version;
        if (answer.isLeaving) return;
      } catch (error) {
        if (signal.aborted) return;
        if (asking.signal.aborted) {
          await clock.sleep(gatherMs, signal).catch(() => undefined);
          continue;
        }
        if (!(error instanceof Failure)) throw error;
        // Another one numbers from the beginning.
        after = 0;
        if (!isSilent) log.warn("front.source-silent", { error: describeError(error) });
        isSilent = true;
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  async #ask(after: number, signal: AbortSignal): Promise<FrontAnswer> {
    const { address, token } = this.#source;
    const question = {
      kind: "front",
      pid: process.pid,
      after,
      facts: this.#hooks.facts(),
      inUse: this.#hooks.inUse(),
    } as const;
    const answered = await this.#doors.network.request(
      address,
      encode(frontQuestion, question),
      { token, timeoutMs: answerMs },
      signal,
    );
    return decode(frontAnswer, "what a front door is told", answered);
  }
}
