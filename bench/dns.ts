/**
 * What names cost: answers for each second of one core, beside an echo that does nothing, and how soon a moved name is
 * answered. Every server is a process of its own. Run alone: `tsx bench/dns.ts [--quick]`.
 */
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load, question, seenAt } from "./dns-load.ts";
import { DnsPart } from "./dns-parts.ts";
import { gatewayHost, stateOf, type DnsWorld } from "./dns-world.ts";
import { figure, median, type Figure } from "./figure.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { renderTable } from "./table.ts";

export type DnsBench = {
  /** Of each measurement. */
  readonly seconds: number;
  readonly rounds: number;
  /** How often the names are moved. */
  readonly moves: number;
};

export const fullDnsBench: DnsBench = { seconds: 3, rounds: 5, moves: 40 };
export const quickDnsBench: DnsBench = { seconds: 1, rounds: 1, moves: 10 };

/** What was asked for: of one core, for each second of it. */
const answersMin = 20_000;
/** What was asked for, beside the delay of the link. */
const visibleMsMax = 20;

const usual: DnsWorld = { regions: 4, databases: 10, policy: "weighted" };
/** The largest that a world is meant to be: every record of it is written anew at each change. */
const large: DnsWorld = { regions: 20, databases: 80, policy: "nearest" };

const zone = "leeward.internal";
const kinds = [
  { what: "an alias and its address", names: upTo10(`writer.${zone}`) },
  { what: "no such name", names: [`nobody.${zone}`] },
  { what: "a name by weight", names: [`shop.${zone}`] },
] as const;

function upTo10(rest: string): readonly string[] {
  return Array.from({ length: 10 }, (_, index) => `database-${index + 1}.${rest}`);
}

export async function benchDns(bench: DnsBench): Promise<readonly Figure[]> {
  return [...(await measureAnswers(bench)), await measureMoves(bench)];
}

type Cost = { readonly perCpuSecond: number; readonly perSecond: number };

async function measureAnswers({ seconds, rounds }: DnsBench): Promise<readonly Figure[]> {
  const server = await DnsPart.start("server", usual);
  const echo = await DnsPart.start("echo");
  const floors: Cost[] = [];
  const costs = kinds.map((): Cost[] => []);
  try {
    // The first ones meet code that is not compiled yet.
    for (const part of [server, echo]) await load(part.address, questionsOf(0), 1);
    for (let round = 0; round < rounds; round += 1) {
      floors.push(await measure(echo, questionsOf(0), seconds));
      for (const [index] of kinds.entries()) {
        costs[index]?.push(await measure(server, questionsOf(index), seconds));
      }
    }
  } finally {
    server.close();
    echo.close();
  }
  return kinds.flatMap(({ what }, index) => figuresOf(what, costs[index] ?? [], floors));
}

function figuresOf(
  what: string,
  costs: readonly Cost[],
  floors: readonly Cost[],
): readonly Figure[] {
  const echoed = median(floors.map((floor) => floor.perCpuSecond));
  const perCpu = costs.map((cost) => cost.perCpuSecond);
  const note = "by the clock, what the client with the other core could ask for";
  return [
    figure(`${what}: answers per CPU second`, "/s", perCpu, {
      limit: { kind: "at-least", value: answersMin },
      floor: { value: echoed, what: "an echo in Node" },
    }),
    figure(
      `${what}: CPU time of one answer`,
      "µs",
      perCpu.map((rate) => 1e6 / rate),
      { floor: { value: 1e6 / echoed, what: "an echo in Node" } },
    ),
    figure(
      `${what}: answers per second`,
      "/s",
      costs.map((cost) => cost.perSecond),
      { note },
    ),
  ];
}

const questionsOf = (index: number): readonly Buffer[] => (kinds[index]?.names ?? []).map(question);

async function measure(part: DnsPart, asked: readonly Buffer[], seconds: number): Promise<Cost> {
  const before = await part.cpuMs();
  const { answers, seconds: took } = await load(part.address, asked, seconds);
  const cpuSeconds = ((await part.cpuMs()) - before) / 1_000;
  return { perCpuSecond: answers / cpuSeconds, perSecond: answers / took };
}

/** From the moment at which the server is told until a client has the new answer in its hands. */
async function measureMoves({ moves }: DnsBench): Promise<Figure> {
  const server = await DnsPart.start("server", large);
  const tookMs: number[] = [];
  try {
    for (let move = 1; move <= moves; move += 1) {
      const writer = move % large.regions;
      const seen = seenAt(server.address, `database-80.writer.${zone}`, gatewayHost(writer));
      const told = await server.follow(stateOf(large, move + 1, writer));
      tookMs.push((await seen) - told);
    }
  } finally {
    server.close();
  }
  const { regions, databases } = large;
  return figure(`${databases} names moved in ${regions} Regions: first new answer`, "ms", tookMs, {
    limit: { kind: "at-most", value: visibleMsMax },
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
  console.log(`${renderFacts(machineFacts(undefined, tmpdir()))}\n`);
  const figures = await benchDns(values.quick ? quickDnsBench : fullDnsBench);
  console.log(renderTable(figures));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
