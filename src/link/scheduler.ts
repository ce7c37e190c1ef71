/**
 * Which parcel goes next, of all the flows that share one direction of a link.
 *
 * Control flows go first, always. That is safe because they are small by construction (leases, commands and
 * reports are single JSON messages that wait for their answers, a few KB/s together), and any share kept
 * back for data would be a wait added to a lease. Within a class it is deficit round robin: in its turn a
 * flow sends a quantum of bytes, then goes to the end of the ring, so ten connections of a clone and one of
 * replication get an eleventh of the line each, whatever the sizes they write in.
 */
import type { FlowClass } from "../model/link.ts";
import { Fifo } from "./fifo.ts";
import { parcelBytes, type Parcel } from "./parcel.ts";

export type Turn<Owner> = { readonly owner: Owner; readonly parcel: Parcel };

type Lane<Owner> = {
  readonly owner: Owner;
  readonly flowClass: FlowClass;
  readonly parcels: Fifo<Parcel>;
  /** What is left of this turn. */
  creditBytes: number;
};

export class Scheduler<Owner> {
  readonly #lanes = new Map<Owner, Lane<Owner>>();
  readonly #rings: Readonly<Record<FlowClass, Fifo<Lane<Owner>>>> = {
    control: new Fifo(),
    data: new Fifo(),
  };

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  push(owner: Owner, flowClass: FlowClass, parcel: Parcel): void {
    let lane = this.#lanes.get(owner);
    if (!lane) {
      lane = { owner, flowClass, parcels: new Fifo(), creditBytes: 0 };
      this.#lanes.set(owner, lane);
      this.#rings[flowClass].push(lane);
    }
    lane.parcels.push(parcel);
  }

  /** The next parcel, at most `quantumBytes` of it; undefined when nothing waits. */
  take(quantumBytes: number): Turn<Owner> | undefined {
    const ring = this.#rings.control.length > 0 ? this.#rings.control : this.#rings.data;
    const lane = ring.peek();
    const head = lane?.parcels.peek();
    if (!lane || !head) return undefined;
    if (lane.creditBytes <= 0) lane.creditBytes = quantumBytes;
    const parcel = cut(head, Math.min(lane.creditBytes, quantumBytes), lane.parcels);
    lane.creditBytes -= parcelBytes(parcel);
    if (lane.parcels.length === 0) {
      ring.shift();
      this.#lanes.delete(lane.owner);
    } else if (lane.creditBytes <= 0) {
      ring.shift();
      ring.push(lane);
    }
    return { owner: lane.owner, parcel };
  }

  /** Forgets what waits of this owner. Returns how many bytes that was. */
  drop(owner: Owner): number {
    const lane = this.#lanes.get(owner);
    if (!lane) return 0;
    this.#lanes.delete(owner);
    const ring = this.#rings[lane.flowClass];
    for (let left = ring.length; left > 0; left--) {
      const other = ring.shift();
      if (other && other !== lane) ring.push(other);
    }
    let bytes = 0;
    for (let parcel = lane.parcels.shift(); parcel; parcel = lane.parcels.shift())
      bytes += parcelBytes(parcel);
    return bytes;
  }
}

/** Takes the head, or as much of it as fits; the rest stays at the head. */
function cut(head: Parcel, bytesMax: number, parcels: Fifo<Parcel>): Parcel {
  if (head.kind !== "bytes" || head.bytes.byteLength <= bytesMax) {
    parcels.shift();
    return head;
  }
  parcels.replaceHead({ kind: "bytes", bytes: head.bytes.subarray(bytesMax) });
  return { kind: "bytes", bytes: head.bytes.subarray(0, bytesMax) };
}
