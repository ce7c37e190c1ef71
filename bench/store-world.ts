/** The shop of examples/retail-store as a world of a benchmark. */
import { join } from "node:path";
import { assert } from "../src/std/assert.ts";
import { root, withBenchWorld, type BenchWorld } from "./bench-world.ts";

const example = "retail-store";

/** What was compiled stays where it is: the world's directory has leeward.yaml alone. */
const compiled = join(root, "examples", example, "dist");

/** As the example has it. */
export const asItIs = (yaml: string): string =>
  replaced(yaml, /\bdist\/(?=services\/|load\/)/g, `${compiled}/`);

/** Nothing grows while it is measured. */
export const oneReplicaEach = (yaml: string): string =>
  replaced(
    // Losses come one after the other here; a database would wait five minutes before it fails over again by itself.
    replaced(asItIs(yaml), /failover: automatic/g, "failover: automatic\n    failoverPauseMs: 0"),
    /\breplicas: \{[^}]*\}/g,
    "replicas: 1",
  );

/** An example that was written otherwise must not be measured as if this were in it. */
function replaced(yaml: string, pattern: RegExp, by: string): string {
  const edited = yaml.replaceAll(pattern, by);
  assert(edited !== yaml, `leeward.yaml of ${example} has ${String(pattern)}`);
  return edited;
}

export function withStore<T>(
  work: (world: BenchWorld) => Promise<T>,
  edit: (yaml: string) => string,
): Promise<T> {
  return withBenchWorld(work, edit, example);
}

/** @param region its number, from 1; 0: the global one */
export const entryOf = ({ world }: BenchWorld, region: 0 | 1 | 2 = 0): string =>
  `http://127.${world}.${region}.1:8080`;
