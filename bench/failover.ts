/**
 * `npm run bench:failover`: what a client sees while the writer moves, with the limits beside it, and the same
 * client on Patroni. Writes nothing but its answer.
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { nodeClock } from "../src/env/node/clock.ts";
import { findInstallation } from "../src/postgres/installation.ts";
import { build } from "./build.ts";
import {
  measureAutomatic,
  measureAway,
  measureFailover,
  measureSwitchover,
} from "./failover-parts.ts";
import { figure, median, type Figure } from "./figure.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { measurePatroni, patroniObstacle } from "./patroni.ts";
import { chosenParts } from "./part-options.ts";
import { renderTable } from "./table.ts";

const parts = ["switchover", "failover", "automatic", "away", "patroni"] as const;
type Part = (typeof parts)[number];

const usage = `npm run bench:failover -- [--runs N] [--only NAME]...

  --runs N     how often each is repeated; left out: 20. \`away\`, a minute each time, is repeated a tenth as often
  --only NAME  one part of: ${parts.join(", ")}

LEEWARD_PG_BIN names another PostgreSQL for all parts. The exit code says whether it could measure, not whether a
figure was reached.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "20" },
      only: { type: "string", multiple: true, default: [...parts] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const runs = Number(values.runs);
  const wanted = chosenParts(parts, values.only, usage);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs is a number from 1.\n\n${usage}`);
  if (process.platform !== "linux") throw new Error("The benchmark reads /proc: Linux only");
  if (wanted.some((part) => part !== "patroni")) build();
  const bin = process.env["LEEWARD_PG_BIN"];
  const { version } = await findInstallation(bin, nodeClock, AbortSignal.timeout(60_000));
  console.log(`${renderFacts(machineFacts(version, tmpdir()))}\n`);
  console.log(renderTable(await measureAll(wanted, runs)));
}

async function measureAll(wanted: readonly Part[], runs: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  let gapsMs: readonly number[] | undefined;
  for (const part of wanted) {
    console.error(`Measuring ${part} …`);
    switch (part) {
      case "switchover": {
        const measured = await measureSwitchover(runs);
        gapsMs = measured.gapsMs;
        figures.push(...measured.figures);
        break;
      }
      case "failover":
        figures.push(...(await measureFailover(runs)));
        break;
      case "automatic":
        figures.push(...(await measureAutomatic(runs)));
        break;
      case "away":
        figures.push(...(await measureAway(Math.ceil(runs / 10))));
        break;
      case "patroni":
        figures.push(...(await besidePatroni(gapsMs, runs)));
    }
  }
  return figures;
}

/** @param ownGapsMs undefined when they were not measured in this run: then there is nothing to compare */
async function besidePatroni(
  ownGapsMs: readonly number[] | undefined,
  runs: number,
): Promise<readonly Figure[]> {
  const obstacle = patroniObstacle();
  if (obstacle !== undefined) {
    console.log(`Patroni is not measured: ${obstacle}\n`);
    return [];
  }
  const results = await measurePatroni(runs);
  const [own, best] = [ownGapsMs, Math.min(...results.map(({ gapsMs }) => median(gapsMs)))];
  const limit = { kind: "at-least", value: 3 } as const;
  const note = "the median of the better of the two Patronis, divided by the median here";
  const compared =
    own === undefined
      ? []
      : [
          figure("switchover, times shorter than Patroni's", "×", [best / median(own)], {
            limit,
            note,
          }),
        ];
  return [...results.flatMap(({ figures }) => figures), ...compared];
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
