/**
 * Opens connections to servers as the users who have logged in here, with what their own logins have proved, and keeps
 * what the servers said.
 */
import type { Address } from "../model/address.ts";
import type { DatabaseId } from "../model/region.ts";
import type { ScramKeys } from "../wire/postgres/scram-keys.ts";
import type { CurrentRoute } from "./current-route.ts";
import type { ServerConnection } from "./server-connection.ts";
import { openServer, type OpenerDoors } from "./server-opener.ts";
import type { OpenResult } from "./server-pool.ts";
import { nowhere, type Target } from "./target.ts";

export type ServerLoginsDoors = OpenerDoors & {
  /** The writer here is held: it is about to stop. */
  readonly isHeld: () => boolean;
};

export class ServerLogins {
  readonly #database: DatabaseId;
  readonly #route: CurrentRoute;
  readonly #doors: ServerLoginsDoors;
  readonly #end: AbortSignal;
  readonly #keys = new Map<string, ScramKeys>();
  readonly #addresses = new WeakMap<ServerConnection, Address>();
  #parameters: ReadonlyMap<string, string> = new Map();
  readonly #parametersOf = new Map<string, ReadonlyMap<string, string>>();

  constructor(
    database: DatabaseId,
    route: CurrentRoute,
    doors: ServerLoginsDoors,
    end: AbortSignal,
  ) {
    this.#database = database;
    this.#route = route;
    this.#doors = doors;
    this.#end = end;
  }

  /** The user's own login has proved these. */
  keep(user: string, keys: ScramKeys): void {
    this.#keys.set(user, keys);
  }

  /** What a server reported to this user, or to anybody; empty before any was met. */
  parametersFor(user: string): ReadonlyMap<string, string> {
    return this.#parametersOf.get(user) ?? this.#parameters;
  }

  /** Where a connection that was opened here leads. */
  addressOf(server: ServerConnection): Address | undefined {
    return this.#addresses.get(server);
  }

  /** @param hops that a peer is told. Never rejects. */
  async open(target: Target, user: string, hops: number): Promise<OpenResult> {
    const keys = this.#keys.get(user);
    if (target === nowhere || keys === undefined) {
      return { kind: "unreachable", because: "it is not known yet where to go" };
    }
    const because = this.#obstacle(target);
    if (because !== undefined) return { kind: "unreachable", because };
    const { region } = this.#route.place;
    const result = await openServer(
      target,
      {
        user,
        database: target.isPeer ? `${this.#database}-rw` : this.#database,
        credential: { kind: "keys", keys },
        parameters: new Map(target.isPeer ? [["leeward.peer", `${region}/${hops}`]] : []),
        mayPassOn: () => this.#route.mayPassOn(target),
      },
      this.#doors,
      this.#end,
    );
    if (result.kind === "open") {
      this.#addresses.set(result.server, target.address);
      this.#parameters = result.server.parameters;
      this.#parametersOf.set(user, result.server.parameters);
    }
    return result;
  }

  #obstacle({ isWriter, isPeer }: Target): string | undefined {
    if (!isWriter || isPeer) return undefined;
    const because = this.#route.whyClosed;
    return because ?? (this.#doors.isHeld() ? "the writer here is about to stop" : undefined);
  }
}
