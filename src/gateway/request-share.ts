/** One client's share of what a gateway keeps of all clients' units. */
import type { ByteBudget } from "./byte-budget.ts";

/** 64 KiB of what is kept of its units, which every client has beside the bound of all. */
const freeBytes = 65_536;

export class RequestShare {
  readonly #budget: ByteBudget;
  #takenBytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** So much is kept for the client now. False: there is no room for it. */
  keeps(bytes: number): boolean {
    const wanted = Math.max(0, bytes - freeBytes);
    if (wanted === this.#takenBytes) return true;
    const isTaken = this.#budget.change(wanted - this.#takenBytes);
    if (isTaken) this.#takenBytes = wanted;
    return isTaken;
  }
}
