/** What a clone takes of the processor: on few cores it is this, not the disk, that bounds it. */
import { cpus } from "node:os";
import type { BenchWorld } from "./bench-world.ts";
import { cpuBetween, cpuByProgram } from "./cpu-by-program.ts";
import type { Transfer } from "./file-copy.ts";

/** Processor time in ms for each GB, of all cores together. */
export type Cost = { readonly server: number; readonly link: number; readonly receiver: number };

/** The receiver runs in this process, and nothing else does meanwhile. */
export async function measureCost(
  world: BenchWorld,
  clone: () => Promise<Transfer>,
): Promise<{ readonly result: Transfer; readonly cost: Cost }> {
  const before = cpuByProgram(world.supervisorPid);
  const own = process.cpuUsage();
  const result = await clone();
  const { user, system } = process.cpuUsage(own);
  const used = cpuBetween(before, cpuByProgram(world.supervisorPid));
  const gigabytes = result.bytes / 1e9;
  const server = [...used]
    .filter(([program]) => program.startsWith("postgres"))
    .reduce((sum, [, ms]) => sum + ms, 0);
  const link = used.get("network") ?? 0;
  const cost = {
    server: server / gigabytes,
    link: link / gigabytes,
    receiver: (user + system) / 1000 / gigabytes,
  };
  return { result, cost };
}

/** As a clause: the parts, and the speed that these cores could reach if they did nothing else. */
export function renderCost({ server, link, receiver }: Cost): string {
  const part = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  const total = server + link + receiver;
  const bound = (1000 * cpus().length) / (total / 1000);
  return `processor time for each GB: server ${part(server)}, link ${part(link)}, receiver ${part(receiver)}; ${cpus().length} cores that did nothing else would reach ${Math.round(bound)} MB/s`;
}
