/**
 * The agents of the other Regions, as this one hears them: a second vantage point for whoever decides that a Region
 * is lost.
 */
import type { Clock, Log, Network } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import { peerAnswer, peerQuestion } from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";

/** 1 s: three of them before a lease is over. */
const pingEveryMs = 1_000;
const pingTimeoutMs = 1_000;

export type Peer = {
  readonly region: RegionId;
  /** As this Region reaches it, through the link. */
  readonly address: Address;
  /** What we present to it. */
  readonly token: string;
};

export type PeersDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
};

export class Peers {
  readonly #doors: PeersDoors;
  readonly #peers: readonly Peer[];
  readonly #heardAtMs = new Map<RegionId, number>();
  readonly #startedAtMs: number;

  constructor(doors: PeersDoors, peers: readonly Peer[]) {
    this.#doors = doors;
    this.#peers = peers;
    this.#startedAtMs = doors.clock.monotonicMs();
  }

  tokenFor(region: RegionId): string | undefined {
    return this.#peers.find((peer) => peer.region === region)?.token;
  }

  /** How long each has not been heard, in ms, at most since this agent started. */
  silences(): readonly { readonly region: RegionId; readonly silentMs: number }[] {
    const nowMs = this.#doors.clock.monotonicMs();
    return this.#peers.map(({ region }) => ({
      region,
      silentMs: Math.max(0, nowMs - (this.#heardAtMs.get(region) ?? this.#startedAtMs)),
    }));
  }

  /** Pings until `signal` aborts, each peer at its own pace, while `isWanted`. */
  async run(isWanted: () => boolean, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#peers.map((peer) => this.#pingForever(peer, isWanted, signal)));
  }

  async #pingForever(peer: Peer, isWanted: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    while (!signal.aborted) {
      const askedAtMs = clock.monotonicMs();
      try {
        if (isWanted()) await this.#ping(peer, askedAtMs, signal);
      } catch (error) {
        if (!(error instanceof Failure) && !signal.aborted) throw error;
        log.debug("agent.ping-failed", { peer: peer.region, error: describeError(error) });
      }
      const leftMs = askedAtMs + pingEveryMs - clock.monotonicMs();
      await clock.sleep(Math.max(0, leftMs), signal).catch(() => undefined);
    }
  }

  async #ping(
    { region, address, token }: Peer,
    askedAtMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const message = encode(peerQuestion, { kind: "ping" });
    const options = { token, timeoutMs: pingTimeoutMs };
    const answered = await this.#doors.network.request(address, message, options, signal);
    const { kind } = decode(peerAnswer, `the answer of ${region} to a ping`, answered);
    // It lived when it was asked, at least; how long its answer was under way, nobody knows.
    if (kind === "pong") this.#heardAtMs.set(region, askedAtMs);
  }
}
