/** What PostgreSQL is given to reach the other Region's PostgreSQL. Pure. */
import type { Peer } from "./peers.ts";

/**
 * With the password: to be handed over as a parameter, never as the text of a statement. A link that is cut without a
 * word is noticed after 9 s, so that the worker tries again and the slot is free for it.
 */
export function connectionString(peer: Peer, password: string): string {
  const pairs = {
    host: peer.host,
    port: peer.port,
    user: peer.user,
    password,
    dbname: peer.database,
    connect_timeout: 5,
    keepalives_idle: 5,
    keepalives_interval: 2,
    keepalives_count: 2,
    tcp_user_timeout: 9_000,
  };
  const quote = (value: string | number): string =>
    `'${String(value).replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join(" ");
}
