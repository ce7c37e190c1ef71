/**
 * What it costs to know a statement: nanoseconds per text that the book knows already, and microseconds until it has
 * learned one. `npx tsx bench/statement-book.ts`
 */
import { cpus } from "node:os";
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeLog } from "../src/env/node/log.ts";
import { openStatementBook } from "../src/sql/open-book.ts";
import { readingOf } from "../src/sql/reading.ts";
import type { StatementBook } from "../src/sql/sql.ts";

const usual = readingOf("UTF8", "on");

/** Each takes a number, so that no two texts of a run are the same. */
const texts: readonly (readonly [string, (index: number) => string])[] = [
  ["BEGIN", () => "BEGIN"],
  [
    "pgbench -S",
    (index) => `SELECT abalance FROM pgbench_accounts WHERE aid = ${index + 100_000};`,
  ],
  [
    "ORM select",
    (index) =>
      `SELECT "public"."User"."id", "public"."User"."email", "public"."User"."name", "public"."User"."createdAt" FROM "public"."User" WHERE ("public"."User"."id" = ${index + 100_000} AND 1=1) LIMIT $1 OFFSET $2`,
  ],
  [
    "insert",
    (index) =>
      `INSERT INTO orders (id, customer, amount, note) VALUES (${index + 100_000}, 'Jane O''Neill', 12.50, NULL) RETURNING id`,
  ],
  [
    "join and group",
    (index) =>
      `select c.region, count(*), sum(o.amount) from customers c join orders o on o.customer_id = c.id join items i on i.order_id = o.id where o.placed_at > now() - interval '7 days' and c.id <> ${index} group by c.region having count(*) > 5 order by 3 desc limit 10`,
  ],
  [
    "IN of 1,000",
    (index) =>
      `select * from t where id in (${Array.from({ length: 1000 }, (_, n) => n + index).join(", ")})`,
  ],
];

const ROUNDS = 7;

/** As many as the longest text allows within some megabytes. */
const VARIANTS = 500;

async function measure(book: StatementBook, make: (index: number) => string): Promise<string> {
  const buffers = Array.from({ length: VARIANTS }, (_, index) => Buffer.from(make(index)));
  const [first] = buffers;
  if (!first) throw new Error("there are no variants");
  const learnedUs = await measureLearning(book, make);
  await book.learn(first, 0, first.length, usual);
  const calls = first.length > 1000 ? 5000 : 200_000;
  const figures = Array.from({ length: ROUNDS }, () => round(book, buffers, calls)).toSorted(
    (a, b) => a - b,
  );
  const median = figures[ROUNDS >> 1] ?? 0;
  const spread = `${figures[0]?.toFixed(0)} to ${figures.at(-1)?.toFixed(0)}`;
  return `${String(first.length).padStart(5)} bytes  known ${median.toFixed(0).padStart(6)} ns (${spread})  learned ${learnedUs.toFixed(0)} µs`;
}

/** Microseconds, from texts that differ in a name; the median, because other programs use the machine too. */
async function measureLearning(
  book: StatementBook,
  make: (index: number) => string,
): Promise<number> {
  const figures: number[] = [];
  for (let index = 0; index < 50; index += 1) {
    generation += 1;
    const bytes = Buffer.from(`${make(index)} ; select n${generation}`);
    const startedMs = nodeClock.monotonicMs();
    await book.learn(bytes, 0, bytes.length, usual);
    figures.push((nodeClock.monotonicMs() - startedMs) * 1000);
  }
  return figures.toSorted((a, b) => a - b)[25] ?? 0;
}

let generation = 0;

function round(book: StatementBook, buffers: readonly Buffer[], calls: number): number {
  // Of the processor rather than of the clock: others may use the machine meanwhile.
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) {
    const bytes = buffers[call % buffers.length];
    if (bytes && !book.known(bytes, 0, bytes.length, usual)) throw new Error("it was forgotten");
  }
  return (process.cpuUsage(before).user * 1e3) / calls;
}

const book = await openStatementBook({ clock: nodeClock, log: nodeLog("bench", "warn") });
console.log(`${cpus()[0]?.model ?? "unknown processor"}, Node ${process.versions.node}`);
// Everything is compiled before anything is measured.
for (const [, make] of texts) await measure(book, make);
for (const [name, make] of texts) console.log(`${name.padEnd(15)} ${await measure(book, make)}`);
await book.close();
