import { expect, test } from "vitest";
import { customNamesIn } from "./custom-names.ts";

test.each([
  ["SELECT set_config('app.tenant', $1, false)", ["app.tenant"]],
  ["PERFORM pg_catalog.set_config ( 'App.Tenant.Id' , x, true)", ["app.tenant.id"]],
  ['SET app.tenant = \'x\'; set session "app"."user" TO 1', ["app.tenant", "app.user"]],
  ["SELECT set_config('work_mem', '1MB', false), set_config('app.' || n, v, false)", []],
  ["UPDATE t SET a = b.c", []],
])("%s sets %j", (text, names) => {
  expect([...customNamesIn(text)]).toEqual(names);
});
