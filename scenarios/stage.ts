/**
 * What a story of a failure can do and see. Stories are played twice: in the simulator, under many seeds, and on
 * real processes, once. So a stage offers only what both have, and waits are bounded by the stage.
 */

/** Two Regions and one global database, `orders`; its first primary is in `east`. Clients write all the time. */
export const east = "us-east-1";
export const west = "us-west-2";

export type RegionName = typeof east | typeof west;

/** How an operation ended, as `leeward operations` has it; `refused`: it did not begin. */
export type Ending = {
  readonly outcome: "completed" | "rolled-back" | "failed" | "refused";
  readonly because: string;
};

export interface Stage {
  /** Settles when the operation has ended. */
  switchover(to: RegionName): Promise<Ending>;
  failover(to: RegionName): Promise<Ending>;

  /** Cuts all links of the Region, the one to the controller too. */
  isolate(region: RegionName): Promise<void>;
  heal(region: RegionName): Promise<void>;
  /** Every process of the Region is gone at once. */
  kill(region: RegionName): Promise<void>;
  start(region: RegionName): Promise<void>;
  /** SIGSTOP and SIGCONT of everything in the Region. */
  freeze(region: RegionName): Promise<void>;
  thaw(region: RegionName): Promise<void>;
  /** The next time an operation passes its point of no return, these die at once; the controller comes back by itself. */
  killAtClaim(victim: "controller" | RegionName): void;

  passTime(ms: number): Promise<void>;
  /** Clients are told of new commits by this Region's server, and by no other. */
  expectWriter(region: RegionName): Promise<void>;
  /** No client is told of any commit now. */
  expectNoWriter(): Promise<void>;
  /** The Region's copy streams from the other's writer. */
  expectSecondary(region: RegionName): Promise<void>;
  /** Every commit that a client was told of is on the present primary. */
  expectNothingLost(): Promise<void>;
  /** Every commit that a client was told of is on the present primary, or in evidence that this Region keeps. */
  expectLossInEvidence(region: RegionName): Promise<void>;
}

export type Story = {
  /** A sentence that can be false. */
  readonly name: string;
  readonly play: (stage: Stage) => Promise<void>;
};

/** @throws when the operation ended otherwise */
export async function completes(ending: Promise<Ending>): Promise<void> {
  const { outcome, because } = await ending;
  if (outcome !== "completed") throw new Error(`The operation ended as ${outcome}: ${because}`);
}
