/** How long a killed Region's processes live, seen from outside. */
import { setTimeout as sleep } from "node:timers/promises";
import { primary, secondary, withBenchWorld, type BenchWorld } from "./bench-world.ts";
import { figure, type Figure } from "./figure.ts";
import { isGone, processTree, type Process } from "./proc.ts";

/** More than the servers of a small application keep open. */
const sessions = 20;
const lookMs = 1;
/** Fifty times the limit: beyond it something hangs. */
const giveUpMs = 5_000;

export async function measureRegionKill(isQuick: boolean): Promise<readonly Figure[]> {
  const goneMs: number[] = [];
  const toldMs: number[] = [];
  let processes = 0;
  await withBenchWorld(async (world) => {
    await world.run("up", "--detach");
    for (let round = 0; round < (isQuick ? 2 : 6); round += 1) {
      const region = round % 2 === 0 ? primary : secondary;
      const clients = await Promise.all(
        Array.from({ length: sessions }, () => world.connect("orders")),
      );
      const seen = await killOnce(world, region);
      goneMs.push(seen.goneMs);
      toldMs.push(seen.toldMs);
      processes = Math.max(processes, seen.processes);
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await world.run("region", "start", region);
    }
  });
  const limit = { kind: "at-most", value: 100 } as const;
  const note = `from the request being sent until none of up to ${processes} processes is left, ${sessions} sessions open on the writer, looked at every ${lookMs} ms`;
  return [
    figure("region kill, seen from outside", "ms", goneMs, { limit, note }),
    figure("region kill, as the API says", "ms", toldMs),
  ];
}

type Kill = { readonly goneMs: number; readonly toldMs: number; readonly processes: number };

async function killOnce(world: BenchWorld, region: string): Promise<Kill> {
  const doomed = regionProcesses(world, region);
  const api = world.api();
  try {
    const signal = AbortSignal.timeout(giveUpMs);
    // The connection is open before the clock starts: a person's command is there when it is received.
    await api.status(signal);
    const startedMs = performance.now();
    const answer = api.actOnRegion(region, "kill", signal);
    answer.catch(() => undefined);
    while (!doomed.every(isGone)) await sleep(lookMs, undefined, { signal });
    const goneMs = performance.now() - startedMs;
    const { tookMs } = await answer;
    return { goneMs, toldMs: tookMs, processes: doomed.length };
  } finally {
    api.close();
  }
}

function regionProcesses(world: BenchWorld, region: string): readonly Process[] {
  const isHost = ({ command }: Process): boolean =>
    command.some((word) => word.endsWith(`agent-${region}.json`));
  const processes = processTree(world.supervisorPid);
  const found = processes.filter((one) => isHost(one) || one.above.some(isHost));
  if (found.length === 0) throw new Error(`${region} has no processes`);
  return found;
}
