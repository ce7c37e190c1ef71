/**
 * The doors to the machine. Every effect of the program passes through one of them or through a
 * door of the domain (`store`, `postgres`, `link`), so a simulation that owns the doors owns the world.
 */
import type { Address } from "../model/address.ts";
import type { Json } from "../std/json.ts";

export type { Json };

export interface Clock {
  /**
   * For elapsed time, deadlines and leases. Never goes back. The same in every program of a machine; means nothing to
   * another machine.
   */
  monotonicMs(): number;
  /** For people: logs, events, audit. May jump. */
  wallMs(): number;
  /** Settles after `ms`, or rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Random {
  /** In [0, 1). */
  float(): number;
  /** `bytes` random bytes in lower-case hex, fit for a secret in the real one. */
  hex(bytes: number): string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Events are `folder.noun-verb-in-past`; `error`: somebody must act, `warn`: we coped. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** The same log with these fields on every line. */
  child(fields: Fields): Log;
}

/** Answers one request. `peer` is the name that the peer's token stands for. Throw a `Failure` to refuse. */
export type Handler = (peer: string, message: Json, signal: AbortSignal) => Promise<Json>;

/** Requests and answers between programs: controller, agents, network. Small JSON messages, never bulk data. */
export interface Network {
  /**
   * Listens until `signal` aborts; settles once it listens. `authenticate` maps a bearer token to a peer's
   * name, or refuses with undefined.
   * @throws Failure `network.address-in-use`, `network.address-unavailable`
   */
  serve(
    address: Address,
    authenticate: (token: string) => string | undefined,
    handler: Handler,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Asks once; never retries by itself.
   * @throws Failure `network.unreachable` when no answer came within `timeoutMs` (the request may have been
   * carried out), or the peer's own Failure with its code when it refused.
   */
  request(to: Address, message: Json, options: RequestOptions, signal: AbortSignal): Promise<Json>;
}

export type RequestOptions = { readonly token: string; readonly timeoutMs: number };

/** Small files that the programs keep: state, credentials. Never a database's data. */
export interface Files {
  /** The whole text, or undefined when there is no such file. @throws Failure `state.not-writable` when it cannot be read. */
  read(path: string): string | undefined;
  /**
   * Replaces the file as a whole: temporary file, fsync, rename, fsync of the directory. A reader sees the old
   * text or the new one, also after a power cut. @throws Failure `state.not-writable`, `disk.full`
   */
  write(path: string, text: string, mode: number): void;
  /** Makes the directory and its parents; an existing one keeps its mode. */
  makeDirectory(path: string, mode: number): void;
  exists(path: string): boolean;
  /** Removes a file or a whole directory; a no-op when it is not there. */
  remove(path: string): void;
}
