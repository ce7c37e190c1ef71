/** What a world costs while nobody uses it. */
import { setTimeout as sleep } from "node:timers/promises";
import { withBenchWorld } from "./bench-world.ts";
import { cpuBetween, cpuByProgram } from "./cpu-by-program.ts";
import { figure, type Figure } from "./figure.ts";

/** 10 s for what follows a start: checkpoints, the first autovacuum, Node's compiler. */
const settleMs = 10_000;
const windowMs = 60_000;
const quickWindowMs = 15_000;

export async function measureIdle(isQuick: boolean): Promise<readonly Figure[]> {
  return withBenchWorld(async (world) => {
    await world.run("up", "--detach");
    await sleep(settleMs);
    const before = cpuByProgram(world.supervisorPid);
    const startedMs = performance.now();
    await sleep(isQuick ? quickWindowMs : windowMs);
    const after = cpuByProgram(world.supervisorPid);
    const elapsedMs = performance.now() - startedMs;
    const percent = (ms: number): number => (ms / elapsedMs) * 100;
    const parts = [...cpuBetween(before, after)]
      .map(([program, ms]) => ({ program, share: percent(ms) }))
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
