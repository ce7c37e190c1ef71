/** What went wrong, for people, with a way on. */
import { html } from "ghtml";
import type { Html } from "./layout.ts";

export type Trouble = {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** The way on. */
  readonly link: { readonly path: string; readonly text: string };
};

/** Told at once by screen readers, too. */
export function errorPage({ status, title, text, link }: Trouble): Html {
  return html`<div class="narrow-page trouble">
<p class="status" aria-hidden="true">${status}</p>
<h1>${title}</h1>
<p class="lead" role="alert">${text}</p>
<p class="actions"><a class="button" href="${link.path}">${link.text}</a> <a class="button second" href="/">To the shop</a></p>
</div>`;
}
