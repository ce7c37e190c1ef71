import type { LeaseGrant } from "./ledger.ts";
import type { LeaseId } from "./store.ts";

/** Until when each lease lives unless it is renewed. In memory alone; the caller brings the time, monotonic, in ms. */
export class LeaseDeadlines {
  readonly #leases = new Map<LeaseId, { readonly ttlMs: number; readonly deadlineMs: number }>();

  /** Also after a restart: a lease that was found on disk counts as renewed now. */
  start({ id, ttlMs }: LeaseGrant, nowMs: number): void {
    this.#leases.set(id, { ttlMs, deadlineMs: nowMs + ttlMs });
  }

  /** False once it is past its deadline, even when its keys are not deleted yet. */
  isAlive(id: LeaseId, nowMs: number): boolean {
    const lease = this.#leases.get(id);
    return lease !== undefined && nowMs < lease.deadlineMs;
  }

  renew(id: LeaseId, nowMs: number): boolean {
    const lease = this.#leases.get(id);
    if (!lease || nowMs >= lease.deadlineMs) return false;
    this.#leases.set(id, { ttlMs: lease.ttlMs, deadlineMs: nowMs + lease.ttlMs });
    return true;
  }

  end(id: LeaseId): void {
    this.#leases.delete(id);
  }

  has(id: LeaseId): boolean {
    return this.#leases.has(id);
  }

  due(nowMs: number): readonly LeaseId[] {
    return [...this.#leases].flatMap(([id, { deadlineMs }]) => (deadlineMs <= nowMs ? [id] : []));
  }

  /** The next moment at which a lease may die; undefined when there is none. */
  nextMs(): number | undefined {
    let nextMs: number | undefined;
    for (const { deadlineMs } of this.#leases.values())
      if (nextMs === undefined || deadlineMs < nextMs) nextMs = deadlineMs;
    return nextMs;
  }
}
