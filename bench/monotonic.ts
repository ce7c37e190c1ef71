/** CLOCK_MONOTONIC in ms: the same number in every process of the machine, and no jump. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
