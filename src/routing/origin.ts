/** Whether a distribution's origin moves. Pure. */
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type { DistributionState } from "../model/traffic.ts";

export type OriginRequest = {
  /** The tag that the caller saw last; `*`: whatever it is. */
  readonly ifMatch: string;
  /** Also where writes do not arrive. */
  readonly force: boolean;
  /** A write from that Region reaches the writer of the distribution's database; true where it has none. */
  readonly isWritable: boolean;
};

/**
 * False: it is there already.
 * @throws Failure `distribution.tag-mismatch`, `distribution.not-writable`
 */
export function originMoves(
  { origin, tag }: DistributionState,
  region: RegionId,
  { ifMatch, force, isWritable }: OriginRequest,
): boolean {
  if (ifMatch !== "*" && ifMatch !== tag) {
    throw new Failure(
      "distribution.tag-mismatch",
      `The origin was not moved to ${region}: it is ${origin} with the tag ${tag}, not ${ifMatch}`,
      { details: { origin, tag } },
    );
  }
  if (origin === region) return false;
  if (!isWritable && !force) {
    throw new Failure(
      "distribution.not-writable",
      `The origin was not moved to ${region}: writes from there do not reach the writer now`,
      { details: { origin, tag } },
    );
  }
  return true;
}

/** Of an origin that nobody has moved yet: the same in every life of the controller. */
export function firstTag(origin: RegionId): string {
  return `first-${origin}`;
}
