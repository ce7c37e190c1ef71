/** `leeward up`: the world of a leeward.yaml, in this terminal or in the background. */
import { Command } from "commander";
import type { ApiStatus } from "../api/api.ts";
import { ApiClient } from "../api/client.ts";
import { findConfigFile, namedStateDirectory } from "../config/state-directory.ts";
import { nodeCertificates } from "../env/node/certificates.ts";
import { nodeRandom } from "../env/node/random.ts";
import { describeError, Failure, isFailureCode } from "../model/failure.ts";
import { fileLog } from "../supervisor/file-log.ts";
import type { LaunchOptions } from "../supervisor/launch.ts";
import {
  openWorld,
  readConfig,
  stateDirectoryOf,
  type OpenWorld,
} from "../supervisor/local-world.ts";
import { programEnvironment, thisProgram } from "../supervisor/this-program.ts";
import { withWorld } from "./context.ts";
import { printJsonLine, printLine, type Frame, type Run } from "./frame.ts";
import { launchInBackground } from "./launch-in-background.ts";
import { formatDuration } from "./output.ts";
import { registerWorld, unregisterWorld } from "./registry.ts";
import { version } from "./version.ts";
import { welcome } from "./welcome.ts";
import { whileWorldRuns } from "./world-life.ts";
import { untilReady } from "./world-ready.ts";

/** 10 min: a clone of some 60 GB at the speed of an ordinary disk. The world goes on afterwards. */
const detachTimeoutMs = 10 * 60_000;

export function upCommand(run: Run): Command {
  return new Command("up")
    .description("Bring up the world of a leeward.yaml: every Region, every database.")
    .argument("[dir]", "where leeward.yaml is; left out: here or above")
    .option("-d, --detach", "return when everything is ready, and leave it running")
    .addHelpText(
      "after",
      `
Examples:
  leeward up examples/two-regions
  leeward up --detach
  leeward --state /tmp/world up examples/two-regions`,
    )
    .action((directory: string | undefined, { detach }: { detach?: boolean }) =>
      run((frame) =>
        detach === true ? upDetached(frame, directory) : upInForeground(frame, directory),
      ),
    );
}

function launchOf(frame: Frame, directory: string | undefined): LaunchOptions {
  const { cwd, files, options, env } = frame;
  const { exists } = files;
  const configFile = findConfigFile({ cwd, directory, exists });
  const stateDirectory = options.state && namedStateDirectory({ cwd, exists }, options.state);
  return {
    configFile,
    stateDirectory: stateDirectoryOf({ configFile, stateDirectory }),
    version: version(),
    logLevel: "info",
    pgBin: env["LEEWARD_PG_BIN"] ?? null,
  };
}

async function upInForeground(frame: Frame, directory: string | undefined): Promise<void> {
  const launch = launchOf(frame, directory);
  const startedMs = frame.clock.monotonicMs();
  const world = await open(frame, launch);
  const stopped = new Promise<void>((settle) => {
    frame.signal.addEventListener("abort", () => settle(), { once: true });
    if (frame.signal.aborted) settle();
  });
  try {
    register(frame, launch, process.pid);
    printNotYet(frame, world.notYet);
    await showUntilReady(frame, world, startedMs).catch((error: unknown) => {
      if (!frame.signal.aborted) throw error;
    });
    await stopped;
  } finally {
    if (!frame.options.json) printLine(frame, "Stopping …");
    await world.close();
    unregisterWorld(frame, process.pid);
  }
  // A world that was told to stop and has stopped is a success, whichever signal said so.
  process.exit(0);
}

async function open(frame: Frame, launch: LaunchOptions): Promise<OpenWorld> {
  const { clock, files, signal, env } = frame;
  try {
    return await openWorld(
      {
        ...launch,
        pgBin: launch.pgBin ?? undefined,
        self: thisProgram(),
        environment: programEnvironment(env),
      },
      { clock, files, random: nodeRandom, certificates: nodeCertificates, log: fileLog },
      signal,
    );
  } catch (error) {
    return await showRunning(frame, launch, error);
  }
}

async function showUntilReady(frame: Frame, world: OpenWorld, startedMs: number): Promise<void> {
  const client = new ApiClient(world.plan.api, world.apiToken, frame.clock);
  try {
    const { status, failed } = await untilReady(frame, client, frame.signal);
    conclude(frame, status, failed, frame.clock.monotonicMs() - startedMs);
    if (!frame.options.json) printLine(frame, "Ctrl-C stops it; the data stays.");
  } finally {
    client.close();
  }
}

async function upDetached(frame: Frame, directory: string | undefined): Promise<void> {
  const launch = launchOf(frame, directory);
  // A config that is wrong is told here, before anything is started.
  readConfig(frame.files, launch.configFile);
  const startedMs = frame.clock.monotonicMs();
  const launched = await launchInBackground(frame, launch);
  if (launched.kind === "failed") {
    const code = isFailureCode(launched.code) ? launched.code : "world.start-failed";
    await showRunning(frame, launch, new Failure(code, launched.message));
    return;
  }
  register(frame, launch, launched.pid);
  printNotYet(frame, launched.notYet);
  const bound = new AbortController();
  const signal = AbortSignal.any([frame.signal, bound.signal]);
  const late = frame.clock.sleep(detachTimeoutMs, signal).then(
    () => bound.abort(tooLate()),
    () => undefined,
  );
  const options = { ...frame.options, state: launch.stateDirectory };
  await withWorld({ ...frame, signal, options }, async ({ client, layout }) => {
    const { status, failed } = await whileWorldRuns({ ...frame, signal }, layout, (waiting) =>
      untilReady(waiting, client, waiting.signal),
    );
    conclude(frame, status, failed, frame.clock.monotonicMs() - startedMs);
    if (failed !== undefined) {
      throw new Failure("world.start-failed", `The world runs, but is not ready: ${failed}`);
    }
  }).finally(() => bound.abort());
  await late;
}

/** A world that commands find by its directory alone is better than none. */
function register(frame: Frame, { stateDirectory }: LaunchOptions, pid: number): void {
  try {
    registerWorld(frame, { stateDirectory, pid });
  } catch (error) {
    const note = `${describeError(error)}; from elsewhere, commands need --state ${stateDirectory}`;
    frame.err.write(`${frame.colors.yellow("note:")} ${note}\n`);
  }
}

function tooLate(): Failure {
  const message = `The world was started and is not ready after ${formatDuration(detachTimeoutMs)}; it goes on`;
  return new Failure("world.start-failed", message);
}

/** A second `up` in the same place says so and shows the first. */
async function showRunning(frame: Frame, launch: LaunchOptions, error: unknown): Promise<never> {
  const isRunning = error instanceof Failure && error.code === "world.already-running";
  if (isRunning && !frame.options.json) {
    const { statusLines } = await import("./status-tables.ts");
    const own = { ...frame, options: { ...frame.options, state: launch.stateDirectory } };
    const status = await withWorld(own, ({ client }) => client.status(frame.signal)).catch(
      () => undefined,
    );
    const look = { colors: frame.colors, nowMs: frame.clock.wallMs() };
    if (status) printLine(frame, statusLines(status, look).join("\n"));
  }
  throw error;
}

function conclude(
  frame: Frame,
  status: ApiStatus,
  failed: string | undefined,
  tookMs: number,
): void {
  if (frame.options.json) {
    return printJsonLine(frame, {
      ...(failed === undefined ? { kind: "ready" } : { kind: "failed", because: failed }),
      tookMs: Math.round(tookMs),
      status,
    });
  }
  for (const line of welcome(status, { colors: frame.colors, tookMs, failed }))
    printLine(frame, line);
  return undefined;
}

function printNotYet(frame: Frame, notYet: readonly string[]): void {
  for (const what of notYet) frame.err.write(`${frame.colors.yellow("not yet:")} ${what}\n`);
}
