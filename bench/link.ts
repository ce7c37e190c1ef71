/**
 * `npm run bench:link`: what a link carries and how exactly it delays, beside a plain pipe in Node, which is the
 * least that any link of ours costs, and beside no link at all. Every part is a process of its own.
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { figure, median, type Figure } from "./figure.ts";
import { LinkBench, type Conditions } from "./link-bench.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { renderTable } from "./table.ts";

const megabyte = 1e6;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
  const bench = await LinkBench.start();
  try {
    console.log(`${renderFacts(machineFacts(undefined, tmpdir()))}\n`);
    const rounds = values.quick ? 1 : 3;
    const figures = [
      ...(await measureThroughput(bench, rounds)),
      ...(await measureDelays(bench, values.quick ? 30 : 200)),
      await measureBandwidth(bench, rounds),
    ];
    console.log(renderTable(figures));
  } finally {
    bench.close();
  }
}

async function measureThroughput(bench: LinkBench, rounds: number): Promise<readonly Figure[]> {
  const direct: number[] = [];
  const pipe: number[] = [];
  const linked = new Map([0, 60].map((rttMs) => [rttMs, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    direct.push(await bench.send(bench.sink, 1000 * megabyte));
    pipe.push(await bench.send(bench.pipe, 1000 * megabyte));
    for (const [rttMs, speeds] of linked) {
      await bench.setLink(open(rttMs));
      speeds.push(await bench.send(bench.linkedSink, 1000 * megabyte));
    }
  }
  const floor = { value: median(pipe), what: "a plain pipe in Node" };
  return [
    figure("a socket without a link", "MB/s", direct),
    figure("a plain pipe in Node", "MB/s", pipe),
    ...[...linked].map(([rttMs, speeds]) =>
      figure(`an unlimited link of ${rttMs} ms`, "MB/s", speeds, { floor }),
    ),
  ];
}

/** What a round trip takes beyond what was asked for. */
async function measureDelays(bench: LinkBench, trips: number): Promise<readonly Figure[]> {
  const bare = await bench.roundTripsMs(bench.echo, trips);
  const figures = [figure("round trip without a link", "ms", bare)];
  for (const rttMs of [0, 60, 200]) {
    await bench.setLink(open(rttMs));
    // A long delay makes for few trips: they are as exact as many.
    const tookMs = await bench.roundTripsMs(bench.linkedEcho, rttMs > 100 ? trips / 4 : trips);
    const floor = { value: median(bare), what: "without a link" };
    const beyond = tookMs.map((ms) => ms - rttMs);
    figures.push(figure(`beyond the ${rttMs} ms of a link`, "ms", beyond, { floor }));
  }
  return figures;
}

async function measureBandwidth(bench: LinkBench, rounds: number): Promise<Figure> {
  const speeds: number[] = [];
  await bench.setLink({ ...open(60), bandwidthBitsPerSecond: 100e6 });
  for (let round = 0; round < rounds; round += 1) {
    speeds.push(await bench.send(bench.linkedSink, 25 * megabyte));
  }
  const floor = { value: 12.5, what: "what was asked for" };
  return figure("a link of 100mbit and 60 ms", "MB/s", speeds, { floor });
}

function open(rttMs: number): Conditions {
  return { delayMs: rttMs / 2, jitterMs: 0, bandwidthBitsPerSecond: undefined, isUp: true };
}

await main();
