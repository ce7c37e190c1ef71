/**
 * A look into a server after code ran in it that may have changed anything of its session: what is set now, and what
 * binds the client to it. Costs about a millisecond, so it is done after such code alone.
 */
import type { PinReason } from "../sql/sql.ts";
import { quoteText, SessionSettings, settingStatement } from "./session-settings.ts";
import type { OwnResult } from "./own-query.ts";

/**
 * @param custom names of settings that pg_settings does not list, as plain identifiers with dots
 */
export function lookQuery(custom: Iterable<string>): string {
  const names = [...new Set(custom)].map(quoteText).join(", ");
  return `${look}, (SELECT pg_catalog.json_object_agg(name, value)::text
     FROM (SELECT name, pg_catalog.current_setting(name, true) AS value
             FROM pg_catalog.unnest(ARRAY[${names}]::text[]) AS name) AS custom WHERE value <> '')`;
}

/** Outside a transaction, so that what belongs to one is gone: a lock that is left is the session's. */
const look = `SELECT
  (SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()),
  (SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema())
    + (SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema())
    + (SELECT count(*) FROM pg_catalog.pg_type WHERE typnamespace = pg_catalog.pg_my_temp_schema()),
  (SELECT count(*) FROM pg_catalog.pg_cursors WHERE is_holdable),
  (SELECT count(*) FROM pg_catalog.pg_prepared_statements WHERE from_sql),
  session_user, pg_catalog.current_setting('role'),
  (SELECT pg_catalog.json_object_agg(name, pg_catalog.current_setting(name))::text
     FROM pg_catalog.pg_settings WHERE source = 'session' AND context IN ('user', 'superuser')),
  (SELECT pg_catalog.json_agg(channel)::text FROM pg_catalog.pg_listening_channels() AS channel)`;

export type Look = {
  readonly settings: SessionSettings;
  readonly pins: readonly PinReason[];
  /** What code in it listens to. */
  readonly channels: readonly string[];
};

/** Undefined when the server did not answer as it should. @param user who logged in */
export function readLook({ rows, error }: OwnResult, user: string): Look | undefined {
  const [row] = rows;
  if (error !== undefined || row === undefined) return undefined;
  const [locks, tables, cursors, statements, sessionUser, role, settings, channels, custom] = row;
  const found: readonly [string | undefined, PinReason][] = [
    [locks, "advisory lock"],
    [tables, "temporary table"],
    [cursors, "cursor with hold"],
    [statements, "prepared statement"],
  ];
  const values = [settings, custom].flatMap((texts) =>
    Object.entries(JSON.parse(texts ?? "{}") as Record<string, string>),
  );
  const who: [string, string][] = [];
  if (sessionUser !== undefined && sessionUser !== user) {
    who.push(["session_authorization", `SET SESSION AUTHORIZATION ${quoteText(sessionUser)}`]);
  }
  if (role !== undefined && role !== "none") {
    who.push(["role", `SET ROLE ${quoteText(role)}`]);
  }
  return {
    settings: SessionSettings.of([
      ...values.map(([name, value]) => [name, settingStatement(name, value)] as const),
      ...who,
    ]),
    channels: JSON.parse(channels ?? "[]") as readonly string[],
    pins: found.filter(([count]) => count !== undefined && count !== "0").map(([, pin]) => pin),
  };
}
