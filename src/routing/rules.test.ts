import { describe, expect, test } from "vitest";
import {
  control,
  east,
  europe,
  noFacts,
  orders,
  panel,
  rule,
  west,
} from "../../test/routing-fixtures.ts";
import type { RuleConfig } from "../config/config.ts";
import type { ControlId } from "../model/traffic.ts";
import type { DataFacts } from "./data-facts.ts";
import { judgeRule, type RuleView } from "./rules.ts";

const controls = [control(east), control(west), control(europe)];
const ids = controls.map(({ id }) => id);
const [one, two, three] = ids as [ControlId, ControlId, ControlId];

function judge(
  fields: Partial<RuleConfig>,
  on: readonly ControlId[],
  view: Partial<RuleView> = {},
): string | undefined {
  const asked = rule("rule", ids, fields);
  return judgeRule(panel({ controls, rules: [asked] }), asked, {
    isOn: (id) => on.includes(id),
    changed: new Set([one]),
    nowMs: 10_000,
    changedAtMs: new Map(),
    facts: noFacts,
    ...view,
  });
}

describe("T3: the condition", () => {
  const atleast2 = { condition: { kind: "atleast", threshold: 2 } } as const;
  const and = { condition: { kind: "and" } } as const;
  const or = { condition: { kind: "or" } } as const;
  const inverted = { isInverted: true };

  test.for([
    ["at least two: one is too few", atleast2, [one], false],
    ["at least two: two are enough", atleast2, [one, two], true],
    ["all: one that is Off is enough to break it", and, [one, two], false],
    ["all: all are On", and, ids, true],
    ["any: none is On", or, [], false],
    ["any: one is On", or, [three], true],
    ["not at least two: one is few enough", { ...atleast2, ...inverted }, [one], true],
    ["not at least two: two are too many", { ...atleast2, ...inverted }, [one, two], false],
    ["not all: one is Off", { ...and, ...inverted }, [one, two], true],
    ["not all: all are On", { ...and, ...inverted }, ids, false],
    ["not any: none is On", { ...or, ...inverted }, [], true],
    ["not any: one is On", { ...or, ...inverted }, [two], false],
  ] as const)("%s", ([, fields, on, holds]) => {
    expect(judge(fields, on) === undefined).toBe(holds);
  });

  test("a refusal says what was wanted and what would be", () => {
    expect(judge(atleast2, [one])).toBe("at least 2 of its 3 controls must be On, and 1 would be");
    expect(judge({ ...and, isInverted: true }, ids)).toBe(
      "all of its 3 controls must not be On, and 3 would be",
    );
  });

  test("only the controls that the rule names count", () => {
    expect(judge({ controls: [two] }, [one, three])).toContain("at least 1 of its 1 control must");
  });
});

describe("T4: the wait period", () => {
  const changedAtMs = new Map([[two, 6_000]]);

  test("a change of any of its controls is refused until it is over, then not", () => {
    expect(judge({ waitMs: 5_000 }, ids, { changedAtMs })).toBe(
      "it waits 5000 ms after each change of its controls, and 1000 ms are left",
    );
    expect(judge({ waitMs: 4_000 }, ids, { changedAtMs })).toBeUndefined();
  });

  test("it does not hold up controls that it is not about", () => {
    expect(judge({ waitMs: 5_000, controls: [two, three] }, ids, { changedAtMs })).toBeUndefined();
  });

  test("changes of other controls do not begin it", () => {
    expect(judge({ waitMs: 5_000, controls: [one] }, ids, { changedAtMs })).toBeUndefined();
  });

  test("the last of several changes counts", () => {
    const both = new Map([
      [two, 1_000],
      [three, 9_999.5],
    ]);
    expect(judge({ waitMs: 5_000 }, ids, { changedAtMs: both })).toContain("5000 ms are left");
  });
});

function factsOf(lagMs: number | undefined, isFenceProved = true): DataFacts {
  const copies = [
    { region: east, lagMs },
    { region: west, lagMs: 0 },
  ];
  return { databases: [{ database: orders, isFenceProved, copies }] };
}

describe("T6: the lag", () => {
  const lag = { lagMsMax: 500 };

  test("a control goes On where every copy is less behind", () => {
    expect(judge(lag, ids, { facts: factsOf(499) })).toBeUndefined();
  });

  test("a copy that is as far behind refuses", () => {
    expect(judge(lag, ids, { facts: factsOf(500) })).toBe(
      "every copy in us-east-1 has to be less than 500 ms behind, and orders is 500 ms",
    );
  });

  test("a lag that is not known refuses", () => {
    expect(judge(lag, ids, { facts: factsOf(undefined) })).toContain(
      "it is not known how far orders is",
    );
  });

  test("it does not matter to a control that goes Off, or was On before", () => {
    expect(judge(lag, [two], { facts: factsOf(undefined) })).toBeUndefined();
    const changed = new Set([two]);
    expect(judge(lag, ids, { facts: factsOf(undefined), changed })).toBeUndefined();
  });

  test("a Region without a copy is not held up by it", () => {
    const changed = new Set([three]);
    expect(judge(lag, ids, { facts: factsOf(undefined), changed })).toBeUndefined();
  });

  test("it holds up only the controls that the rule is about", () => {
    const about = { ...lag, controls: [two] };
    expect(judge(about, ids, { facts: factsOf(undefined) })).toBeUndefined();
  });
});

describe("T7: the fence", () => {
  test("a control goes On only where no database's old writer is unproved", () => {
    const view = { facts: factsOf(0, false) };
    expect(judge({ fenceProved: true }, ids, view)).toBe(
      "the old writer of orders, which us-east-1 belongs to, is not proved to be fenced",
    );
    expect(judge({ fenceProved: false }, ids, view)).toBeUndefined();
    expect(judge({ fenceProved: true }, ids, { facts: factsOf(0) })).toBeUndefined();
  });

  test("a Region that the database does not have is not held up by it", () => {
    const view = { facts: factsOf(0, false), changed: new Set([three]) };
    expect(judge({ fenceProved: true }, ids, view)).toBeUndefined();
  });
});
