/** What a client saw while the writer moved, and what follows from it. Times are CLOCK_MONOTONIC of the machine, in ms. */

export type Acknowledgement = {
  readonly id: number;
  /** The server that acknowledged, by its address: one server for each Region. */
  readonly host: string;
  readonly sentMs: number;
  readonly ackMs: number;
  /** When it was acknowledged on the wall clock, to stand beside journals. */
  readonly ackWallMs: number;
};

export type FailedWrite = {
  readonly id: number;
  readonly host: string;
  readonly sentMs: number;
  readonly failedMs: number;
  /** SQLSTATE, or what the socket said. */
  readonly code: string;
  /** False for a look at a server that is not the writer as far as the client knows: it is meant to fail. */
  readonly wasToWriter: boolean;
};

export type WriteLog = {
  /** In the order in which the client received them. */
  readonly acknowledged: readonly Acknowledgement[];
  readonly failed: readonly FailedWrite[];
};

export type Gap = {
  readonly ms: number;
  readonly from: Acknowledgement;
  readonly to: Acknowledgement;
};

/** The longest time in which nothing was acknowledged. @throws Error when there are not two acknowledgements */
export function longestGap({ acknowledged }: WriteLog): Gap {
  let longest: Gap | undefined;
  for (const [at, to] of acknowledged.entries()) {
    const from = acknowledged[at - 1];
    if (!from) continue;
    const ms = to.ackMs - from.ackMs;
    if (longest === undefined || ms > longest.ms) longest = { ms, from, to };
  }
  if (!longest) throw new Error("fewer than two writes were acknowledged");
  return longest;
}

/**
 * Acknowledgements by a server after another one has taken its place: each is a case of two writers. The log is
 * that of one move; the client goes on asking the old server, so that silence means something.
 */
export function secondWriters({ acknowledged }: WriteLog): readonly Acknowledgement[] {
  const replaced = new Set<string>();
  let writer = acknowledged[0]?.host;
  const second: Acknowledgement[] = [];
  for (const one of acknowledged) {
    if (replaced.has(one.host)) second.push(one);
    else if (writer !== undefined && one.host !== writer) {
      replaced.add(writer);
      writer = one.host;
    }
  }
  return second;
}

/** @throws Error when `host` never acknowledged anything */
export function firstBy({ acknowledged }: WriteLog, host: string): Acknowledgement {
  const first = acknowledged.find((one) => one.host === host);
  if (!first) throw new Error(`${host} acknowledged nothing`);
  return first;
}

/** Looks at a server that is not the writer, which shows that the check for two writers was at work. */
export function looksAt({ failed }: WriteLog, host: string, afterMs: number): number {
  return failed.filter((one) => one.host === host && one.failedMs > afterMs).length;
}
