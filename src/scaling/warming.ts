/** How many replicas a Region gets that is to be warm before traffic comes to it. Pure. */
import type { Scaling } from "../model/service.ts";

export type WarmView = {
  readonly scaling: Scaling;
  /** What the service is to have here now. */
  readonly current: number;
  /** What it is to have, or what the formula asked for last, in each Region, this one too. */
  readonly everywhere: readonly number[];
  /** 200: twice what the Region has that carries the most. */
  readonly percent: number;
};

/** 10 min: to move traffic by hand, with a look at each step. Twice the HPA's own hold on shrinking. */
export const warmMs = 600_000;

export type Warmth = {
  readonly replicas: number;
  /** What `percent` was taken of. */
  readonly of: number;
  readonly because: string;
};

/**
 * By the Region that carries the most, because that is what may come here; never fewer than now, never more than `max`.
 * A service that is set to 0 stays there.
 */
export function warm({ scaling, current, everywhere, percent }: WarmView): Warmth {
  const of = Math.min(scaling.max, Math.max(current, ...everywhere));
  if (current === 0) return { replicas: 0, of, because: "it is set to 0" };
  const wanted = Math.ceil((of * percent) / 100);
  const replicas = Math.max(current, Math.min(scaling.max, wanted));
  const said = `${percent} % of the ${of} that the busiest Region has`;
  if (wanted > scaling.max)
    return { replicas, of, because: `${said}; never more than ${replicas}` };
  if (wanted < current) return { replicas, of, because: `${said}; never fewer than now` };
  return { replicas, of, because: said };
}
