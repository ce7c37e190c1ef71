/**
 * One direction of a link, with all flows that cross it: those of connections opened from `from`, and what
 * comes back on those opened from `to`.
 *
 *   send ──▶ line (whose turn, bandwidth) ──▶ air (delay, jitter) ──▶ arrive
 *
 * While the direction is down, the line and the air stand still. What was under way when the cut came is
 * lost and sent again, as TCP does it: once the cut is mended it arrives a delay later. A direction that is
 * up, unlimited and undelayed hands a parcel over within `send`, which makes it as fast as a plain pipe.
 */
import type { Clock, Random } from "../env/env.ts";
import type { FlowClass, LinkConditions, LinkEnd, LinkTraffic } from "../model/link.ts";
import { assert } from "../std/assert.ts";
import { Air } from "./air.ts";
import { Alarm } from "./alarm.ts";
import { hasRoom, hasRoomAgain, openConditions, windowBytes } from "./conditions.ts";
import { Line } from "./line.ts";
import { parcelBytes, type Parcel } from "./parcel.ts";

/** Who sends parcels through a direction and gets them at the other end, in order. */
export interface Traveller {
  readonly flowClass: FlowClass;
  arrive(parcel: Parcel): void;
  /** There may be room again: decide anew whether the source may be read. */
  review(): void;
  /** The conditions of a direction that it crosses are others now. */
  conditionsChanged(): void;
}

/** Where one traveller stands. */
type Track = { lastArrivalMs: number; parcelsUnderWay: number };

export type DirectionDoors = { readonly clock: Clock; readonly random: Random };

export class Direction {
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  readonly #doors: DirectionDoors;
  readonly #line = new Line<Traveller>();
  readonly #air = new Air<Traveller>();
  readonly #alarm: Alarm;
  readonly #tracks = new Map<Traveller, Track>();
  readonly #waiting = new Set<Traveller>();
  readonly #delivered = { control: 0, data: 0 };
  readonly #held = { control: 0, data: 0 };
  #conditions = openConditions;
  #windowBytes = windowBytes(openConditions);

  constructor(from: LinkEnd, to: LinkEnd, doors: DirectionDoors) {
    this.from = from;
    this.to = to;
    this.#doors = doors;
    this.#alarm = new Alarm(doors.clock, () => this.#pump());
  }

  get conditions(): LinkConditions {
    return this.#conditions;
  }

  get traffic(): LinkTraffic {
    return {
      from: this.from,
      to: this.to,
      openFlows: this.#tracks.size,
      deliveredBytes: { ...this.#delivered },
      queuedBytes: this.#held.control + this.#held.data,
    };
  }

  /** In force at once for all that has not left yet; what is under way keeps its time of arrival. */
  change(conditions: LinkConditions): void {
    const before = this.#conditions;
    const nowMs = this.#doors.clock.monotonicMs();
    this.#conditions = conditions;
    this.#windowBytes = windowBytes(conditions);
    if (before.bandwidthBitsPerSecond !== conditions.bandwidthBitsPerSecond)
      this.#line.interrupt(nowMs);
    if (!before.isUp && conditions.isUp) {
      this.#line.interrupt(nowMs);
      this.#postpone(nowMs + conditions.delayMs);
    }
    this.#pump();
    for (const traveller of this.#tracks.keys()) traveller.conditionsChanged();
  }

  join(traveller: Traveller): void {
    this.#tracks.set(traveller, { lastArrivalMs: 0, parcelsUnderWay: 0 });
  }

  /** Forgets the traveller and all that it has in here. */
  leave(traveller: Traveller): void {
    this.#line.drop(traveller);
    if (this.#tracks.get(traveller)?.parcelsUnderWay) this.#air.drop(traveller);
    this.#tracks.delete(traveller);
    this.#waiting.delete(traveller);
  }

  send(traveller: Traveller, parcel: Parcel): void {
    const nowMs = this.#doors.clock.monotonicMs();
    const { isUp, bandwidthBitsPerSecond } = this.#conditions;
    if (isUp && bandwidthBitsPerSecond === undefined && this.#line.isIdle) {
      this.#depart(traveller, parcel, nowMs, nowMs);
      return;
    }
    this.#line.push(traveller, traveller.flowClass, parcel, nowMs);
    this.#pump();
  }

  /** Drops what this traveller sent and has not left yet. Returns how many bytes that was. */
  recall(traveller: Traveller): number {
    return this.#line.drop(traveller);
  }

  /** Books `bytes` more (or less) of this traveller's memory; wakes those that wait for room. */
  hold(traveller: Traveller, bytes: number): void {
    const { flowClass } = traveller;
    this.#held[flowClass] += bytes;
    if (this.#waiting.size === 0 || !hasRoomAgain(flowClass, this.#held[flowClass])) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const other of waiting) other.review();
  }

  /**
   * May a traveller go on reading that holds `heldBytes` in memory, and has `unacknowledgedBytes` at the
   * other end of which it cannot know? When only the common room is short, it is asked again later.
   */
  mayRead(traveller: Traveller, heldBytes: number, unacknowledgedBytes: number): boolean {
    if (heldBytes + unacknowledgedBytes >= this.#windowBytes) return false;
    const { flowClass } = traveller;
    if (hasRoom(flowClass, this.#held[flowClass], heldBytes)) return true;
    this.#waiting.add(traveller);
    return false;
  }

  /** Drops everything; no timer is left. */
  close(): void {
    this.#alarm.stop();
    for (const traveller of this.#tracks.keys()) this.leave(traveller);
  }

  #pump(): void {
    if (!this.#conditions.isUp) return;
    const nowMs = this.#doors.clock.monotonicMs();
    for (;;) {
      const departure = this.#line.take(nowMs, this.#conditions.bandwidthBitsPerSecond);
      if (!departure) break;
      this.#depart(departure.owner, departure.parcel, departure.leftAtMs, nowMs);
    }
    for (;;) {
      const arrival = this.#air.take(nowMs);
      if (!arrival) break;
      this.#track(arrival.owner).parcelsUnderWay -= 1;
      this.#arrive(arrival.owner, arrival.parcel);
    }
    const nextAtMs = Math.min(this.#line.nextAtMs ?? Infinity, this.#air.nextAtMs ?? Infinity);
    if (nextAtMs < Infinity) this.#alarm.set(nextAtMs);
  }

  #postpone(untilMs: number): void {
    this.#air.postpone(untilMs);
    for (const track of this.#tracks.values())
      if (track.parcelsUnderWay > 0) track.lastArrivalMs = Math.max(track.lastArrivalMs, untilMs);
  }

  #depart(traveller: Traveller, parcel: Parcel, leftAtMs: number, nowMs: number): void {
    const { delayMs, jitterMs } = this.#conditions;
    const jitter = jitterMs > 0 ? jitterMs * this.#doors.random.float() : 0;
    const track = this.#track(traveller);
    // Never before what the same flow sent earlier, whatever jitter or a shorter delay say.
    const arrivesAtMs = Math.max(leftAtMs + delayMs + jitter, track.lastArrivalMs);
    track.lastArrivalMs = arrivesAtMs;
    if (arrivesAtMs <= nowMs && track.parcelsUnderWay === 0) {
      this.#arrive(traveller, parcel);
      return;
    }
    track.parcelsUnderWay += 1;
    this.#air.push(traveller, parcel, arrivesAtMs);
    this.#alarm.set(arrivesAtMs);
  }

  #arrive(traveller: Traveller, parcel: Parcel): void {
    this.#delivered[traveller.flowClass] += parcelBytes(parcel);
    traveller.arrive(parcel);
  }

  #track(traveller: Traveller): Track {
    const track = this.#tracks.get(traveller);
    assert(track !== undefined, "a flow must have joined the direction that it crosses");
    return track;
  }
}
