/** The mean CPU of each replica of a service between two decisions: one sample is a moment, and moments jump. */
import type { ReplicaFacts } from "../wire/traffic-protocol.ts";
import { isAtWork } from "./usage.ts";

type Samples = { readonly process: string; sum: number; count: number };

export class CpuMeans {
  readonly #samples = new Map<number, Samples>();

  /** Only work counts: what a process used while it started is not in its mean. */
  take(replicas: readonly ReplicaFacts[]): void {
    for (const replica of replicas) {
      const { number, cpuMillis } = replica;
      if (cpuMillis === undefined || !isAtWork(replica)) continue;
      const process = processOf(replica);
      const known = this.#samples.get(number);
      const samples = known?.process === process ? known : { process, sum: 0, count: 0 };
      samples.sum += cpuMillis;
      samples.count += 1;
      this.#samples.set(number, samples);
    }
  }

  /** In thousandths of a core; undefined when its present process was never measured at work. */
  of(replica: ReplicaFacts): number | undefined {
    const samples = this.#samples.get(replica.number);
    if (samples === undefined || samples.process !== processOf(replica)) return undefined;
    return samples.sum / samples.count;
  }

  /** A new period begins. */
  clear(): void {
    this.#samples.clear();
  }
}

/** Another process of the same number has a mean of its own. */
function processOf({ pid, restarts }: ReplicaFacts): string {
  return `${pid ?? ""}/${restarts}`;
}
