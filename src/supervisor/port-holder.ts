/** Which process listens on an address, where the system tells: on Linux, for processes of this user. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Address } from "../model/address.ts";

/** For example `node (process 4711)`; undefined when it cannot be found out. */
export function portHolder(address: Address): string | undefined {
  try {
    const tables = readdirSync("/proc/net").filter((name) => /^tcp6?$/.test(name));
    const text = tables.map((name) => readFileSync(`/proc/net/${name}`, "utf8")).join("\n");
    const inode = listeningInode(text, address);
    const pid = inode && processWithSocket(inode);
    return pid && `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()} (process ${pid})`;
  } catch {
    return undefined;
  }
}

/**
 * From the text of /proc/net/tcp and tcp6: addresses are little-endian hex, state 0A is LISTEN. Whoever listens on
 * every address, of IPv6 as well, holds this one too.
 */
export function listeningInode(table: string, { host, port }: Address): string | undefined {
  const hex = (value: number, digits: number): string =>
    value.toString(16).toUpperCase().padStart(digits, "0");
  const own = host.split(".").toReversed().map(Number);
  const wanted = new Set([
    `${own.map((part) => hex(part, 2)).join("")}:${hex(port, 4)}`,
    `${"0".repeat(8)}:${hex(port, 4)}`,
    `${"0".repeat(32)}:${hex(port, 4)}`,
  ]);
  const row = table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => wanted.has(fields[1] ?? "") && fields[3] === "0A");
  return row?.[9];
}

function processWithSocket(inode: string): string | undefined {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => socketsOf(pid).includes(`socket:[${inode}]`));
}

function socketsOf(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}
