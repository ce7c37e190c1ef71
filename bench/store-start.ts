/** How long a person waits for the shop: `npm start` where everything is installed and built, and no data is there yet. */
import { spawnSync } from "node:child_process";
import { until } from "../test/e2e/until.ts";
import { visit } from "../test/e2e/visitors.ts";
import { root } from "./bench-world.ts";
import { figure, median, type Figure } from "./figure.ts";
import { asItIs, entryOf, withStore } from "./store-world.ts";

const firstPageMsMax = 20_000;
const readyMsMax = 40_000;
/** 2 min: three times as long as everything may take; beyond it something hangs. */
const giveUpMs = 120_000;

export async function measureStart(rounds: number): Promise<readonly Figure[]> {
  const [beforeMs, pageMs, readyMs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const before = npmMs();
    const { page, ready } = await startOnce();
    beforeMs.push(before);
    pageMs.push(before + page);
    readyMs.push(before + ready);
  }
  const note = `of it ${Math.round(median(beforeMs))} ms in npm, which looks for what is to be installed and built`;
  return [
    figure("npm start until the first page", "ms", pageMs, {
      limit: { kind: "at-most", value: firstPageMsMax },
      note,
    }),
    figure("npm start until everything is ready", "ms", readyMs, {
      limit: { kind: "at-most", value: readyMsMax },
    }),
  ];
}

/** What `npm start` does before `leeward up`. */
function npmMs(): number {
  const startedMs = performance.now();
  const { status } = spawnSync("npm", ["run", "prestart"], { cwd: root, stdio: "ignore" });
  if (status !== 0) throw new Error(`npm run prestart ended with ${status}`);
  return performance.now() - startedMs;
}

/** Both in ms since the command began. */
async function startOnce(): Promise<{ readonly page: number; readonly ready: number }> {
  return withStore(async (world) => {
    const startedMs = performance.now();
    const shown = until("the first page is there", giveUpMs, async () => {
      return (await visit(`${entryOf(world)}/`)).status === 200;
    });
    const pageMs = shown.then(() => performance.now() - startedMs);
    const [page, ready] = await Promise.all([pageMs, world.run("up", "--detach")]);
    return { page, ready };
  }, asItIs);
}
