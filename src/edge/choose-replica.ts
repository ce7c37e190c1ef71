/** Which replica takes a request: the one with the fewest under way, and among equals the next in turn. */

export type ReplicaView = {
  readonly isReady: boolean;
  /** It answered its check at least once: it listens, or did. */
  readonly wasReady: boolean;
  /** Requests and connections under way. */
  readonly open: number;
};

/**
 * Those that may be sent requests. When fewer than `panicPercent` of those that were ready are so now, all of them: a
 * check that fails everywhere at once is more likely wrong than right. One that never was ready is never among them.
 */
export function usableReplicas<R extends ReplicaView>(
  replicas: readonly R[],
  panicPercent: number,
): readonly R[] {
  const known = replicas.filter(({ wasReady }) => wasReady);
  const ready = known.filter(({ isReady }) => isReady);
  const isPanic = panicPercent > 0 && ready.length * 100 < known.length * panicPercent;
  return isPanic ? known : ready;
}

/**
 * @param turn grows by one with each choice
 * @param avoid failed already for this request; taken only when there is nobody else, not even then when undefined
 */
export function chooseReplica<R extends ReplicaView>(
  usable: readonly R[],
  turn: number,
  avoid: R | undefined,
): R | undefined {
  let best: R | undefined;
  for (let step = 0; step < usable.length; step += 1) {
    const replica = usable[(turn + step) % usable.length];
    if (replica === undefined || replica === avoid) continue;
    if (best === undefined || replica.open < best.open) best = replica;
  }
  return best;
}
