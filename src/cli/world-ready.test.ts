import { expect, test } from "vitest";
import type { ApiInstance, ApiStatus } from "../api/api.ts";
import { readiness } from "./world-ready.ts";

function aStatus(
  states: readonly string[],
  isReady = false,
  services: ApiStatus["services"] = {},
): ApiStatus {
  const instances = states.map(
    (state, index) =>
      ({
        number: index + 1,
        state,
        because: state === "failed" ? "no space" : null,
      }) as ApiInstance,
  );
  const member = { role: "primary", state: states[0], instances };
  return {
    isReady,
    databases: { orders: { members: { r1: member } } },
    services,
  } as unknown as ApiStatus;
}

test("a world is ready when the controller says so", () => {
  expect(readiness(aStatus(["serving"], true))).toEqual({ kind: "ready" });
});

test("a failed instance does not end the wait while another one moves", () => {
  expect(readiness(aStatus(["failed", "cloning"])).kind).toBe("wait");
});

test("a failed instance that nothing will change ends the wait, with its reason", () => {
  expect(readiness(aStatus(["failed", "serving"]))).toEqual({
    kind: "failed",
    because: "orders/r1/1: no space",
  });
});

test("an instance that catches up is waited for", () => {
  expect(readiness(aStatus(["serving", "catching-up"])).kind).toBe("wait");
});

test("a service that ends again and again ends the wait, and one that starts does not", () => {
  const state = { ready: 0, wanted: 1, isFailing: false, because: "it exited with code 1" };
  const failing = { web: { r1: { ...state, isFailing: true } } };
  expect(readiness(aStatus(["serving"], false, { web: { r1: state } })).kind).toBe("wait");
  expect(readiness(aStatus(["cloning"], false, failing)).kind).toBe("wait");
  expect(readiness(aStatus(["serving"], false, failing))).toEqual({
    kind: "failed",
    because: "web/r1: it exited with code 1",
  });
});
