/** What an edge answers itself: everything below `/.leeward/` of an entry. It is never passed on. */
import { answerWith, refuse } from "./client-answer.ts";
import type { EdgeParts } from "./edge.ts";
import type { Asked } from "./exchange.ts";
import { badRequest } from "./refusal.ts";
import { healthPath } from "./region-report.ts";

export type OwnAnswer = { readonly isGood: boolean; readonly body: object };

/** Whether the request was meant for the edge, and has been answered. */
export function answerOwn(doors: EdgeParts, asked: Asked, report: () => OwnAnswer): boolean {
  const { request, response, head } = asked;
  if (!head.path.startsWith("/.leeward/")) return false;
  if (head.path.split("?", 1)[0] !== healthPath) {
    refuse(doors, request, response, badRequest(404, "not-found", `There is only ${healthPath}.`));
  } else if (head.method === "GET" || head.method === "HEAD") {
    const { isGood, body } = report();
    const text = Buffer.from(`${JSON.stringify(body)}\n`);
    const headers = [
      "content-type",
      "application/json",
      "cache-control",
      "no-store",
      "content-length",
      String(text.length),
    ];
    answerWith(doors, response, { status: isGood ? 200 : 503, headers, body: text });
  } else {
    const message = `${healthPath} answers GET and HEAD.`;
    refuse(doors, request, response, badRequest(405, "method-refused", message));
  }
  return true;
}
