/** The lease board as a file in the Region's own directory. */
import type { BoardLease, LeaseBoard } from "../database/lease-board.ts";
import type { SharedNote } from "../env/node/shared-note.ts";
import { Failure } from "../model/failure.ts";
import { formatBoard, parseBoard, type GuardBoard } from "../wire/guard-protocol.ts";

export type BoardIdentity = {
  readonly bootId: string;
  /** Differs from that of every other agent of this boot. */
  readonly generation: number;
};

export class NodeLeaseBoard implements LeaseBoard {
  readonly #note: SharedNote;
  readonly #identity: BoardIdentity;
  #leases: readonly BoardLease[];

  /**
   * Takes over what an earlier agent of this boot has left, and tells its guard that it has been replaced. A board
   * that is damaged holds no lease: then a writer that runs is one without a lease.
   * @throws Failure `state.not-writable`, `disk.full`
   */
  constructor(note: SharedNote, identity: BoardIdentity) {
    this.#note = note;
    this.#identity = identity;
    const left = readBoard(note);
    this.#leases = left?.bootId === identity.bootId ? left.leases : [];
    this.write(this.#leases);
  }

  write(leases: readonly BoardLease[]): void {
    this.#note.write(formatBoard({ ...this.#identity, leases }));
    this.#leases = [...leases];
  }

  read(): readonly BoardLease[] {
    return this.#leases;
  }
}

function readBoard(note: SharedNote): GuardBoard | undefined {
  try {
    const text = note.read();
    return text === undefined ? undefined : parseBoard(text);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
