import { expect, test } from "vitest";
import { fillPlaceholders, placeholdersIn } from "./placeholder.ts";

test("each placeholder is found with its meaning, and what is none has no meaning", () => {
  expect(
    placeholdersIn("${region}-$${secret:session}${password:orders/a/b}${Secret:x}$5{region}"),
  ).toEqual([
    { whole: "${region}", meaning: { kind: "place", name: "region" } },
    { whole: "${secret:session}", meaning: { kind: "secret", name: "session" } },
    {
      whole: "${password:orders/a/b}",
      meaning: { kind: "password", database: "orders", role: "a/b" },
    },
    { whole: "${Secret:x}", meaning: undefined },
  ]);
});

test.for(["", "Session", "my_key", "a/b", "a b", "a".repeat(64)])(
  "a secret is not called %j",
  (name) => {
    expect(placeholdersIn(`\${secret:${name}}`)[0]?.meaning).toBeUndefined();
  },
);

test("what is filled in is not looked at again, and what is not known stays", () => {
  const filled = fillPlaceholders("${secret:a} ${replica} ${other}", ({ kind }) =>
    kind === "secret" ? "$& ${replica}" : undefined,
  );
  expect(filled).toBe("$& ${replica} ${replica} ${other}");
});
