/** A status for those who follow changes: one line for each thing that can change. Pure. */
import type { ApiDatabase, ApiStatus } from "../api/api.ts";
import { formatDuration } from "./output.ts";
import { lagText, wouldLose } from "./status-tables.ts";

type Facts = Map<string, string>;

/** By the name of the thing: `status --watch` prints those that are others than before. */
export function statusFacts(status: ApiStatus): ReadonlyMap<string, string> {
  const facts: Facts = new Map();
  for (const [name, { state, gateway, because }] of Object.entries(status.regions)) {
    facts.set(`region ${name}`, `${name}: ${state}${why(because)}`);
    facts.set(`gateway ${name}`, `${name}: gateway ${gateway.state}`);
  }
  for (const [name, database] of Object.entries(status.databases)) {
    addWriter(facts, name, database);
    addMembers(facts, name, database);
  }
  for (const { between, state, rttMs } of status.links) {
    const id = between.join(" – ");
    facts.set(`link ${id}`, `${id}: ${state}, ${formatDuration(rttMs)}`);
  }
  facts.set("ready", status.isReady ? "ready" : "not ready");
  return facts;
}

function addWriter(facts: Facts, name: string, database: ApiDatabase): void {
  const { epoch, primary, fence, operation, candidates } = database;
  if (primary === null) return;
  const promotable = candidates.length > 0 ? candidates.join(", ") : "none";
  facts.set(`database ${name}`, `${name}: epoch ${epoch}, ${primary} writes`);
  facts.set(`candidates ${name}`, `${name}: candidates ${promotable}`);
  if (fence) facts.set(`fence ${name}`, `${name}: fence ${fence.state}${why(fence.because)}`);
  if (!operation) return;
  const { id, step, because } = operation;
  facts.set(`operation ${name}`, `${name}: ${id}, ${step}${because === "" ? "" : why(because)}`);
}

function addMembers(facts: Facts, name: string, database: ApiDatabase): void {
  for (const [region, member] of Object.entries(database.members)) {
    for (const { number, role, state, because } of member.instances) {
      const id = `${name}/${region}/${number}`;
      facts.set(id, `${id}: ${role}, ${state}${why(because)}`);
    }
    const lag = lagText(member);
    if (lag === "") continue;
    const loss = wouldLose(region, database);
    const words = loss === "" ? lag : `${lag}; would lose: ${loss}`;
    facts.set(`lag ${name} ${region}`, `${name}/${region}: lag ${words}`);
  }
}

function why(because: string | null): string {
  return because === null ? "" : ` (${because})`;
}
