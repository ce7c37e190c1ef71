/**
 * The line of one direction: it carries one piece at a time, each for as long as the bandwidth says. Pure:
 * it is told the time. What leaves is stamped with the moment it left by the line's own reckoning, so a
 * timer that fires late makes nothing later than that.
 */
import type { FlowClass } from "../model/link.ts";
import { pieceBytes, transmissionMs } from "./conditions.ts";
import { parcelBytes, type Parcel } from "./parcel.ts";
import { Scheduler, type Turn } from "./scheduler.ts";

export type Departure<Owner> = Turn<Owner> & { readonly leftAtMs: number };

// 20 ms: how far the line may make up for a wake-up that came late. Longer means that the machine itself
// stood still, and a burst of what it missed would be more than the bandwidth allows.
const catchUpMs = 20;

export class Line<Owner> {
  readonly #scheduler = new Scheduler<Owner>();
  #freeAtMs = 0;

  get isIdle(): boolean {
    return this.#scheduler.isEmpty;
  }

  /** When the next piece can go; undefined when nothing waits. */
  get nextAtMs(): number | undefined {
    return this.#scheduler.isEmpty ? undefined : this.#freeAtMs;
  }

  push(owner: Owner, flowClass: FlowClass, parcel: Parcel, nowMs: number): void {
    if (this.#scheduler.isEmpty) this.#freeAtMs = Math.max(this.#freeAtMs, nowMs);
    this.#scheduler.push(owner, flowClass, parcel);
  }

  /** Takes the next piece whose time has come; undefined when there is none. */
  take(nowMs: number, bandwidthBitsPerSecond: number | undefined): Departure<Owner> | undefined {
    if (bandwidthBitsPerSecond === undefined) this.#freeAtMs = nowMs;
    if (this.#freeAtMs > nowMs) return undefined;
    const turn = this.#scheduler.take(pieceBytes(bandwidthBitsPerSecond));
    if (!turn) return undefined;
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - catchUpMs);
    if (bandwidthBitsPerSecond !== undefined)
      this.#freeAtMs += transmissionMs(parcelBytes(turn.parcel), bandwidthBitsPerSecond);
    return { owner: turn.owner, parcel: turn.parcel, leftAtMs: this.#freeAtMs };
  }

  /** Frees the line at once: another bandwidth, or an end of a cut, is not kept waiting by an old piece. */
  interrupt(nowMs: number): void {
    this.#freeAtMs = nowMs;
  }

  /** Forgets what waits of this owner. Returns how many bytes that was. */
  drop(owner: Owner): number {
    return this.#scheduler.drop(owner);
  }
}
