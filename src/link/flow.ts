/**
 * One way of one connection: bytes of a source, through a direction, into a sink. It decides when the
 * source may be read: while fewer bytes than the direction's window are inside (waiting, under way, or not
 * yet taken by the sink) or are not known to have arrived. The latter counts only while the way back is cut:
 * no acknowledgement crosses it, so a one-way cut stops both ways in the end, as with real TCP.
 */
import type { FlowClass } from "../model/link.ts";
import type { Direction, Traveller } from "./direction.ts";
import { Fifo } from "./fifo.ts";
import { parcelBytes, type Parcel } from "./parcel.ts";

/** What a flow needs to know of the sockets at its ends. */
export interface FlowEnds {
  /** Lets the source be read, or not. Called only when that changes; it starts as true. */
  setReading(isReading: boolean): void;
  deliver(parcel: Parcel): void;
  /** How many delivered bytes the sink has not taken yet. */
  sinkBytes(): number;
  /** One of the two directions changed; both flows of the connection have to be reviewed. */
  conditionsChanged(): void;
}

export type FlowPath = { readonly direction: Direction; readonly back: Direction };

export class Flow implements Traveller {
  readonly flowClass: FlowClass;
  readonly #direction: Direction;
  readonly #back: Direction;
  readonly #ends: FlowEnds;
  /** What the source sent before the handshake was over; undefined from then on. */
  #early: Fifo<Parcel> | undefined = new Fifo();
  #insideBytes = 0;
  #bookedBytes = 0;
  #unacknowledgedBytes = 0;
  #isReading = true;
  #isClosed = false;

  constructor(path: FlowPath, flowClass: FlowClass, ends: FlowEnds) {
    this.#direction = path.direction;
    this.#back = path.back;
    this.flowClass = flowClass;
    this.#ends = ends;
    this.#direction.join(this);
  }

  /** What the source said. Waits for `open`. */
  send(parcel: Parcel): void {
    if (this.#isClosed) return;
    this.#insideBytes += parcelBytes(parcel);
    if (this.#early) this.#early.push(parcel);
    else this.#direction.send(this, parcel);
    this.review();
  }

  /** A mark of the handshake: it goes before anything that the source says. */
  mark(parcel: Parcel): void {
    if (!this.#isClosed) this.#direction.send(this, parcel);
  }

  /** The handshake is over on this side: lets go what the source has said so far. */
  open(): void {
    const early = this.#early;
    this.#early = undefined;
    for (let parcel = early?.shift(); parcel && !this.#isClosed; parcel = early?.shift())
      this.#direction.send(this, parcel);
  }

  /** The source is gone: what has not left yet is lost, and the sink is told. */
  reset(): void {
    if (this.#isClosed) return;
    this.#early = undefined;
    // What is under way arrives nevertheless; bytes of `early` are booked until the flow closes, which is soon.
    this.#insideBytes -= this.#direction.recall(this);
    this.mark({ kind: "rst" });
  }

  arrive(parcel: Parcel): void {
    const bytes = parcelBytes(parcel);
    this.#insideBytes -= bytes;
    if (!this.#back.conditions.isUp) this.#unacknowledgedBytes += bytes;
    this.#ends.deliver(parcel);
    this.review();
  }

  review(): void {
    if (this.#isClosed) return;
    if (this.#back.conditions.isUp) this.#unacknowledgedBytes = 0;
    const heldBytes = this.#insideBytes + this.#ends.sinkBytes();
    this.#book(heldBytes);
    const mayRead = this.#direction.mayRead(this, heldBytes, this.#unacknowledgedBytes);
    if (mayRead === this.#isReading) return;
    this.#isReading = mayRead;
    this.#ends.setReading(mayRead);
  }

  conditionsChanged(): void {
    this.#ends.conditionsChanged();
  }

  /** Forgets everything that is still inside. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#early = undefined;
    this.#direction.leave(this);
    this.#book(0);
  }

  #book(heldBytes: number): void {
    const change = heldBytes - this.#bookedBytes;
    this.#bookedBytes = heldBytes;
    if (change !== 0) this.#direction.hold(this, change);
  }
}
