/** Fields of forms: a label, what was typed, and what is wrong with it beside it. */
import { html } from "ghtml";
import { csrfField } from "../csrf.ts";
import type { Form } from "../form.ts";
import type { Visitor } from "../visitor.ts";
import type { Html } from "./layout.ts";

export type Field = {
  readonly name: string;
  readonly label: string;
  readonly type?: "text" | "email" | "password";
  /** As HTML's autocomplete: browsers fill in addresses by it. */
  readonly autocomplete: string;
  readonly inputmode?: "numeric";
  readonly isOptional?: boolean;
  readonly hint?: string;
  readonly width?: "half" | "third";
};

/** What each form that changes something carries: see csrf.ts. */
export function csrfInput(visitor: Visitor): Html {
  return html`<input type="hidden" name="${csrfField}" value="${visitor.formToken()}">`;
}

/** A labelled field of `form`, with its error and its hint tied to it for screen readers. */
export function field(form: Form, what: Field): Html {
  const { name, label, type = "text", autocomplete, inputmode, isOptional, hint, width } = what;
  const error = form.errors[name];
  const described = [error && `${name}-error`, hint && `${name}-hint`].filter(Boolean).join(" ");
  return html`<div class="field ${width ?? ""}">
<label for="${name}">${label}!${isOptional ? ' <span class="optional">optional</span>' : ""}</label>
<input id="${name}" name="${name}" type="${type}" value="${form.values[name]}" autocomplete="${autocomplete}"!${
    inputmode ? html` inputmode="${inputmode}"` : ""
  }!${isOptional ? "" : " required"}!${error ? ' aria-invalid="true"' : ""}!${
    described ? html` aria-describedby="${described}"` : ""
  }>
!${error ? html`<p class="field-error" id="${name}-error">${error}</p>` : ""}
!${hint ? html`<p class="hint" id="${name}-hint">${hint}</p>` : ""}
</div>`;
}

/** Above a form that was sent back: how many fields, and links to them. Nothing for a new one. */
export function problems(form: Form): Html {
  const wrong = Object.entries(form.errors);
  if (wrong.length === 0 && form.problem === undefined) return "";
  return html`<div class="problems" role="alert">
<p>${form.problem ?? "Please look at this once more:"}</p>
!${
    wrong.length === 0
      ? ""
      : html`<ul>!${wrong.map(([name, text]) => html`<li><a href="#${name}">${text}</a></li>`)}</ul>`
  }
</div>`;
}
