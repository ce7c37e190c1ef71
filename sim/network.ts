/**
 * A network that is slow, stalls, loses and is cut, as its seed draws. As on a real one, what was sent goes on
 * its way when nobody waits for the answer any more: a command that timed out may arrive after a cut is mended.
 */
import { withDeadline } from "../src/env/deadline.ts";
import type { Clock, Handler, Json, Network, RequestOptions } from "../src/env/env.ts";
import {
  decodeMessage,
  encodeMessage,
  failureFromWire,
  failureToWire,
  isGivingUp,
  refusalFor,
} from "../src/env/message.ts";
import { formatAddress, type Address } from "../src/model/address.ts";
import { Failure } from "../src/model/failure.ts";
import { onAbort } from "../src/std/on-abort.ts";
import { Pulse } from "../src/std/pulse.ts";
import type { SimClock } from "./clock.ts";
import type { SeededRandom } from "./random.ts";
import { Rounds } from "./rounds.ts";

/** Where programs stand: a Region, or the controller's own place. Cuts are between places. */
export type Place = string;

export type NetworkConditions = {
  /** One way, between two places; drawn for each message. */
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  /** The share of messages that never arrive. */
  readonly lossRate: number;
  /** The share of messages that hang for up to `stallMsMax`: the worst moment is between a deed and its answer. */
  readonly stallRate: number;
  readonly stallMsMax: number;
};

export type SimNetworkDoors = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly onBug: (error: unknown) => void;
};

type Server = {
  readonly authenticate: (token: string) => string | undefined;
  readonly handler: Handler;
  readonly stopped: AbortSignal;
};

type Outcome =
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "refusal"; readonly text: string }
  /** The connection was refused, or reset because the server ended. */
  | { readonly kind: "reset" };

/** One request on its way. */
type Parcel = {
  readonly to: string;
  readonly there: Place;
  readonly text: string;
  readonly token: string;
};

const never = new AbortController().signal;

export class SimNetwork {
  readonly #doors: SimNetworkDoors;
  #conditions: NetworkConditions;
  readonly #servers = new Map<string, Server>();
  /** Also of addresses whose server has ended: a cut is between places, whoever lives there. */
  readonly #places = new Map<string, Place>();
  readonly #cuts = new Set<string>();
  readonly #mended = new Pulse();

  constructor(doors: SimNetworkDoors, conditions: NetworkConditions) {
    this.#doors = doors;
    this.#conditions = conditions;
  }

  /** From now on it loses nothing, and nothing hangs. */
  calm(): void {
    this.#conditions = { ...this.#conditions, lossRate: 0, stallRate: 0 };
  }

  /** The network as one program at `place` has it. `clock` is the program's own, for its timeouts. */
  join(place: Place, clock: Clock = this.#doors.clock): SimNode {
    return new SimNode(this, place, clock);
  }

  /** What goes from `from` to `to` hangs until the way is mended; the other direction is not touched. */
  cut(from: Place, to: Place): void {
    this.#cuts.add(way(from, to));
  }

  mend(from: Place, to: Place): void {
    this.#cuts.delete(way(from, to));
    this.#mended.beat();
  }

  isCut(from: Place, to: Place): boolean {
    return this.#cuts.has(way(from, to));
  }

  /** @throws Failure `network.address-in-use` */
  listen(place: Place, address: Address, server: Server): void {
    const key = formatAddress(address);
    if (this.#servers.has(key))
      throw new Failure("network.address-in-use", `could not listen on ${key}: it is taken`);
    this.#servers.set(key, server);
    this.#places.set(key, place);
    onAbort(server.stopped, () => this.#servers.delete(key));
  }

  /** Settles with the answer, or not at all; the caller has the deadline. */
  async exchange(
    here: Place,
    address: Address,
    request: { readonly text: string; readonly token: string },
    waiting: AbortSignal,
  ): Promise<Json> {
    const to = formatAddress(address);
    const there = this.#places.get(to) ?? here;
    const gone = new AbortController();
    const arrived = this.#travel(here, there);
    const forget = onAbort(waiting, () => {
      // The farewell follows the request on its connection: it cannot arrive before it.
      const farewell = arrived.then(() => this.#travel(here, there));
      void farewell.then(() => gone.abort(peerHasGone()));
    });
    await arrived;
    const outcome = await this.#serve({ to, there, ...request }, gone);
    await this.#travel(there, here);
    forget();
    if (outcome.kind === "answer") return decodeMessage(outcome.text);
    if (outcome.kind === "refusal") throw failureFromWire(decodeMessage(outcome.text), to);
    throw new Failure("network.unreachable", `asked ${to}: the connection was refused or reset`);
  }

  /** `gone` aborts when nobody waits for the answer any more, or nobody can give one. */
  async #serve({ to, text, token }: Parcel, gone: AbortController): Promise<Outcome> {
    const server = this.#servers.get(to);
    if (!server) return { kind: "reset" };
    let forget = (): void => undefined;
    const reset = new Promise<Outcome>((resolve) => {
      forget = onAbort(server.stopped, () => {
        gone.abort(peerHasGone());
        resolve({ kind: "reset" });
      });
    });
    try {
      return await Promise.race([this.#handle(server, { text, token }, gone.signal), reset]);
    } finally {
      forget();
    }
  }

  async #handle(
    { authenticate, handler }: Server,
    { text, token }: Pick<Parcel, "text" | "token">,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { onBug } = this.#doors;
    try {
      const peer = authenticate(token);
      if (peer === undefined) throw new Failure("network.refused", "the token is not known here");
      return {
        kind: "answer",
        text: encodeMessage(await handler(peer, decodeMessage(text), signal)),
      };
    } catch (error) {
      if (signal.aborted && isGivingUp(error)) return { kind: "reset" };
      return { kind: "refusal", text: JSON.stringify(failureToWire(refusalFor(error, onBug))) };
    }
  }

  async #travel(from: Place, to: Place): Promise<void> {
    const { clock, random } = this.#doors;
    const { latencyMsMin, latencyMsMax, lossRate, stallRate, stallMsMax } = this.#conditions;
    if (from === to) return clock.pass(0);
    const stallMs = random.chance(stallRate) ? random.between(0, stallMsMax) : 0;
    const isLost = random.chance(lossRate);
    await clock.pass(random.between(latencyMsMin, latencyMsMax) + stallMs);
    while (this.#cuts.has(way(from, to))) {
      await this.#mended.next(never);
      await clock.pass(random.between(latencyMsMin, latencyMsMax));
    }
    if (isLost) await new Promise(() => undefined);
  }
}

/** One program's end of the network, until it crashes. */
export class SimNode implements Network {
  readonly #network: SimNetwork;
  readonly #place: Place;
  readonly #clock: Clock;
  readonly #down = new AbortController();
  readonly #rounds: Rounds;

  constructor(network: SimNetwork, place: Place, clock: Clock) {
    this.#rounds = new Rounds(clock, "the network");
    this.#network = network;
    this.#place = place;
    this.#clock = clock;
  }

  async serve(
    address: Address,
    authenticate: (token: string) => string | undefined,
    handler: Handler,
    signal: AbortSignal,
  ): Promise<void> {
    const stopped = AbortSignal.any([signal, this.#down.signal]);
    stopped.throwIfAborted();
    this.#network.listen(this.#place, address, { authenticate, handler, stopped });
  }

  async request(
    to: Address,
    message: Json,
    { token, timeoutMs }: RequestOptions,
    signal: AbortSignal,
  ): Promise<Json> {
    this.#rounds.count();
    const why = `asked ${formatAddress(to)}: no answer came in ${timeoutMs} ms`;
    const deadline = { ms: timeoutMs, expired: () => new Failure("network.unreachable", why) };
    const over = new AbortController();
    const forget = [signal, this.#down.signal].map((one) =>
      onAbort(one, () => over.abort(one.reason)),
    );
    try {
      signal.throwIfAborted();
      this.#down.signal.throwIfAborted();
      return await withDeadline(this.#clock, deadline, over.signal, async (limited) => {
        const text = encodeMessage(message);
        return this.#network.exchange(this.#place, to, { text, token }, limited);
      });
    } finally {
      for (const one of forget) one();
    }
  }

  /**
   * The program dies: its servers reset their connections, its requests end. For a whole place that falls silent,
   * cut its ways as well. A program that starts again joins anew.
   */
  crash(): void {
    this.#down.abort(new Failure("network.unreachable", "this simulated program has crashed"));
  }
}

function peerHasGone(): Failure {
  return new Failure("network.unreachable", "the peer has gone");
}

function way(from: Place, to: Place): string {
  return `${from} > ${to}`;
}
