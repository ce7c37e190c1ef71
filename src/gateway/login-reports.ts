/**
 * What a login is told of its parameters: what PostgreSQL itself would report to this user with this startup message,
 * or its refusal. A server is set up alike once for each combination; the logins after that know the answer.
 */
import type { Clock } from "../env/env.ts";
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import { prepareServer } from "./after-unit.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerUser } from "./server-user.ts";
import type { ServerPool } from "./server-pool.ts";
import type { SessionHome, SessionIdentity } from "./session-home.ts";
import type { SessionSettings } from "./session-settings.ts";
import { withSignal } from "./with-signal.ts";

export type LoginReport =
  | { readonly kind: "parameters"; readonly parameters: ReadonlyMap<string, string> }
  | { readonly kind: "refused"; readonly error: PgError };

/** 1 s: a login does not wait for longer to be told the truth about its parameters. */
const withinMs = 1_000;
/** 60 s, and ALTER ROLE … SET is seen. */
const freshMs = 60_000;
/** Combinations of a user and a startup message. */
const knownMax = 1_000;

/** SQLSTATE query_canceled. */
const cancelled = "57014";

type Known = { readonly parameters: ReadonlyMap<string, string>; readonly atMs: number };

export class LoginReports {
  readonly #home: SessionHome;
  readonly #clock: Clock;
  readonly #end: AbortSignal;
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Promise<LoginReport | undefined>>();

  constructor(home: SessionHome, clock: Clock, end: AbortSignal) {
    this.#home = home;
    this.#clock = clock;
    this.#end = end;
  }

  /** The writer is elsewhere: a standby reports other things than a writer. */
  forget(): void {
    this.#known.clear();
  }

  /** At once when the answer is known, or nobody can be asked now; `else_` is what to say in that case. */
  find(
    identity: SessionIdentity,
    else_: ReadonlyMap<string, string>,
  ): LoginReport | Promise<LoginReport> {
    const { settings, name } = withoutName(identity.startup);
    const key = `${identity.user}\0${identity.mode}\0${settings.key}`;
    const known = this.#known.get(key);
    const isFresh = known !== undefined && this.#clock.monotonicMs() < known.atMs + freshMs;
    const named = (parameters: ReadonlyMap<string, string>): LoginReport => ({
      kind: "parameters",
      parameters: new Map([...parameters, ...name]),
    });
    const otherwise = named(known?.parameters ?? else_);
    if (isFresh || this.#home.door.phase !== "open") return otherwise;
    const asked = this.#asked.get(key) ?? this.#ask(key, identity, settings);
    return asked.then((report) => {
      if (report === undefined) return otherwise;
      return report.kind === "refused" ? report : named(report.parameters);
    });
  }

  #ask(
    key: string,
    identity: SessionIdentity,
    settings: SessionSettings,
  ): Promise<LoginReport | undefined> {
    const asked = this.#setUp(identity, settings)
      .then((report) => {
        if (report?.kind === "parameters") this.#keep(key, report.parameters);
        return report;
      })
      .catch(() => undefined)
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  #keep(key: string, parameters: ReadonlyMap<string, string>): void {
    this.#known.delete(key);
    this.#known.set(key, { parameters, atMs: this.#clock.monotonicMs() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > knownMax && oldest !== undefined) this.#known.delete(oldest);
  }

  async #setUp(
    identity: SessionIdentity,
    settings: SessionSettings,
  ): Promise<LoginReport | undefined> {
    const pool = this.#home.pool(this.#home.hasLocal ? "local" : "writer", identity);
    const user = new Visitor();
    const server = pool.take(settings) ?? (await this.#wait(pool));
    if (server === undefined) return undefined;
    server.linkTo(user);
    const preparation = prepareServer(server, user, { settings, forgets: false });
    const error = preparation && (await answerOf(server, preparation.sql));
    if (server.isLost) return undefined;
    server.unlink();
    // What it has set before the error is not known.
    if (error) server.close();
    pool.giveBack(server);
    // The timeout of whoever had the server before is not this login's fault.
    if (error?.code === cancelled) return undefined;
    if (error) return { kind: "refused", error: pgError({ ...error, severity: "FATAL" }) };
    return { kind: "parameters", parameters: asOneWriter(server.reported, identity) };
  }

  async #wait(pool: ServerPool): Promise<ServerConnection | undefined> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#end]);
    let giveUp = (): void => undefined;
    const ready = new Promise<ServerConnection | undefined>((resolve) => {
      giveUp = pool.wait({ ready: resolve, failed: () => resolve(undefined), isPatient: false });
    });
    const late = this.#clock.sleep(withinMs, signal).then(() => undefined);
    try {
      return await withSignal(Promise.race([ready, late]), this.#end);
    } finally {
      giveUp();
      over.abort();
      late.catch(() => undefined);
    }
  }
}

/** Whoever connects to a name that takes writes has a server that takes them, wherever it is. */
function asOneWriter(
  reported: ReadonlyMap<string, string>,
  { mode, startup }: SessionIdentity,
): ReadonlyMap<string, string> {
  const parameters = new Map(reported);
  if (mode === "local" || reported.get("in_hot_standby") !== "on") return parameters;
  parameters.set("in_hot_standby", "off");
  const readOnly = "default_transaction_read_only";
  if (!startup.entries.has(readOnly)) parameters.set(readOnly, "off");
  return parameters;
}

/** Most logins differ in their names alone; one in ASCII is reported as it was given. */
function withoutName(startup: SessionSettings): {
  readonly settings: SessionSettings;
  readonly name: readonly (readonly [string, string])[];
} {
  const statement = startup.entries.get("application_name");
  const name = /^SET "application_name" TO '([ -~]{0,63})'$/.exec(statement ?? "")?.[1];
  if (name === undefined) return { settings: startup, name: [] };
  const plain = name.replaceAll("''", "'");
  return {
    settings: startup.without("application_name"),
    name: [["application_name", plain]],
  };
}

function answerOf(server: ServerConnection, sql: string): Promise<PgError | undefined> {
  return new Promise((resolve) => {
    server.ask(sql, ({ error }) => resolve(error));
  });
}

/** Holds a server for a moment, and has no client that could be told anything. */
class Visitor implements ServerUser {
  begin(): void {}
  finish(): void {}
  pass(): void {}
  unitEnded(): void {}
  tokenCame(): void {}
  copyInBegan(): void {}
  serverLost(): void {}
}
