/**
 * Whether anything goes around a link. Every program of a world shares one network stack, so the kernel's table
 * of connections, together with whose sockets they are, is the whole truth.
 */
import { readdirSync, readFileSync } from "node:fs";
import { linkOf, type Process } from "./processes.ts";

type End = { readonly host: string; readonly port: number };
type Socket = { readonly near: End; readonly far: End; readonly inode: string };

export type Place = {
  /** A Region's name, `network` for the program that carries the links, anything else for other programs. */
  readonly name: string;
  /** The first three numbers of a Region's addresses, `127.20.1`; undefined for what is no Region. */
  readonly network: string | undefined;
  readonly processes: readonly Process[];
};

/** 127.0.0.1 is what Linux gives a client that names no source: it says nothing about a place. */
const anonymous = "127.0.0.1";

/**
 * Every established connection of a process in a Region that breaks a rule:
 * - its far end has an address of this Region's network, where the Region's own servers and its ends of the links
 *   are, or 127.0.0.1;
 * - the process at its far end lives in the same Region, or is the network program, or is none of the world's
 *   (a client outside).
 */
export function bypasses(places: readonly Place[]): readonly string[] {
  const table = establishedSockets();
  const owners = new Map(
    places.flatMap((place) =>
      place.processes.flatMap(({ pid }) => socketsOf(pid)).map((inode) => [inode, place] as const),
    ),
  );
  const otherEnd = new Map(
    table.map((socket) => [`${text(socket.far)} ${text(socket.near)}`, socket]),
  );
  return table.flatMap((socket) => {
    const place = owners.get(socket.inode);
    if (place?.network === undefined) return [];
    const { host } = socket.far;
    const isAddressFine = host === anonymous || host.startsWith(`${place.network}.`);
    const other = otherEnd.get(`${text(socket.near)} ${text(socket.far)}`);
    const peer = other && owners.get(other.inode);
    const isPeerFine = peer === undefined || peer === place || peer.name === "network";
    if (isAddressFine && isPeerFine) return [];
    return [
      `${place.name}: ${text(socket.near)} to ${text(socket.far)} (${peer?.name ?? "outside"})`,
    ];
  });
}

/** How many connections of these processes the table shows: a check of nothing proves nothing. */
export function connectionsOf({ processes }: Place): number {
  const inodes = new Set(processes.flatMap(({ pid }) => socketsOf(pid)));
  return establishedSockets().filter(({ inode }) => inodes.has(inode)).length;
}

function text({ host, port }: End): string {
  return `${host}:${port}`;
}

/** State 01 is ESTABLISHED; addresses are little-endian hex. */
function establishedSockets(): readonly Socket[] {
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "01")
    .map((fields) => ({
      near: endOf(fields[1] ?? ""),
      far: endOf(fields[2] ?? ""),
      inode: fields[9] ?? "",
    }));
}

function endOf(hex: string): End {
  const [host = "", port = ""] = hex.split(":");
  const bytes = host.match(/../g) ?? [];
  return {
    host: bytes
      .toReversed()
      .map((byte) => Number.parseInt(byte, 16))
      .join("."),
    port: Number.parseInt(port, 16),
  };
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}
