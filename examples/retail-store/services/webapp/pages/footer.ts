/** The foot of each page: which Region made it, and which PostgreSQL were asked. */
import { html } from "ghtml";
import type { Visitor } from "../visitor.ts";
import type { Html } from "./layout.ts";

/** One quiet line, and a way to look closer. */
export function pageFooter(visitor: Visitor): Html {
  const { place, read, nowMs } = visitor;
  const { wrote } = visitor.session;
  const parts = [
    html`Answered by <b>${place.region}</b>`,
    read && html`read from <b>${read.address}</b> in ${read.ms.toFixed(1)} ms`,
    wrote &&
      html`last write to <b>${wrote.address}</b> in ${Math.round(wrote.ms)} ms, ${ago(nowMs - wrote.at)}`,
  ].filter((part) => part !== undefined);
  return html`<footer class="foot">
<p class="served">!${parts.join(' <span aria-hidden="true">·</span> ')}</p>
<p class="small"><a href="/visits/">Which server is this?</a> <a href="/auth/account">Your account</a> <span>A demonstration: nothing is charged and nothing is sent.</span></p>
</footer>`;
}

/** Roughly, for people: 64,000 ms is "a minute ago". */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`;
}
