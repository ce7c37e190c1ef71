/** The commands of switchover and failover against the real API, with a hand-made world behind it. */
import { Readable } from "node:stream";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openShell } from "../../test/command-shell.ts";
import { exampleOperation, exampleSnapshot, exampleStatus } from "../../test/fake-world.ts";
import type { ApiOperation } from "../api/operations-api.ts";
import { Failure } from "../model/failure.ts";

const shell = await openShell();
const { world, leeward } = shell;

afterAll(() => shell.close());
beforeEach(() => world.reset());

const startedAt = "2026-01-02T03:04:05.678Z";
const step = (name: string, ms: number | null, because = ""): ApiOperation["steps"][number] => ({
  name,
  startedAt,
  ms,
  because,
});

/** One change with two steps, then the end. */
function completing(changes: Partial<ApiOperation> = {}): (seen: ApiOperation) => ApiOperation {
  return (seen) => {
    const steps = [step("hand-over", 31, "it has everything"), step("claim", 2)];
    if (seen.phase === "before-claim") return { ...seen, phase: "claimed", step: "claim", steps };
    const all = [...steps, step("promote", 80, "us-west-2 accepts writes")];
    return {
      ...seen,
      phase: "ended",
      outcome: "completed",
      because: "every step is done",
      steps: all,
      writePauseMs: 412,
      ...changes,
    };
  };
}

const rolledBack = { outcome: "rolled-back", because: "hand-over took too long" } as const;

/** orders, and a second global database beside it. */
function twoDatabases(primary = "us-east-1"): void {
  const status = exampleStatus();
  const { orders } = status.databases;
  if (orders) status.databases["catalog"] = { ...orders, primary };
  world.statusNow = status;
}

/** A terminal at which somebody types. */
function typing(answer: string): { readonly input: Readable & { isTTY?: boolean } } {
  return { input: Object.assign(Readable.from([`${answer}\n`]), { isTTY: true }) };
}

const forced = ["failover", "orders", "--to", "us-west-2", "--allow-data-loss"];

describe("switchover", () => {
  test("tells each step once, with its reason, and what came of it", async () => {
    world.onWait = completing();
    const { code, out } = await leeward(["switchover", "orders", "--to", "us-west-2"]);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        "orders: switchover from us-east-1 to us-west-2 (switchover-orders-2)",
        "orders: hand-over (31 ms): it has everything",
        "orders: claim (2 ms)",
        "orders: promote (80 ms): us-west-2 accepts writes",
        "orders: us-west-2 is the primary (epoch 2), nothing was lost; nobody could write for 412 ms",
        "",
      ].join("\n"),
    );
    expect(world.begun).toMatchObject([
      { database: "orders", request: { kind: "switchover", to: "us-west-2", pins: "refuse" } },
    ]);
  });

  test("with --pins end asks for the end of sessions that cannot be moved, and for nothing else", async () => {
    world.onWait = completing();
    const command = ["switchover", "orders", "--to", "us-west-2", "--pins"];
    expect((await leeward([...command, "end"])).code).toBe(0);
    expect(world.begun).toMatchObject([{ request: { kind: "switchover", pins: "end" } }]);
    expect((await leeward([...command, "move"])).code).toBe(64);
    expect(world.begun).toHaveLength(1);
  });

  test("--json prints the operations and nothing else", async () => {
    world.onWait = completing();
    const { out } = await leeward(["switchover", "orders", "--to", "us-west-2", "--json"]);
    const { operations } = JSON.parse(out) as { operations: readonly ApiOperation[] };
    expect(operations).toMatchObject([
      {
        id: "switchover-orders-2",
        database: "orders",
        from: "us-east-1",
        to: "us-west-2",
        epoch: 1,
        outcome: "completed",
        writePauseMs: 412,
        estimatedLoss: null,
        steps: [{ name: "hand-over", ms: 31, because: "it has everything" }, {}, {}],
      },
    ]);
  });

  test("that is rolled back exits with its code, and says why and what next", async () => {
    world.onWait = completing(rolledBack);
    const { code, err } = await leeward(["switchover", "orders", "--to", "us-west-2"]);
    expect(code).toBe(75);
    expect(err).toContain("switchover-orders-2 was rolled back: hand-over took too long");
    expect(err).toContain("hint: The primary is where it was");
  });

  test("that is refused prints no operation, and exits with the refusal's code", async () => {
    world.onBegin = () => {
      throw new Failure("operation.target-invalid", "us-east-1 is the primary of orders already");
    };
    const { code, out, err } = await leeward([
      "switchover",
      "orders",
      "--to",
      "us-east-1",
      "--json",
    ]);
    expect({ code, out }).toEqual({ code: 64, out: "" });
    expect(JSON.parse(err)).toMatchObject({ code: "operation.target-invalid" });
  });

  test("--all goes on with the others when one does not complete, and exits non-zero", async () => {
    twoDatabases();
    const complete = completing();
    const rollBack = completing(rolledBack);
    world.onWait = (seen) => (seen.database === "catalog" ? rollBack(seen) : complete(seen));
    const { code, out, err } = await leeward(["switchover", "--all", "--to", "us-west-2"]);
    expect(code).toBe(75);
    expect(out).toContain("orders: us-west-2 is the primary (epoch 2)");
    expect(err).toContain("1 of 2 did not complete: switchover-catalog-2 was rolled back");
  });

  test("--all leaves a database alone that is there already", async () => {
    twoDatabases("us-west-2");
    const { code, out } = await leeward(["switchover", "--all", "--to", "us-west-2"]);
    expect(code).toBe(0);
    expect(out).toContain("catalog: us-west-2 is its primary already\n");
    expect(world.begun.map(({ database }) => database)).toEqual(["orders"]);
  });

  test("--dry-run shows the checks and begins nothing", async () => {
    world.onPreview = (preview) => ({
      ...preview,
      isPossible: false,
      checks: [
        { name: "the writer serves", isPassed: true, because: "" },
        { name: "the target is near", isPassed: false, because: "us-west-2 is far behind" },
      ],
    });
    const { code, out } = await leeward(["switchover", "orders", "--to", "us-west-2", "--dry-run"]);
    expect(code).toBe(75);
    expect(out).toContain(
      "  ✓ the writer serves\n  ✗ the target is near: us-west-2 is far behind\n",
    );
    expect(world.begun).toEqual([]);
  });

  test.for([
    [["orders"], "required option '--to"],
    [["--to", "us-west-2"], "Name one database, or say --all"],
    [["orders", "--all", "--to", "us-west-2"], "Name one database, or say --all"],
    [["ordesr", "--to", "us-west-2"], "did you mean orders?"],
    [["orders", "--to", "us-wset-2"], "did you mean us-west-2?"],
  ] as const)("%j is refused before anything is begun", async ([args, words]) => {
    const { code, err } = await leeward(["switchover", ...args]);
    expect(code).toBe(64);
    expect(err).toContain(words);
    expect(world.begun).toEqual([]);
  });
});

describe("failover", () => {
  test("without --allow-data-loss is refused with what it would lose", async () => {
    const { code, out, err } = await leeward(["failover", "orders", "--to", "us-west-2", "--yes"]);
    expect(code).toBe(64);
    expect(out).toContain("  would lose: 3 transactions, 1.2 KiB, 40 ms\n");
    expect(out).toContain("  fence: us-east-1 answers, and is told to stop\n");
    expect(err).toContain("orders: 3 transactions, 1.2 KiB, 40 ms");
    expect(world.begun).toEqual([]);
  });

  test("needs --yes where nobody can be asked", async () => {
    const { code, err } = await leeward(forced);
    expect(code).toBe(64);
    expect(err).toContain("A failover needs --yes where nobody can be asked");
    expect(world.begun).toEqual([]);
  });

  test.for([
    ["y", 0, 1],
    ["n", 64, 0],
    ["", 64, 0],
  ] as const)("at a terminal, %j is an answer", async ([answer, code, begun]) => {
    const ran = await leeward(forced, typing(answer));
    expect(ran.out).toContain("Fail over now? [y/N]");
    expect(ran.code).toBe(code);
    expect(world.begun).toHaveLength(begun);
  });

  test("expects the primary that was shown, so that nobody agrees to another failover", async () => {
    await leeward([...forced, "--yes", "--override-fence", "its power is cut"]);
    expect(world.begun[0]?.request).toEqual({
      kind: "failover",
      to: "us-west-2",
      allowDataLoss: true,
      expectPrimary: "us-east-1",
      overrideFence: "its power is cut",
      pins: "refuse",
    });
  });

  test("with a wrong --expect-primary is refused before anybody is asked", async () => {
    const { code, err } = await leeward([...forced, "--expect-primary", "us-west-2"], typing("y"));
    expect(code).toBe(75);
    expect(err).toContain("The primary of orders is us-east-1, not us-west-2");
    expect(world.begun).toEqual([]);
  });

  test("says when the loss was counted long ago", async () => {
    world.onPreview = (preview) => ({
      ...preview,
      estimatedLoss: { transactions: 0, bytes: 0, ms: 0, isExact: true, sampleAgeMs: 42_000 },
    });
    const { out } = await leeward([...forced, "--yes"]);
    expect(out).toContain(
      "would lose: nothing, and whatever was written in the 42 s since it was last heard",
    );
  });
});

describe("a command that watches an operation", () => {
  test("waits for a controller that is restarted, and finds the operation again", async () => {
    const complete = completing();
    let restarted: Promise<void> | undefined;
    world.onWait = (seen) => {
      restarted ??= shell.restart();
      return complete(seen);
    };
    const { code, out } = await leeward(["switchover", "orders", "--to", "us-west-2"]);
    await restarted;
    expect(code).toBe(0);
    expect(out).toContain("orders: us-west-2 is the primary (epoch 2)");
    expect(world.begun).toHaveLength(1);
  });

  test("that is interrupted says that the operation goes on, and how to watch it", async () => {
    const stop = new AbortController();
    world.onWait = (seen) => {
      stop.abort();
      return seen;
    };
    const { err } = await leeward(["switchover", "orders", "--to", "us-west-2"], {
      signal: stop.signal,
    });
    expect(err).toContain(
      "switchover-orders-2 goes on; `leeward operations show switchover-orders-2 --follow` watches it",
    );
  });
});

describe("members", () => {
  test.for(["detach", "add", "rejoin", "remove"] as const)("%s asks for itself", async (kind) => {
    const { code, out } = await leeward([kind, "orders", "us-west-2"]);
    expect(code).toBe(0);
    expect(world.begun).toMatchObject([{ database: "orders", request: { kind, to: "us-west-2" } }]);
    expect(out).toContain("orders: us-west-2 ");
  });
});

describe("operations", () => {
  test("lists the newest first, and --json is the API's answer", async () => {
    expect((await leeward(["operations"])).out).toBe("There was none.\n");
    world.operationsNow = [exampleOperation({ id: "failover-orders-3" }), exampleOperation()];
    const { out } = await leeward(["operations"]);
    expect(out).toMatch(/failover-orders-3 .*\n.*switchover-orders-2 /);
    const json = await leeward(["operations", "--json"]);
    expect(JSON.parse(json.out)).toEqual({ operations: world.operationsNow });
  });

  test("show tells every step, and --follow goes on until the end", async () => {
    world.operationsNow = [exampleOperation()];
    const now = await leeward(["operations", "show", "switchover-orders-2"]);
    expect(now.out).toContain("… catch-up");
    expect(now.out).toContain("us-west-2 is 4096 bytes behind");
    world.onWait = completing();
    const ended = await leeward(["operations", "show", "switchover-orders-2", "--follow"]);
    expect(ended.out).toContain("orders: promote (80 ms): us-west-2 accepts writes");
    expect(ended.out).toContain("nobody could write for 412 ms");
  });

  test("--follow tells what happens, until it is stopped", async () => {
    world.operationsNow = [exampleOperation()];
    const stop = new AbortController();
    const { out } = await leeward(["operations", "--follow"], {
      signal: stop.signal,
      onOut: (text) => {
        if (text.includes("is the primary")) return stop.abort();
        const [operation] = world.operationsNow;
        if (operation) setTimeout(() => world.change(completing()(operation)));
        return undefined;
      },
    });
    expect(out.match(/hand-over \(31 ms\)/g)).toHaveLength(1);
    expect(out).toContain("orders: us-west-2 is the primary (epoch 2), nothing was lost");
  });

  test("cancel asks for the end, and an operation that is not there is named", async () => {
    world.operationsNow = [exampleOperation()];
    const { out } = await leeward(["operations", "cancel", "switchover-orders-2"]);
    expect(out).toContain("is being rolled back");
    expect(world.operationsNow[0]?.isCancelled).toBe(true);
    const unknown = await leeward(["operations", "cancel", "switchover-orders-9"]);
    expect(unknown.code).toBe(64);
    expect(unknown.err).toContain("There is no operation switchover-orders-9");
  });
});

describe("snapshots", () => {
  const { name } = exampleSnapshot();

  test("lists what is kept, with its size and its fork", async () => {
    expect((await leeward(["snapshots"])).out).toContain("Nothing is kept");
    world.snapshotsNow = [exampleSnapshot()];
    const { out } = await leeward(["snapshots", "list"]);
    expect(out).toMatch(new RegExp(`${name}  us-east-1  40 MiB  .*  0/3000148\n`));
    const json = await leeward(["snapshots", "--json"]);
    expect(JSON.parse(json.out)).toEqual({ snapshots: [exampleSnapshot()] });
  });

  test("are removed only when somebody is sure", async () => {
    world.snapshotsNow = [exampleSnapshot()];
    expect((await leeward(["snapshots", "remove", name])).code).toBe(64);
    expect((await leeward(["snapshots", "remove", name], typing("n"))).code).toBe(64);
    expect(world.snapshotsNow).toHaveLength(1);
    const { code, out } = await leeward(["snapshots", "remove", name, "--yes"]);
    expect(code).toBe(0);
    expect(out).toContain("was removed from us-east-1 (40 MiB)");
    expect(world.snapshotsNow).toEqual([]);
    const gone = await leeward(["snapshots", "remove", name, "--yes"]);
    expect(gone.err).toContain("There is no evidence");
  });
});
