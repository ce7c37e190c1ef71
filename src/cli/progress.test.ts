import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { exampleInstance, exampleStatus } from "../../test/fake-world.ts";
import type { ApiStatus } from "../api/api.ts";
import { ProgressReporter, type ProgressOptions } from "./progress.ts";

function cloning(receivedBytes: number): ApiStatus {
  const status = exampleStatus();
  const member = status.databases["orders"]?.members["us-west-2"];
  const progress = { receivedBytes, totalBytes: 4096, bytesPerSecond: 1024, leftMs: 1500 };
  if (member) {
    member.instances = [exampleInstance({ role: "secondary", state: "cloning", progress })];
  }
  return status;
}

function reporter(options: Partial<ProgressOptions>): {
  readonly clock: SimClock;
  readonly lines: string[];
  readonly show: ProgressReporter;
} {
  const lines: string[] = [];
  const clock = new SimClock();
  const isTty = options.isTty ?? false;
  const write = (text: string): void => void lines.push(text);
  const out = { write, isTty, columns: 60, rows: 20 };
  const region = "us-west-2";
  return {
    lines,
    clock,
    show: new ProgressReporter(out, { json: false, isTty, clock, region, ...options }),
  };
}

test("a line for each change, and of a clone one each second at most", async () => {
  const { lines, clock, show } = reporter({});
  for (let step = 0; step < 10; step += 1) {
    show.status(cloning(step * 100));
    await clock.runUntil((step + 1) * 300);
  }
  show.status(exampleStatus());
  show.status(exampleStatus());
  expect(lines).toEqual([
    "orders/us-west-2/1: cloning  0 B of 4.0 KiB, 1.0 KiB/s, 1.5 s left\n",
    "orders/us-west-2/1: cloning  400 B of 4.0 KiB, 1.0 KiB/s, 1.5 s left\n",
    "orders/us-west-2/1: cloning  800 B of 4.0 KiB, 1.0 KiB/s, 1.5 s left\n",
    "orders/us-west-2/1: serving\n",
  ]);
});

test("on a terminal the same lines are drawn again, none wider than it", () => {
  const { lines, show } = reporter({ isTty: true });
  show.status(cloning(100));
  show.status(cloning(200));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("[1A");
  expect(lines[1]).toContain("…");
});

test("with --json each line is an object that says what it is", () => {
  const { lines, show } = reporter({ json: true, isTty: true });
  show.status(cloning(100));
  expect(JSON.parse(lines.join(""))).toEqual({
    kind: "progress",
    database: "orders",
    region: "us-west-2",
    number: 1,
    role: "secondary",
    state: "cloning",
    because: null,
    progress: { receivedBytes: 100, totalBytes: 4096, bytesPerSecond: 1024, leftMs: 1500 },
  });
});
