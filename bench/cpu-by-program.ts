/** Who used the processor, by the part that it plays in a world. */
import { processTree, type Process } from "./proc.ts";

/** In ms since each began. What a child used that has ended counts for its parent. */
export function cpuByProgram(supervisorPid: number): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const one of processTree(supervisorPid)) {
    const program = programOf(one);
    sums.set(program, (sums.get(program) ?? 0) + one.cpuMs);
  }
  return sums;
}

/** What each used between two looks, in ms. */
export function cpuBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([...after].map(([program, ms]) => [program, ms - (before.get(program) ?? 0)]));
}

function programOf({ command, above }: Process): string {
  const text = command.join(" ");
  const [, kind] = / internal (\w+) /.exec(`${text} `) ?? [];
  if (text.startsWith("postgres: ")) return `postgres ${backendKind(text)}`;
  if (/\/postgres -D /.test(text)) return "postgres postmaster";
  if (kind !== undefined && !/^(unshare|sh|setpriv)\b/.test(text)) return kind;
  const [, service] = /\/services\/(\w+)\/main\.js$/.exec(text) ?? [];
  if (service !== undefined) return `service ${service}`;
  const [, server] = /^\S*\b(redis-server|beam\.smp|pgbouncer) /.exec(text) ?? [];
  if (server !== undefined) return server;
  return above.length <= 2 ? "Region's host" : "other";
}

/** `postgres: walsender replicator 127.0.0.1(41234) START_REPLICATION` is a walsender. */
function backendKind(text: string): string {
  const words = text.slice("postgres: ".length);
  const known = ["io worker", "background writer", "autovacuum launcher", "logical replication"];
  return known.find((name) => words.startsWith(name)) ?? words.split(" ")[0] ?? "other";
}
