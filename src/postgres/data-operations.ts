/** How a data directory comes into being and goes away: whole, or not at all. */
import { describeError, Failure } from "../model/failure.ts";
import type { SystemId } from "../model/region.ts";
import { AssertionError } from "../std/assert.ts";
import { receiveClone } from "./clone.ts";
import { diskFull, isDiskFull, requireSpace } from "./disk-space.ts";
import {
  beginData,
  exists,
  finishData,
  inspectInstance,
  makePassableDirectory,
  removeData,
  removeRemains,
} from "./instance-directory.ts";
import { dataOwner, type Instance } from "./instance.ts";
import { fillNewCluster } from "./new-cluster.ts";
import type { CloneProgress, CreateSpec, Upstream } from "./postgres.ts";
import { processesIn } from "./process-table.ts";
import { killAllIn } from "./server-process.ts";

/** What initdb leaves behind, with its first WAL segment. */
const NEW_CLUSTER_BYTES = 64 * 1024 * 1024;

export async function createData(
  instance: Instance,
  spec: CreateSpec,
  signal: AbortSignal,
): Promise<SystemId> {
  await build(instance, "postgres.create-failed", signal, async () => {
    requireSpace(instance.paths.directory, NEW_CLUSTER_BYTES, instance.diskReserveBytes);
    await fillNewCluster(instance, instance.paths.unfinished, spec, signal);
  });
  const made = await inspectInstance(instance.paths, instance.installation.major);
  if (made.kind === "present") return made.systemId;
  throw new Failure("postgres.create-failed", `${instance.paths.data} vanished after its creation`);
}

export async function cloneData(
  instance: Instance,
  from: { readonly upstream: Upstream; readonly systemId: SystemId },
  onProgress: (progress: CloneProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const order = {
    ...from.upstream.address,
    password: instance.passwords.replicator.reveal(),
    systemId: from.systemId,
    slot: from.upstream.slot,
    major: instance.installation.major,
    directory: instance.paths.unfinished,
    owner: dataOwner(instance),
    reserveBytes: instance.diskReserveBytes,
  };
  await build(instance, "postgres.clone-failed", signal, () =>
    receiveClone(order, instance.clock, onProgress, signal),
  );
}

type BuildCode = "postgres.create-failed" | "postgres.clone-failed";

/** Fills `data.unfinished` and makes it `data`; removes the remains when that fails, and says why it did. */
async function build(
  instance: Instance,
  code: BuildCode,
  signal: AbortSignal,
  fill: () => Promise<void>,
): Promise<void> {
  const { paths, log } = instance;
  if (await exists(paths.data)) {
    throw new Failure(
      code,
      `There is a data directory at ${paths.data} already; nothing was changed`,
    );
  }
  try {
    await makePassableDirectory(paths.directory);
    await killAllIn(paths.unfinished, instance.clock, signal);
    await beginData(paths, dataOwner(instance));
    await fill();
    await finishData(paths);
  } catch (error) {
    await removeRemains(paths).catch((cause: unknown) => {
      log.warn("postgres.remains-kept", { path: paths.unfinished, because: describeError(cause) });
    });
    signal.throwIfAborted();
    throw explain(error, code, paths.directory);
  }
}

function explain(error: unknown, code: BuildCode, directory: string): unknown {
  if (error instanceof AssertionError) return error;
  if (error instanceof Failure && error.code !== "postgres.create-failed") return error;
  const words = describeError(error);
  // initdb says it in its own words only.
  if (isDiskFull(error) || /No space left on device/.test(words)) {
    return diskFull(directory, words, error);
  }
  if (error instanceof Failure) return error;
  return new Failure(code, `${directory} could not be filled`, { cause: error });
}

/** @throws Failure `postgres.stop-failed` when a server runs on it */
export async function removeDataDirectory(
  instance: Instance,
  force: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { paths } = instance;
  // A killed agent's initdb may still be at work in there.
  await killAllIn(paths.unfinished, instance.clock, signal);
  if (!force) return removeRemains(paths);
  if (processesIn(paths.data).length > 0) {
    throw new Failure("postgres.stop-failed", `${paths.data} is not removed: a server runs on it`);
  }
  await removeData(paths);
}
