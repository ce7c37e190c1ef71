/**
 * LISTEN without binding a client to a server: one connection per database listens for all of its sessions here, at the
 * writer, and listens again at the next writer. As in PostgreSQL, what is sent while nobody is connected is not heard.
 */
import { Socket } from "node:net";
import pg from "pg";
import { withDeadline } from "../env/deadline.ts";
import type { Clock, Log } from "../env/env.ts";
import { pauseUntil } from "../env/pause-until.ts";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import { Backoff } from "../std/backoff.ts";
import { Pulse } from "../std/pulse.ts";
import { encodeNotification } from "../wire/postgres/backend-messages.ts";
import type { InternalLogin } from "./internal-connection.ts";
import type { Listener } from "./session-home.ts";

/** 5 s for a LISTEN to be confirmed: a login through a link takes some five round trips. */
const confirmMs = 5_000;
/** Between tries to listen at a writer that is not there. */
const retryFirstMs = 50;
const retryMsMax = 1_000;
/** Names of one database's sessions together; each costs the writer a hash entry. */
const channelsMax = 10_000;

type Doors = { readonly clock: Clock; readonly log: Log };

export class Notifications {
  readonly #login: InternalLogin;
  readonly #doors: Doors;
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Those that the present connection listens to. */
  readonly #confirmed = new Set<string>();
  readonly #changed = new Pulse();
  /** Beats when the writer is somewhere else: nobody waits any longer then to try again. */
  readonly #moved = new Pulse();
  #place: { readonly address: Address; readonly isHere: boolean } | undefined;
  #client: pg.Client | undefined;
  #isRunning = false;
  readonly #end: AbortSignal;

  constructor(login: InternalLogin, doors: Doors, end: AbortSignal) {
    this.#login = login;
    this.#doors = doors;
    this.#end = end;
  }

  /** Where the writer is that accepts writes, or its gateway; at a standby nobody can listen. */
  follow(address: Address | undefined, isHere: boolean): void {
    const before = this.#place && formatAddress(this.#place.address);
    if (before === (address && formatAddress(address))) return;
    this.#place = address && { address, isHere };
    this.#drop();
    this.#moved.beat();
  }

  /** Settles when the writer has confirmed. @throws Failure `gateway.no-writer`, `gateway.limit-reached` */
  async listen(channel: string, listener: Listener, signal: AbortSignal): Promise<void> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    const isKnown = listeners.has(listener);
    if (this.#listeners.size >= channelsMax && listeners.size === 0) {
      throw new Failure("gateway.limit-reached", `${channelsMax} channels are listened to already`);
    }
    this.#listeners.set(channel, listeners.add(listener));
    this.#changed.beat();
    void this.#run();
    const expired = (): Failure =>
      new Failure("gateway.no-writer", `The writer did not confirm LISTEN within ${confirmMs} ms`);
    try {
      await withDeadline(this.#doors.clock, { ms: confirmMs, expired }, signal, async (within) => {
        while (!this.#confirmed.has(channel) && !within.aborted) await this.#changed.next(within);
      });
    } catch (error) {
      if (!isKnown) this.unlisten(channel, listener);
      throw error;
    }
  }

  /** Undefined: everything that it listens to. */
  unlisten(channel: string | undefined, listener: Listener): void {
    for (const [name, listeners] of this.#listeners) {
      if (channel !== undefined && channel !== name) continue;
      if (!listeners.delete(listener) || listeners.size > 0) continue;
      this.#listeners.delete(name);
      this.#changed.beat();
    }
  }

  /** Listens as long as anybody does. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const backoff = new Backoff(retryFirstMs, retryMsMax);
    const { clock, log } = this.#doors;
    while (this.#listeners.size > 0 && !this.#end.aborted) {
      try {
        await this.#keepUp();
        backoff.reset();
      } catch (error) {
        this.#drop();
        log.debug("gateway.listen-failed", { error: describeError(error) });
        const againMs = clock.monotonicMs() + backoff.nextMs();
        await pauseUntil(clock, this.#moved, againMs, this.#end);
      }
    }
    this.#drop();
    this.#isRunning = false;
  }

  /** Makes the connection listen to what is wanted, then waits for a change. */
  async #keepUp(): Promise<void> {
    const client = this.#client ?? (await this.#connect());
    const changed = this.#changed.next(this.#end);
    for (const channel of this.#listeners.keys()) {
      if (this.#confirmed.has(channel)) continue;
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      if (this.#client !== client) return;
      this.#confirmed.add(channel);
      this.#changed.beat();
    }
    for (const channel of this.#confirmed) {
      if (this.#listeners.has(channel)) continue;
      this.#confirmed.delete(channel);
      await client.query(`UNLISTEN ${pg.escapeIdentifier(channel)}`);
    }
    if (this.#client === client) await changed;
  }

  async #connect(): Promise<pg.Client> {
    const place = this.#place;
    if (!place) throw new Failure("gateway.no-writer", "The writer is not known yet");
    const { host, port } = place.address;
    const client = new pg.Client({
      host,
      port,
      user: this.#login.user,
      password: this.#login.password.reveal(),
      database: place.isHere ? this.#login.database : `${this.#login.database}-rw`,
      application_name: "leeward-gateway-listener",
      connectionTimeoutMillis: confirmMs,
      keepAlive: true,
      stream: () => new Socket().setNoDelay(true),
    });
    // One that is given up tells its end when there is another already.
    const lost = (): void => {
      if (this.#client === client) this.#drop();
    };
    client.on("error", lost);
    client.on("end", lost);
    client.on("notification", (message) => this.#pass(message));
    try {
      await client.connect();
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    if (this.#place !== place || this.#end.aborted) {
      client.end().catch(() => undefined);
      throw new Failure("gateway.no-writer", "The writer is elsewhere now");
    }
    this.#client = client;
    return client;
  }

  #pass({ channel, payload, processId }: pg.Notification): void {
    const message = encodeNotification({ processId, channel, payload: payload ?? "" });
    for (const listener of this.#listeners.get(channel) ?? []) listener.notified(channel, message);
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#confirmed.clear();
    this.#changed.beat();
    client?.end().catch(() => undefined);
  }
}
