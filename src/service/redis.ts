/** Redis as a service: one server, which keeps what it is told. Pure. */
import { join } from "node:path";
import type { Address } from "../model/address.ts";
import type { LaunchFile } from "./launch.ts";
import type { Variable } from "./program-catalog.ts";

/** 256 MiB: several Regions stand on one machine. What does not fit is refused, and nothing is thrown away. */
const memoryMaxMb = 256;

export function redisProgram(
  directory: string,
  path: string,
): {
  readonly command: readonly string[];
  readonly environment: readonly Variable[];
  readonly directories: readonly string[];
} {
  return {
    command: [path, join(directory, "redis.conf")],
    environment: [],
    directories: [join(directory, "data")],
  };
}

/** One write of the last second may be lost in a crash of the machine; none in a crash of Redis. */
export function redisFiles(directory: string, address: Address): readonly LaunchFile[] {
  const text = `bind ${address.host}
port ${address.port}
protected-mode ${isLoopback(address.host) ? "no" : "yes"}
daemonize no
supervised no
dir ${quote(join(directory, "data"))}
appendonly yes
appendfsync everysec
repl-diskless-sync-delay 0
maxmemory ${memoryMaxMb}mb
maxmemory-policy noeviction
loglevel notice
# Its title would be written over its environment, by which it is known.
set-proc-title no
`;
  return [{ path: join(directory, "redis.conf"), text, mode: 0o600, isKept: false }];
}

/** Without a password it answers only to this machine. */
export function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1" || host === "localhost";
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}
