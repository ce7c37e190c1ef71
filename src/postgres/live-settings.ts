/** Changes settings of a running server, by a reload, and waits until it has read them. */
import { Failure } from "../model/failure.ts";
import type { LiveSettings } from "./configuration.ts";
import { changeLiveSettings } from "./configuration-files.ts";
import type { Instance } from "./instance.ts";
import type { SqlConnection } from "./sql-connection.ts";

/** A reload is a signal that each process of the server answers at its next pause. */
const RELOAD_MS_MAX = 5000;

/** It takes 1 to 3 ms, and opening writes waits for it; asking takes 0.2 ms. */
const RELOAD_POLL_MS = 2;

const areReadQuery = `
select bool_and(case setting when 'on' then 'true' when 'off' then 'false' else setting end
                = wanted.value) as are_read
  from jsonb_each_text($1::jsonb) as wanted (name, value)
 cross join lateral current_setting(wanted.name) as setting`;

export class SettingsChanger {
  readonly #instance: Instance;
  readonly #sql: SqlConnection;
  readonly #reload: () => void;
  /** Each change reads the file that the one before wrote. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(instance: Instance, sql: SqlConnection, reload: () => void) {
    this.#instance = instance;
    this.#sql = sql;
    this.#reload = reload;
  }

  /** No-op when they are so already. @throws Failure `postgres.query-failed` */
  async change(settings: LiveSettings, signal: AbortSignal): Promise<void> {
    const turn = this.#tail.then(async () => this.#change(settings, signal));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #change(settings: LiveSettings, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const hasChanged = await changeLiveSettings(this.#instance, settings);
    // One that was interrupted may have written the file and never sent the signal.
    if (!hasChanged && (await this.#areRead(settings, signal))) return;
    this.#reload();
    const { clock } = this.#instance;
    const deadline = clock.monotonicMs() + RELOAD_MS_MAX;
    while (!(await this.#areRead(settings, signal))) {
      if (clock.monotonicMs() > deadline) {
        const names = Object.keys(settings).join(", ");
        const because = `did an ALTER SYSTEM of its own set ${names}?`;
        throw new Failure("postgres.query-failed", `A reload does not take effect; ${because}`);
      }
      await clock.sleep(RELOAD_POLL_MS, signal);
    }
  }

  async #areRead(settings: LiveSettings, signal: AbortSignal): Promise<boolean> {
    const values = [JSON.stringify(settings)];
    const [row] = await this.#sql.query<{ are_read: boolean }>(areReadQuery, values, signal);
    return row?.are_read ?? false;
  }
}
