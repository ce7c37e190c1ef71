import { expect, test } from "vitest";
import { CookieJar } from "./cookie-jar.ts";

const nowMs = 1_800_000_000_000;

function jarOf(...lines: readonly string[]): CookieJar {
  const jar = new CookieJar();
  for (const line of lines) jar.store(line, nowMs);
  return jar;
}

test("what was set goes with the next request, the newest value of a name", () => {
  const jar = jarOf("a=1; Path=/; HttpOnly", "b=x=y ;SameSite=Lax", "a=2", 'c="q"');
  expect(jar.header()).toBe('b=x=y; a=2; c="q"');
});

test.for([
  "a=; Max-Age=0",
  "a=2; max-age=-1; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
  "a=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
  "a=2; expires = Thu, 01-Jan-1970 00:00:00 GMT",
])("a cookie whose end has come is gone: %s", (line) => {
  expect(jarOf("a=1", line).header()).toBeUndefined();
});

test.for(["a=2; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=2; Expires=whenever"])(
  "a cookie whose end has not come is kept: %s",
  (line) => {
    expect(jarOf(line).header()).toBe("a=2");
  },
);

test.for(["", "novalue", "=1", " = 1", ";;;"])(
  "a line that sets nothing is ignored: %j",
  (line) => {
    expect(jarOf("a=1", line).header()).toBe("a=1");
  },
);

test("a site that sets a cookie with each answer does not fill the memory", () => {
  const jar = jarOf(...Array.from({ length: 200 }, (_, index) => `c${index}=1`));
  expect(jar.header()?.split("; ")).toHaveLength(50);
  expect(jar.header()).toContain("c199=1");
  jar.clear();
  expect(jar.header()).toBeUndefined();
});
