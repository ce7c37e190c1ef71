/** States in the Region's `carts` database, while its Redis does not answer. */
import { openDatabase } from "../shared/database.ts";
import { Unavailable } from "../shared/refusal.ts";
import type { PathHealth } from "../shared/service.ts";
import type { StatePlace } from "./state-place.ts";
import { expiresAtMs, stateSchema, type State } from "./state.ts";

/** 1,000 rows: a transaction of some milliseconds. What is left is pruned the next time. */
const pruneRowsMax = 1_000;

/** 5: only in an emergency is it more than one read by key for each request. */
const connectionsMax = 5;

export class FallbackStates implements StatePlace {
  readonly #database: ReturnType<typeof openDatabase>;

  /** `url` as in `CARTS_URL`. Opens no connection yet. */
  constructor(url: string) {
    this.#database = openDatabase({ url, manner: "gateway", isLocal: true, connectionsMax });
  }

  /** @throws Unavailable */
  async find(id: string): Promise<State | undefined> {
    const { rows } = await this.#database
      .read<{ state: unknown }>(
        "select state from checkout_fallback where id = $1 and expires_at > now()",
        [id],
      )
      .catch(failed);
    return stateSchema.safeParse(rows[0]?.state).data;
  }

  /** @throws Unavailable */
  async keep(id: string, state: State, baseVersion: number): Promise<boolean> {
    const { rows } = await this.#database
      .write(
        `insert into checkout_fallback as kept (id, state, expires_at)
         values ($1, $2, to_timestamp($3 / 1000.0))
         on conflict (id) do update set state = excluded.state, expires_at = excluded.expires_at
           where (kept.state ->> 'version')::bigint <= $4 or kept.state = excluded.state
         returning 1`,
        [id, JSON.stringify(state), expiresAtMs(state), baseVersion],
        { isRepeatable: true },
      )
      .catch(failed);
    return rows.length > 0;
  }

  /** Its place is elsewhere again. A newer one stays. @throws Unavailable */
  async forget(id: string, version: number): Promise<void> {
    await this.#database
      .write(
        "delete from checkout_fallback where id = $1 and (state ->> 'version')::bigint <= $2",
        [id, version],
        { isRepeatable: true },
      )
      .catch(failed);
  }

  /** Removes what has expired, a bounded number of rows at a time. @throws Unavailable */
  async prune(): Promise<void> {
    await this.#database
      .write(
        `delete from checkout_fallback where id in (
           select id from checkout_fallback where expires_at < now() limit $1 for update skip locked
         )`,
        [pruneRowsMax],
        { isRepeatable: true },
      )
      .catch(failed);
  }

  async health(): Promise<PathHealth> {
    return await this.#database
      .read("select host(inet_server_addr()) as served_by from checkout_fallback limit 1", [])
      .then(
        ({ from }) => ({ ok: true, ms: from.ms }),
        () => ({ ok: false, ms: 0 }),
      );
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

/** Also when the table is not there yet, because the cart service has never started here. */
function failed(cause: unknown): never {
  if (cause instanceof Unavailable) throw cause;
  throw new Unavailable("The checkout cannot be kept at the moment. Please try again.", { cause });
}
