import { expect, test } from "vitest";
import type { NewEvent } from "../model/event.ts";
import { AgentEvents } from "./agent-events.ts";

const event = (message: string): NewEvent => ({
  kind: "instance.fenced",
  message,
  region: undefined,
  database: undefined,
  details: {},
});

test("A23: an event stays until a report that carried it was taken", () => {
  const events = new AgentEvents();
  events.add(event("a"));
  const sent = events.next();
  events.add(event("b"));
  expect(events.next()).toHaveLength(2);
  events.taken(sent);
  expect(events.next().map(({ message }) => message)).toEqual(["b"]);
});

test("A23: a controller that is away for long costs the oldest events and no memory", () => {
  const events = new AgentEvents();
  for (let count = 0; count < 500; count++) events.add(event(`${count}`));
  expect(events.next()[0]?.message).toBe("300");
  expect(events.next()).toHaveLength(50);
});
