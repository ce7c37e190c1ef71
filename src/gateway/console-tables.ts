/** What the console shows, as rows. */
import { formatAddress } from "../model/address.ts";
import type { Gateway } from "./gateway.ts";

export type ConsoleValue = string | number | boolean | null;
export type ConsoleTable = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ConsoleValue[])[];
};

type Column<T> = readonly [string, (one: T) => ConsoleValue | undefined];

function tableOf<T>(things: readonly T[], columns: readonly Column<T>[]): ConsoleTable {
  return {
    columns: columns.map(([name]) => name),
    rows: things.map((one) => columns.map(([, value]) => value(one) ?? null)),
  };
}

type Entry = Gateway["sessions"][number];
type Database = Gateway["databases"][number];
type Counters = ReturnType<Gateway["counters"]>[number];

const who: readonly Column<Entry>[] = [
  ["id", ({ session }) => session.runner.identity.key.processId],
  ["database", ({ home }) => home.database],
  ["name", ({ session }) => session.runner.identity.name],
  ["user", ({ session }) => session.runner.identity.user],
  ["client", ({ session }) => session.runner.identity.remote],
];

const sessionColumns: readonly Column<Entry>[] = [
  ...who,
  ["consistency", ({ session }) => session.runner.state.level],
  ["transaction", ({ session }) => session.runner.state.transaction.phase.kind],
  ["has_server", ({ session }) => session.runner.server !== undefined],
  ["waits_for", ({ session }) => session.runner.waitsFor],
  ["prepared", ({ session }) => session.runner.state.names.size],
  ["unread_bytes", ({ session }) => session.queuedBytes],
  ["peer", ({ session }) => session.runner.identity.peer?.region],
];

const pinColumns: readonly Column<Entry>[] = [
  ...who,
  ["pins", ({ session }) => [...session.runner.state.pins].join(", ")],
];

const routeColumns: readonly Column<Database>[] = [
  ["database", ({ database }) => database],
  ["epoch", ({ route }) => route?.epoch],
  ["writer", ({ route }) => route?.writer],
  ["is_here", ({ isWriterHere }) => isWriterHere],
  ["has_lease", ({ mayWriteHere }) => mayWriteHere],
  ["instances", instancesText],
];

const holdColumns: readonly Column<Database>[] = [
  ["database", ({ database }) => database],
  ["phase", ({ door }) => door.phase],
  ["inside", ({ door }) => door.inside],
  ["waiting", ({ door }) => door.waiting],
  ["waiting_bytes", ({ door }) => door.waitingBytes],
  ["held_ms", ({ door }) => Math.round(door.heldMs)],
];

const counterNames: readonly (keyof Counters)[] = [
  "database",
  "sessions",
  "pinnedSessions",
  "heldUnits",
  "serverConnections",
  "localReads",
  "writerReads",
  "writes",
  "commits",
  "errors",
  "replays",
  "writeMs",
  "readWaits",
  "readWaitMs",
  "rejectedSessions",
  "holds",
  "holdMs",
];

const tables: Readonly<Record<string, (gateway: Gateway) => ConsoleTable>> = {
  stats: (gateway) =>
    tableOf(
      gateway.counters(),
      counterNames.map((name) => [snake(name), (one: Counters) => rounded(one[name])]),
    ),
  pools: (gateway) =>
    tableOf(
      gateway.databases.flatMap((home) =>
        home.pools().map((pool) => ({ database: home.database, ...pool })),
      ),
      [
        ["database", ({ database }) => database],
        ["target", ({ target }) => target],
        ["user", ({ user }) => user],
        ["size", ({ size }) => size],
        ["idle", ({ idle }) => idle],
        ["waiting", ({ waiting }) => waiting],
        ["trouble", ({ trouble }) => trouble],
      ],
    ),
  sessions: (gateway) => tableOf(gateway.sessions, sessionColumns),
  pins: (gateway) =>
    tableOf(
      gateway.sessions.filter(({ session }) => session.runner.isPinned),
      pinColumns,
    ),
  routes: (gateway) => tableOf(gateway.databases, routeColumns),
  holds: (gateway) => tableOf(gateway.databases, holdColumns),
  config: (gateway) =>
    tableOf(Object.entries(gateway.settings.limits), [
      ["name", ([name]) => name],
      ["value", ([, value]) => value],
    ]),
};

export const consoleTables: readonly string[] = Object.keys(tables);

/** Undefined: there is none of that name. */
export function consoleTable(gateway: Gateway, name: string): ConsoleTable | undefined {
  return Object.hasOwn(tables, name) ? tables[name]?.(gateway) : undefined;
}

function instancesText({ route }: Database): string | undefined {
  return route?.instances
    .map(({ address, isServing }) => `${formatAddress(address)}${isServing ? "" : " (down)"}`)
    .join(", ");
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function rounded(value: string | number): string | number {
  return typeof value === "number" ? Math.round(value) : value;
}
