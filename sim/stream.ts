/** The physics of replication: WAL grows where writes are taken, and flows where the ways are open. */
import type { Address } from "../src/model/address.ts";
import { formatAddress } from "../src/model/address.ts";
import type { SimClock } from "./clock.ts";
import type { SimFinishedData, SimHost, SimSlot } from "./host.ts";
import type { Place } from "./network.ts";

export type WalTerms = {
  readonly bytesPerSecond: number;
  /** A slot that holds more than this is lost, as `max_slot_wal_keep_size` has it. */
  readonly slotKeepBytes: number;
};

export class WalStream {
  readonly #clock: SimClock;
  readonly #terms: WalTerms;
  readonly #isOpen: (a: Place, b: Place) => boolean;
  readonly #hosts: SimHost[] = [];
  #settledAtMs = 0;

  /** `isOpen`: bytes go both ways between the places. */
  constructor(clock: SimClock, terms: WalTerms, isOpen: (a: Place, b: Place) => boolean) {
    this.#clock = clock;
    this.#terms = terms;
    this.#isOpen = isOpen;
  }

  get hosts(): readonly SimHost[] {
    return this.#hosts;
  }

  add(host: SimHost): void {
    this.#hosts.push(host);
  }

  /** The host whose server answers a connection from `from`, if one does. */
  reach(from: SimHost, address: Address): SimHost | undefined {
    const to = this.#hosts.find((host) => formatAddress(host.address) === formatAddress(address));
    return to?.serving && this.#isOpen(from.place, to.place) ? to : undefined;
  }

  /** The slot through which the host streams now; undefined when it does not. */
  slotOf(host: SimHost): SimSlot | undefined {
    const { upstream, serving: own } = host;
    if (!upstream || !own) return undefined;
    const source = this.reach(host, upstream.address)?.serving;
    const slot = source?.slots.get(upstream.slot);
    const fits = source?.systemId === own.systemId && source.flushedLsn >= own.flushedLsn;
    return slot && fits && !slot.isLost ? slot : undefined;
  }

  /** Lets everything that happened since the last call happen. Call it before any way or server changes. */
  settle(): void {
    const nowMs = this.#clock.monotonicMs();
    const newBytes = ((nowMs - this.#settledAtMs) / 1000) * this.#terms.bytesPerSecond;
    this.#settledAtMs = nowMs;
    for (const host of this.#hosts) {
      if (host.isPrimary && host.serving) host.serving.flushedLsn += Math.floor(newBytes);
    }
    // Twice: a standby that streams from a standby gets what that one just got.
    for (const host of [...this.#hosts, ...this.#hosts]) this.#pull(host);
    for (const { serving } of this.#hosts) if (serving) this.#loseSlots(serving);
  }

  #pull(host: SimHost): void {
    const slot = this.slotOf(host);
    const source = host.upstream && this.reach(host, host.upstream.address)?.serving;
    if (!slot || !source || !host.serving) return;
    host.serving.flushedLsn = source.flushedLsn;
    slot.restartLsn = source.flushedLsn;
  }

  #loseSlots(data: SimFinishedData): void {
    for (const slot of data.slots.values()) {
      if (data.flushedLsn - slot.restartLsn > this.#terms.slotKeepBytes) slot.isLost = true;
    }
  }
}
