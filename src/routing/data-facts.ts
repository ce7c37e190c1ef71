/** What the caller knows of the databases when somebody changes controls; safety rules may ask for it. */
import type { DatabaseId, RegionId } from "../model/region.ts";

/**
 * All global databases, also those of which nothing is known yet: what is left out holds nobody up. A local one has no
 * copy that could be behind.
 */
export type DataFacts = {
  readonly databases: readonly {
    readonly database: DatabaseId;
    /** False while a failover of it still waits for the proof that its old writer cannot write. */
    readonly isFenceProved: boolean;
    /** One for each Region that belongs to it. */
    readonly copies: readonly {
      readonly region: RegionId;
      /** 0 where the writer is; undefined while it is not known. */
      readonly lagMs: number | undefined;
    }[];
  }[];
};
