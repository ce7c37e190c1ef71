/**
 * The life of one simulated program. A program that is killed runs no `catch` and no `finally`: its clock never
 * wakes it again, its files take nothing more, its servers are its servers no longer. One that is paused (SIGSTOP)
 * sees nothing of what it waits for until it is resumed; its clock goes on.
 */
import type { Clock, Handler, Json, Network, RequestOptions } from "../src/env/env.ts";
import type { Address } from "../src/model/address.ts";
import { Pulse } from "../src/std/pulse.ts";

const never = new AbortController().signal;

export class Life {
  #isAlive = true;
  #isPaused = false;
  readonly #resumed = new Pulse();
  /** Called when the program is killed: what resets its connections, and closes its files. */
  readonly #ends: (() => void)[] = [];

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  onEnd(end: () => void): void {
    this.#ends.push(end);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#resumed.beat();
  }

  end(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.resume();
    for (const end of this.#ends) end();
  }

  /** Passes on what a wait of this program answers; the wait of a dead program never ends. */
  async live<T>(waiting: Promise<T>): Promise<T> {
    try {
      return await waiting;
    } finally {
      while (this.#isPaused) await this.#resumed.next(never);
      if (!this.#isAlive) await new Promise(() => undefined);
    }
  }
}

/** A program's own clock, which stops for it when it dies. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #life: Life;

  constructor(clock: Clock, life: Life) {
    this.#clock = clock;
    this.#life = life;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#life.live(this.#clock.sleep(ms, signal));
  }
}

/** A program's own end of the network: what comes in while it is paused waits. */
export class MortalNetwork implements Network {
  readonly #network: Network;
  readonly #life: Life;

  constructor(network: Network, life: Life) {
    this.#network = network;
    this.#life = life;
  }

  async serve(
    address: Address,
    authenticate: (token: string) => string | undefined,
    handler: Handler,
    signal: AbortSignal,
  ): Promise<void> {
    const whenAwake: Handler = async (peer, message, gone) => {
      await this.#life.live(Promise.resolve());
      return handler(peer, message, gone);
    };
    await this.#life.live(this.#network.serve(address, authenticate, whenAwake, signal));
  }

  request(to: Address, message: Json, options: RequestOptions, signal: AbortSignal): Promise<Json> {
    return this.#life.live(this.#network.request(to, message, options, signal));
  }
}
