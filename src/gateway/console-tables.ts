/** What the console shows, as rows. */
import { formatAddress } from "../model/address.ts";
import type { Gateway } from "./gateway.ts";

export type ConsoleRow = Readonly<Record<string, string | number | boolean | null>>;

const tables: Readonly<Record<string, (gateway: Gateway) => readonly ConsoleRow[]>> = {
  stats: (gateway) => gateway.counters().map((counters) => ({ ...counters })),
  pools: (gateway) =>
    gateway.databases.flatMap((home) =>
      home.pools().map(({ trouble, ...pool }) => ({
        database: home.database,
        ...pool,
        trouble: trouble ?? null,
      })),
    ),
  sessions: (gateway) =>
    gateway.sessions.map(({ session: { runner, queuedBytes }, home }) => ({
      id: runner.identity.key.processId,
      database: home.database,
      name: runner.identity.name,
      user: runner.identity.user,
      client: runner.identity.remote,
      consistency: runner.state.level,
      transaction: runner.state.transaction.phase.kind,
      has_server: runner.server !== undefined,
      waits_for: runner.waitsFor ?? null,
      prepared: runner.state.names.size,
      unread_bytes: queuedBytes,
      peer: runner.identity.peer?.region ?? null,
    })),
  pins: (gateway) =>
    gateway.sessions
      .filter(({ session }) => session.runner.isPinned)
      .map(({ session: { runner }, home }) => ({
        id: runner.identity.key.processId,
        database: home.database,
        user: runner.identity.user,
        client: runner.identity.remote,
        pins: [...runner.state.pins].join(", "),
      })),
  routes: (gateway) =>
    gateway.databases.map(({ database, route, isWriterHere, mayWriteHere }) => ({
      database,
      epoch: route?.epoch ?? null,
      writer: route?.writer ?? null,
      is_here: isWriterHere,
      has_lease: mayWriteHere,
      instances:
        route?.instances
          .map((one) => `${formatAddress(one.address)}${one.isServing ? "" : " (down)"}`)
          .join(", ") ?? null,
    })),
  holds: (gateway) =>
    gateway.databases.map(({ database, door }) => ({
      database,
      phase: door.phase,
      inside: door.inside,
      waiting: door.waiting,
      waiting_bytes: door.waitingBytes,
      held_ms: Math.round(door.heldMs),
    })),
  config: (gateway) =>
    Object.entries(gateway.settings.limits).map(([name, value]) => ({ name, value })),
};

export const consoleTables: readonly string[] = Object.keys(tables);

/** Undefined: there is none of that name. */
export function consoleTable(gateway: Gateway, name: string): readonly ConsoleRow[] | undefined {
  return Object.hasOwn(tables, name) ? tables[name]?.(gateway) : undefined;
}
