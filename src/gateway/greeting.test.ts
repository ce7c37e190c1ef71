import { expect, test } from "vitest";
import { PROTOCOL_3_0 } from "../wire/postgres/startup-messages.ts";
import { guessParameters } from "./greeting.ts";
import type { RequestedLogin } from "./requested-login.ts";

const login = (parameters: Record<string, string>): RequestedLogin => ({
  user: "app",
  database: "orders",
  protocol: PROTOCOL_3_0,
  parameters: new Map(Object.entries(parameters)),
});

test("a guess knows more from a server that was met than from none", () => {
  const met = new Map([["server_version", "18.4"]]);
  expect(guessParameters(login({}), new Map()).get("server_version")).toBe("18.0");
  expect(guessParameters(login({}), met).get("server_version")).toBe("18.4");
});

test("a guess reports what the login itself has set, by PostgreSQL's own spelling", () => {
  const guess = guessParameters(login({ datestyle: "German", statement_timeout: "5s" }), new Map());
  expect(guess.get("DateStyle")).toBe("German");
  expect(guess.get("session_authorization")).toBe("app");
  expect([...guess.keys()]).not.toContain("statement_timeout");
});
