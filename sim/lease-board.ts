import type { BoardLease, LeaseBoard } from "../src/database/lease-board.ts";
import { Failure } from "../src/model/failure.ts";
import type { SimFileDisk } from "./files.ts";
import type { Life } from "./life.ts";

/** The board of one Region's machine: it is there when agent and guard are not. */
export type SimBoard = { generation: number; leases: readonly BoardLease[] };

export class SimLeaseBoard implements LeaseBoard {
  readonly #board: SimBoard;
  readonly #disk: SimFileDisk;
  readonly #life: Life;

  constructor(board: SimBoard, disk: SimFileDisk, life: Life) {
    this.#board = board;
    this.#disk = disk;
    this.#life = life;
    board.generation += 1;
  }

  write(leases: readonly BoardLease[]): void {
    if (!this.#life.isAlive)
      throw new Failure("state.not-writable", "a dead program writes nothing");
    if (this.#disk.isFull) throw new Failure("disk.full", "Could not write the lease board");
    this.#board.leases = [...leases];
  }

  read(): readonly BoardLease[] {
    return this.#board.leases;
  }
}
