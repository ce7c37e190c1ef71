/**
 * A spare instance beside a world, which clones its writer as an agent does: through the same door, over the same
 * link.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeRandom } from "../src/env/node/random.ts";
import type { Address } from "../src/model/address.ts";
import type { SystemId } from "../src/model/region.ts";
import { findInstallation } from "../src/postgres/installation.ts";
import { observeRunAs } from "../src/postgres/observe-run-as.ts";
import { decideRunAs } from "../src/postgres/run-as.ts";
import { PostgresServer } from "../src/postgres/server.ts";
import type { BenchWorld } from "./bench-world.ts";
import type { Transfer } from "./file-copy.ts";
import { silence } from "./silence.ts";

/** Five times as long as a clone takes on a slow disk. */
const timeoutMs = 300_000;
const slot = "leeward_bench";

export type CloneTarget = {
  /** Clones and removes what it made. */
  readonly clone: () => Promise<Transfer>;
};

/** @param from where the writer is seen from the secondary's Region: an end of a link */
export async function makeCloneTarget(
  world: BenchWorld,
  database: string,
  from: { readonly address: Address; readonly systemId: SystemId },
): Promise<CloneTarget> {
  const directory = world.makeDirectory("clone");
  const signal = (): AbortSignal => AbortSignal.timeout(timeoutMs);
  const installation = await findInstallation(undefined, nodeClock, signal());
  const runAs = decideRunAs(await observeRunAs(installation, directory, nodeClock, signal()));
  const secrets = world.secrets().databases[database];
  if (!secrets) throw new Error(`there is no database ${database}`);
  const server = new PostgresServer({
    directory: join(directory, "instance"),
    installation,
    runAs,
    passwords: secrets,
    allowFrom: [],
    clock: nodeClock,
    random: nodeRandom,
    log: silence,
    // It never starts.
    address: { host: "127.0.0.1", port: 1 },
  });
  const upstream = { address: from.address, slot, applicationName: "bench" };
  return {
    clone: async () => {
      let bytes = 0;
      const startedMs = performance.now();
      await server.clone(
        upstream,
        from.systemId,
        (progress) => {
          bytes = progress.receivedBytes;
        },
        signal(),
      );
      const elapsedMs = performance.now() - startedMs;
      rmSync(join(directory, "instance"), { recursive: true });
      return { bytes, elapsedMs };
    },
  };
}
