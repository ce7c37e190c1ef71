/** Small writes to a server, here or through the link, to see whether it takes writes now. */
import type { Address } from "../model/address.ts";
import { formatAddress } from "../model/address.ts";
import type { Secret } from "../std/secret.ts";
import { probeScript } from "./own-objects.ts";
import { SqlConnection } from "./sql-connection.ts";

/** 5 s: to log in takes some five round trips, of a second each at worst. */
const LOGIN_MS_MAX = 5_000;
/** 2 s: a write takes one such round trip; when it takes this long, clients feel a pause. */
const PROBE_MS_MAX = 2_000;

export class WriteProbes {
  readonly #password: Secret;
  readonly #connections = new Map<string, SqlConnection>();

  constructor(password: Secret) {
    this.#password = password;
  }

  async probe(at: Address, signal: AbortSignal): Promise<boolean> {
    const name = formatAddress(at);
    const made = this.#connections.get(name);
    const limits = { connectTimeoutMs: LOGIN_MS_MAX, queryTimeoutMs: PROBE_MS_MAX };
    const connection = made ?? new SqlConnection(at, this.#password, limits);
    this.#connections.set(name, connection);
    const isAcknowledged = await connection.script(probeScript, signal).then(
      () => true,
      () => false,
    );
    signal.throwIfAborted();
    // `close` came while it was under way.
    if (this.#connections.get(name) !== connection) connection.close();
    return isAcknowledged;
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }
}
