/** The way through a long list. */
import { html } from "ghtml";
import type { Html } from "./layout.ts";

export type Paging = {
  readonly page: number;
  readonly pages: number;
  /** The address of a page. */
  readonly pathOf: (page: number) => string;
};

/** Nothing where there is one page. */
export function paging({ page, pages, pathOf }: Paging): Html {
  if (pages <= 1) return "";
  const numbers = pageNumbers(page, pages);
  return html`<nav class="paging" aria-label="Pages"><ul>
!${page > 1 ? html`<li><a rel="prev" href="${pathOf(page - 1)}">Previous</a></li>` : ""}
!${numbers.map((number, index) => {
    const gap =
      number - (numbers[index - 1] ?? 0) > 1 ? '<li class="gap" aria-hidden="true">…</li>' : "";
    const current = number === page ? ' aria-current="page"' : "";
    return html`!${gap}<li><a href="${pathOf(number)}"!${current}><span class="hidden">Page </span>${number}</a></li>`;
  })}
!${page < pages ? html`<li><a rel="next" href="${pathOf(page + 1)}">Next</a></li>` : ""}
</ul></nav>`;
}

/** The first, the last, and those around `page`. Pure. */
export function pageNumbers(page: number, pages: number): readonly number[] {
  const wanted = new Set([1, page - 1, page, page + 1, pages]);
  return [...wanted].filter((number) => number >= 1 && number <= pages).toSorted((a, b) => a - b);
}
