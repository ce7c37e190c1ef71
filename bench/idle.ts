/** What a world costs while nobody uses it. */
import { setTimeout as sleep } from "node:timers/promises";
import { withBenchWorld } from "./bench-world.ts";
import { figure, type Figure } from "./figure.ts";
import { processTree, type Process } from "./proc.ts";

/** 10 s for what follows a start: checkpoints, the first autovacuum, Node's compiler. */
const settleMs = 10_000;
const windowMs = 60_000;
const quickWindowMs = 15_000;

export async function measureIdle(isQuick: boolean): Promise<readonly Figure[]> {
  return withBenchWorld(async (world) => {
    await world.run("up", "--detach");
    await sleep(settleMs);
    const before = cpuByProgram(processTree(world.supervisorPid));
    const startedMs = performance.now();
    await sleep(isQuick ? quickWindowMs : windowMs);
    const after = cpuByProgram(processTree(world.supervisorPid));
    const elapsedMs = performance.now() - startedMs;
    const percent = (ms: number): number => (ms / elapsedMs) * 100;
    const parts = [...after]
      .map(([program, ms]) => ({ program, share: percent(ms - (before.get(program) ?? 0)) }))
      .toSorted((a, b) => b.share - a.share);
    const total = parts.reduce((sum, { share }) => sum + share, 0);
    const note = `over ${Math.round(elapsedMs / 1000)} s: ${parts
      .filter(({ share }) => share >= 0.01)
      .map(({ program, share }) => `${program} ${share.toFixed(2)}`)
      .join(", ")}`;
    const limit = { kind: "at-most", value: 5 } as const;
    return [figure("idle CPU of the world", "% of a core", [total], { limit, note })];
  });
}

/** In ms since each began. What a child used that has ended counts for its parent. */
function cpuByProgram(processes: readonly Process[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const one of processes) {
    const program = programOf(one);
    sums.set(program, (sums.get(program) ?? 0) + one.cpuMs);
  }
  return sums;
}

function programOf({ command, above }: Process): string {
  const text = command.join(" ");
  const [, kind] = / internal (\w+) /.exec(`${text} `) ?? [];
  if (text.startsWith("postgres: ")) return `postgres ${backendKind(text)}`;
  if (/\/postgres -D /.test(text)) return "postgres postmaster";
  if (kind !== undefined && !/^(unshare|sh|setpriv)\b/.test(text)) return kind;
  return above.length <= 2 ? "Region's host" : "other";
}

/** `postgres: walsender replicator 127.0.0.1(41234) START_REPLICATION` is a walsender. */
function backendKind(text: string): string {
  const words = text.slice("postgres: ".length);
  const known = ["io worker", "background writer", "autovacuum launcher", "logical replication"];
  return known.find((name) => words.startsWith(name)) ?? words.split(" ")[0] ?? "other";
}
