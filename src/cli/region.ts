/** `leeward region …`: losing a Region and getting it back. */
import { Command } from "commander";
import type { ApiRegionAction, ApiStatus } from "../api/api.ts";
import type { ApiClient } from "../api/client.ts";
import { Failure } from "../model/failure.ts";
import { unreachable } from "../std/assert.ts";
import { knownRegion, withWorld } from "./context.ts";
import { printJson, printJsonLine, printLine, type Frame, type Run } from "./frame.ts";
import { count, formatDuration } from "./output.ts";
import { ProgressReporter } from "./progress.ts";
import { decideStart, type StartDecision } from "./region-start.ts";
import { whileWorldRuns } from "./world-life.ts";

/** 10 min: a clone of some 60 GB at the speed of an ordinary disk. The Region goes on starting afterwards. */
const startTimeoutMs = 10 * 60_000;

const actions: Readonly<Record<ApiRegionAction, { readonly does: string; readonly done: string }>> =
  {
    kill: {
      does: "SIGKILL every process in it, as when a data centre loses power",
      done: "is killed: every process is gone",
    },
    stop: { does: "shut it down cleanly", done: "is stopped" },
    start: { does: "start it; returns when every instance serves or is fenced", done: "is up" },
    isolate: { does: "cut all its links, the one to the controller too", done: "is isolated" },
    heal: { does: "mend the links that isolate cut", done: "is connected again" },
  };

export function regionCommand(run: Run): Command {
  const command = new Command("region").description("Lose a Region, and get it back.").addHelpText(
    "after",
    `
Examples:
  leeward region kill us-east-1
  leeward region start us-east-1`,
  );
  for (const action of Object.keys(actions) as ApiRegionAction[]) {
    const { does } = actions[action];
    command
      .command(`${action} <region>`)
      .description(`${does[0]?.toUpperCase()}${does.slice(1)}.`)
      .addHelpText("after", `\nExample:\n  leeward region ${action} us-east-1`)
      .action((region: string) =>
        run((frame) => (action === "start" ? start(frame, region) : act(frame, region, action))),
      );
  }
  return command;
}

async function act(frame: Frame, region: string, action: ApiRegionAction): Promise<void> {
  const { signal } = frame;
  const result = await withWorld(frame, async ({ client }) => {
    knownRegion(await client.status(signal), region);
    return client.actOnRegion(region, action, signal);
  });
  if (frame.options.json) return printJson(frame, result);
  const { done } = actions[action];
  printLine(frame, `${region} ${done} (${formatDuration(result.tookMs)})`);
  return undefined;
}

async function start(frame: Frame, region: string): Promise<void> {
  const { clock, signal, options, out } = frame;
  const startedAtMs = clock.monotonicMs();
  await withWorld(frame, async ({ client, layout }) => {
    const before = await client.status(signal);
    knownRegion(before, region);
    await client.actOnRegion(region, "start", signal);
    const { json } = options;
    const reporter = new ProgressReporter(out, { json, isTty: out.isTty, clock, region });
    const wasDown = isDown(before, region);
    const judge = (status: ApiStatus): StartDecision => {
      reporter.status(status);
      const elapsedMs = clock.monotonicMs() - startedAtMs;
      return decideStart({ status, region, wasDown, elapsedMs });
    };
    const decision = await whileWorldRuns(frame, layout, (waiting) =>
      untilUp(waiting, client, judge),
    );
    reporter.done();
    conclude(frame, region, { decision, tookMs: Math.round(clock.monotonicMs() - startedAtMs) });
  });
}

function isDown({ regions }: ApiStatus, region: string): boolean {
  const state = regions[region]?.state;
  return state === "stopped" || state === "killed";
}

/** Undefined when the bound has passed. */
async function untilUp(
  { clock, signal }: Frame,
  client: ApiClient,
  decide: (status: ApiStatus) => StartDecision,
): Promise<Exclude<StartDecision, { kind: "wait" }> | undefined> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const bound = clock.sleep(startTimeoutMs, until).then(
    () => over.abort(),
    () => undefined,
  );
  try {
    for await (const change of client.watch(undefined, until)) {
      if (change.kind !== "status") continue;
      const decision = decide(change.status);
      if (decision.kind !== "wait") return decision;
    }
  } finally {
    over.abort();
    await bound;
  }
  signal.throwIfAborted();
  return undefined;
}

type Outcome = {
  readonly decision: Exclude<StartDecision, { kind: "wait" }> | undefined;
  readonly tookMs: number;
};

function conclude(frame: Frame, region: string, { decision, tookMs }: Outcome): void {
  if (decision === undefined) {
    const message = `${region} was started and is not up after ${formatDuration(startTimeoutMs)}`;
    throw new Failure("region.start-timed-out", message);
  }
  if (decision.kind === "failed") {
    throw new Failure("region.start-failed", `${region} was started, but ${decision.because}`);
  }
  if (frame.options.json) {
    return printJsonLine(frame, { kind: "done", region, action: "start", tookMs });
  }
  printLine(frame, `${region} ${summary(decision)} (${formatDuration(tookMs)})`);
  return undefined;
}

function summary(decision: Exclude<StartDecision, { kind: "wait" | "failed" }>): string {
  switch (decision.kind) {
    case "up": {
      const { fenced, alone, diverged } = decision;
      const notes = [
        ...(fenced.length > 0 ? [`${count(fenced.length, "instance")} fenced`] : []),
        ...(diverged.length > 0
          ? [`${count(diverged.length, "instance")} diverged until \`leeward rejoin\``]
          : []),
        ...(alone.length > 0
          ? [`${count(alone.length, "instance")} serving reads until the writer is back`]
          : []),
      ];
      return notes.length === 0 ? "serves" : `is up; ${notes.join(", ")}`;
    }
    case "unseen":
      return "was started; it is isolated, so nobody outside can see its instances";
    default:
      return unreachable(decision);
  }
}
