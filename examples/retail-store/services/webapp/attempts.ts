/**
 * How often a password may be tried. Each try costs some 60 ms of a core, by intent, and each is a guess. Every replica counts
 * for itself, so several allow several times as much. Pure but for its own state.
 */

type Allowance = {
  /** So many without a pause. */
  readonly atOnce: number;
  /** And then one each so many ms. */
  readonly everyMs: number;
};

/** 100, then 4 a second: a household or an office behind one address, and a quarter of a core at most. */
const ofAddress: Allowance = { atOnce: 100, everyMs: 250 };

/** 10, then one each 10 s: for fingers that slip. Who tries more makes the owner wait, too, and for no longer than that. */
const ofAccount: Allowance = { atOnce: 10, everyMs: 10_000 };

/** 10,000 of each, of some 200 bytes. Whoever came the longest time ago makes room, and begins anew. */
const keysMax = 10_000;

export class LoginAttempts {
  readonly #addresses = new Allowances(ofAddress);
  readonly #accounts = new Allowances(ofAccount);

  /** One more; 0: go on. Else how many ms there are to wait. `account` undefined: it does not exist yet. `nowMs` is monotonic. */
  waitMs(address: string, account: string | undefined, nowMs: number): number {
    const waitMs = this.#addresses.take(address, nowMs);
    if (waitMs > 0 || account === undefined) return waitMs;
    return this.#accounts.take(account.toLowerCase(), nowMs);
  }

  /** The password was right. */
  succeeded(account: string): void {
    this.#accounts.forget(account.toLowerCase());
  }
}

class Allowances {
  readonly #allowance: Allowance;
  /** When all that was taken is paid for by time. */
  readonly #paidAtMs = new Map<string, number>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  take(key: string, nowMs: number): number {
    const { atOnce, everyMs } = this.#allowance;
    const paidAtMs = Math.max(nowMs, this.#paidAtMs.get(key) ?? nowMs);
    const waitMs = Math.max(0, paidAtMs - nowMs - (atOnce - 1) * everyMs);
    this.#paidAtMs.delete(key);
    // Who is sent away owes no more for it.
    this.#paidAtMs.set(key, waitMs > 0 ? paidAtMs : paidAtMs + everyMs);
    const [oldest] = this.#paidAtMs.keys();
    if (this.#paidAtMs.size > keysMax && oldest !== undefined) this.#paidAtMs.delete(oldest);
    return waitMs;
  }

  forget(key: string): void {
    this.#paidAtMs.delete(key);
  }
}
