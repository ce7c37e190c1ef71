/** Makes a running standby the primary. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { Fork } from "../model/fork.ts";
import type { SqlConnection } from "./sql-connection.ts";
import { historyFileName, lastFork } from "./timeline-history.ts";

/** It takes 0.1 s; but first everything that was received is replayed, which a conflict or a slow disk holds up. */
const PROMOTE_MS_MAX = 60_000;

/** The write pause waits for this; `pg_promote` itself looks ten times a second. Asking takes 0.2 ms. */
const PROMOTE_POLL_MS = 5;

type PromotionRow = { readonly is_in_recovery: boolean; readonly timeline: number | null };

const promotionQuery = `
select pg_is_in_recovery() as is_in_recovery,
       case when not pg_is_in_recovery()
            then ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
       end as timeline`;

export type PromotionDoors = {
  readonly sql: SqlConnection;
  readonly clock: Clock;
  readonly data: string;
  /** Before it is asked to leave recovery, which alone holds writes off until then. */
  readonly closeWrites: () => Promise<void>;
  /** Once it is asked: there is time to do something for what comes next. */
  readonly prepare: () => void;
};

/** Also answers for one that was promoted before. @throws Failure `postgres.promote-failed` */
export async function promote(doors: PromotionDoors, signal: AbortSignal): Promise<Fork> {
  const { sql, clock, data } = doors;
  const deadline = clock.monotonicMs() + PROMOTE_MS_MAX;
  let isAsked = false;
  for (;;) {
    const [row] = await sql.query<PromotionRow>(promotionQuery, [], signal);
    if (row && row.timeline !== null) return readFork(data, row.timeline);
    if (clock.monotonicMs() > deadline) {
      const because = `it is in recovery ${PROMOTE_MS_MAX / 1000} s after it was asked to leave it`;
      throw new Failure("postgres.promote-failed", `${data} is no primary yet: ${because}`);
    }
    if (!isAsked) {
      await doors.closeWrites();
      await sql.query("select pg_promote(false)", [], signal);
      doors.prepare();
      isAsked = true;
    }
    await clock.sleep(PROMOTE_POLL_MS, signal);
  }
}

async function readFork(data: string, timeline: number): Promise<Fork> {
  const path = join(data, "pg_wal", historyFileName(timeline));
  const history = await readFile(path, "utf8").catch((cause: unknown) => {
    const because = `timeline ${timeline} has no history in ${path}: it was never promoted`;
    throw new Failure("postgres.promote-failed", because, { cause });
  });
  const fork = lastFork(timeline, history);
  if (fork) return fork;
  throw new Failure(
    "postgres.promote-failed",
    `${path} does not say where timeline ${timeline} began`,
  );
}
