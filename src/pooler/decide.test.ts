import fc from "fast-check";
import { expect, test } from "vitest";
import { decide, type Decision, type View } from "./decide.ts";
import { areSame, lineOf, type Line, type RunningLine } from "./line.ts";

const hosts = ["127.0.1.1", "127.0.1.102", "127.0.1.103"] as const;
const names = ["orders", "orders-ro", "gdbdemo"] as const;

function line(name: string, host: string): Line {
  return { name, host, port: 6432, dbname: "orders-rw" };
}

const at = (host: string): readonly Line[] => [line("gdbdemo", host)];
const running = (host: string, isPaused = false): readonly RunningLine[] =>
  at(host).map((one) => ({ ...one, isPaused }));

const settled: View = {
  wanted: at(hosts[0]),
  fileIsRight: true,
  hasReadFile: true,
  running: running(hosts[0]),
  pausedByUs: new Set(),
};
const gdbdemo = new Set(["gdbdemo"]);

test.for<[string, Partial<View>, Partial<Decision>]>([
  ["what is in step is left alone", {}, { kind: "rest" }],
  [
    "a name that leads elsewhere is paused first",
    { wanted: at(hosts[1]), fileIsRight: false },
    { kind: "pause", names: ["gdbdemo"] },
  ],
  [
    "the file is written once the name is paused",
    {
      wanted: at(hosts[1]),
      fileIsRight: false,
      running: running(hosts[0], true),
      pausedByUs: gdbdemo,
    },
    { kind: "write" },
  ],
  [
    "the file that was written is read",
    { wanted: at(hosts[1]), running: running(hosts[0], true), pausedByUs: gdbdemo },
    { kind: "reload" },
  ],
  [
    "a move ends with the release of what it has paused",
    { running: running(hosts[0], true), pausedByUs: gdbdemo },
    { kind: "release" },
  ],
  [
    "what is paused and in no move is resumed before anything else",
    { wanted: at(hosts[1]), fileIsRight: false, running: running(hosts[0], true) },
    { kind: "resume", names: ["gdbdemo"] },
  ],
  [
    "a name that did not pause when it was told to moves all the same",
    { wanted: at(hosts[1]), pausedByUs: gdbdemo },
    { kind: "reload" },
  ],
  ["a name that nobody can reach yet needs no pause", { running: [] }, { kind: "reload" }],
  [
    "a file that leads nobody elsewhere needs no pause",
    { fileIsRight: false, hasReadFile: false },
    { kind: "write" },
  ],
  ["what was written must be read", { hasReadFile: false }, { kind: "reload" }],
  [
    "the file is right before a PgBouncer starts on it",
    { running: undefined, fileIsRight: false },
    { kind: "write" },
  ],
  ["a console that does not answer is waited for", { running: undefined }, { kind: "wait" }],
])("%s", ([, view, decision]) => {
  expect(decide({ ...settled, ...view })).toMatchObject(decision);
});

test("a second name that has to move does not make the first one wait again", () => {
  const wanted = names.map((name) => line(name, hosts[1]));
  const now = names.map((name) => ({ ...line(name, hosts[0]), isPaused: name === "orders" }));
  const view = { ...settled, wanted, fileIsRight: false, running: now };
  expect(decide({ ...view, pausedByUs: new Set(["orders"]) })).toMatchObject({ kind: "write" });
});

/** PgBouncer, its file and the one who moves it, as far as `decide` is concerned. */
class Model {
  wanted: readonly Line[];
  file: readonly Line[];
  running: readonly RunningLine[] | undefined;
  pausedByUs = new Set<string>();
  hasReadFile = false;

  constructor(wanted: readonly Line[], file: readonly Line[], now: readonly RunningLine[]) {
    this.wanted = wanted;
    this.file = file;
    this.running = now;
  }

  decide(): Decision {
    const { wanted, running: now, pausedByUs, hasReadFile } = this;
    const fileIsRight = areSame(this.file, wanted);
    return decide({ wanted, fileIsRight, hasReadFile, running: now, pausedByUs });
  }

  step(): Decision {
    if (this.running === undefined) this.pausedByUs.clear();
    const decision = this.decide();
    this.#do(decision);
    return decision;
  }

  #do(decision: Decision): void {
    switch (decision.kind) {
      case "write":
        this.file = this.wanted;
        this.hasReadFile = false;
        return;
      case "reload":
        this.read();
        this.hasReadFile = true;
        return;
      case "pause":
        for (const name of decision.names) this.pausedByUs.add(name);
        return this.#setPaused(decision.names, true);
      case "resume":
        return this.#setPaused(decision.names, false);
      case "release":
        return this.undo();
      case "rest":
      case "wait":
        return;
    }
  }

  read(): void {
    const paused = this.running?.filter(({ isPaused }) => isPaused).map(({ name }) => name) ?? [];
    this.running = this.file.map((one) => ({ ...one, isPaused: paused.includes(one.name) }));
  }

  /** What follows a step that has failed. */
  undo(): void {
    this.#setPaused([...this.pausedByUs], false);
    this.pausedByUs.clear();
  }

  /** The agent dies; the next one knows nothing. */
  forget(): void {
    this.pausedByUs.clear();
    this.hasReadFile = false;
  }

  restart(): void {
    this.running = this.file.map((one) => ({ ...one, isPaused: false }));
    this.hasReadFile = false;
  }

  get isPaused(): boolean {
    return this.running?.some(({ isPaused }) => isPaused) ?? false;
  }

  #setPaused(which: readonly string[], isPaused: boolean): void {
    this.running = this.running?.map((one) =>
      which.includes(one.name) ? { ...one, isPaused } : one,
    );
  }
}

type Disturbance =
  | { readonly kind: "none" | "agent-dies" | "step-fails" | "is-killed" | "starts" }
  | { readonly kind: "writer-moves" | "file-is-edited"; readonly lines: readonly Line[] };

const someLines = fc.tuple(
  ...names.map((name) => fc.constantFrom(...hosts).map((host) => line(name, host))),
);
const someRunning = someLines.chain((lines) =>
  fc
    .tuple(fc.subarray(lines), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
    .map(([known, paused]) =>
      known.map((one, index) => ({ ...one, isPaused: paused[index] ?? false })),
    ),
);
const disturbance: fc.Arbitrary<Disturbance> = fc.oneof(
  fc.constantFrom(
    { kind: "none" } as const,
    { kind: "agent-dies" } as const,
    { kind: "step-fails" } as const,
    { kind: "is-killed" } as const,
    { kind: "starts" } as const,
  ),
  someLines.map((lines) => ({ kind: "writer-moves", lines }) as const),
  someLines.map((lines) => ({ kind: "file-is-edited", lines }) as const),
);

function disturb(model: Model, by: Disturbance): void {
  switch (by.kind) {
    case "none":
      return;
    case "agent-dies":
      return model.forget();
    case "step-fails":
      return model.undo();
    case "is-killed":
      model.running = undefined;
      return;
    case "starts":
      if (model.running === undefined) model.restart();
      return;
    case "writer-moves":
      model.wanted = by.lines;
      return;
    case "file-is-edited":
      model.file = by.lines;
      return;
  }
}

/** Resume what was left, pause, write, reload, release; and one more look. */
const stepsMax = 6;

test("whatever dies between two steps, it ends in step with nothing paused", () => {
  fc.assert(
    fc.property(
      someLines,
      someLines,
      someRunning,
      fc.array(disturbance, { maxLength: 12 }),
      (wanted, file, now, disturbances) => {
        const model = new Model(wanted, file, now);
        for (const by of disturbances) {
          model.step();
          disturb(model, by);
        }
        if (model.running === undefined) model.restart();
        let steps = 0;
        while (model.step().kind !== "rest") {
          steps += 1;
          expect(steps, "steps until it is in step").toBeLessThanOrEqual(stepsMax);
        }
        expect(model.isPaused).toBe(false);
        expect(areSame(model.file, model.wanted)).toBe(true);
        for (const one of model.wanted) {
          expect(lineOf(model.running ?? [], one.name)?.host).toBe(one.host);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("a move that nobody disturbs takes three more steps after its pause, and one pause", () => {
  fc.assert(
    fc.property(someLines, fc.array(someLines, { maxLength: 12 }), (first, moves) => {
      const model = new Model(
        first,
        first,
        first.map((one) => ({ ...one, isPaused: false })),
      );
      model.hasReadFile = true;
      for (const lines of moves) {
        model.wanted = lines;
        if (model.step().kind !== "pause") continue;
        const kinds = [model.step().kind, model.step().kind, model.step().kind];
        expect(kinds).toEqual(["write", "reload", "release"]);
        expect(model.isPaused).toBe(false);
      }
    }),
  );
});
