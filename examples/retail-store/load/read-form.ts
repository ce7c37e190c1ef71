/** Forms as a browser has them: what is in their fields when nobody has touched them, hidden ones too. Pure. */
import { astray, decodeEntities } from "./read-page.ts";
import type { Page } from "./visitor.ts";

export type FilledForm = Readonly<Record<string, string | number>>;

/**
 * The fields of the form that goes to `action`, with `values` typed over what was in them.
 * @throws Error when the page has no such form, or it lacks a field for one of the values
 */
export function fill(page: Page, action: string, values: FilledForm = {}): FilledForm {
  const inner = innerOf(page, action);
  if (inner === undefined) astray(`A form to ${action}`, page);
  const { fields, names } = fieldsOf(inner);
  const lacking = Object.keys(values).filter((name) => !names.has(name));
  if (lacking.length > 0) astray(`A form to ${action} with ${lacking.join(", ")}`, page);
  return { ...fields, ...values };
}

/** Whether the page has a form that goes to `action`. */
export function hasForm(page: Page, action: string): boolean {
  return innerOf(page, action) !== undefined;
}

function innerOf(page: Page, action: string): string | undefined {
  const forms = page.text().matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi);
  for (const [, tag = "", inner = ""] of forms) {
    if (attributesOf(tag).get("action") === action) return inner;
  }
  return undefined;
}

type Fields = {
  /** What would be sent. */
  readonly fields: Readonly<Record<string, string>>;
  /** Of all fields, also of those that are sent only when somebody chooses them. */
  readonly names: ReadonlySet<string>;
};

function fieldsOf(inner: string): Fields {
  const fields: Record<string, string> = {};
  const names = new Set<string>();
  const add = (name: string | undefined, value: string | undefined): void => {
    if (!name) return;
    names.add(name);
    if (value !== undefined) fields[name] = value;
  };
  for (const [, tag = ""] of inner.matchAll(/<input\b([^>]*)>/gi)) {
    const attributes = attributesOf(tag);
    if (!attributes.has("disabled")) add(attributes.get("name"), valueOf(attributes));
  }
  for (const [, tag = "", options = ""] of inner.matchAll(
    /<select\b([^>]*)>([\s\S]*?)<\/select>/gi,
  )) {
    add(attributesOf(tag).get("name"), chosenOf(options));
  }
  for (const [, tag = "", text = ""] of inner.matchAll(
    /<textarea\b([^>]*)>([\s\S]*?)<\/textarea>/gi,
  )) {
    add(attributesOf(tag).get("name"), decodeEntities(text));
  }
  return { fields, names };
}

/** Undefined: it is not sent as it is. */
function valueOf(attributes: ReadonlyMap<string, string>): string | undefined {
  const type = attributes.get("type")?.toLowerCase() ?? "text";
  if (["submit", "button", "reset", "image", "file"].includes(type)) return undefined;
  if (type !== "radio" && type !== "checkbox") return attributes.get("value") ?? "";
  return attributes.has("checked") ? (attributes.get("value") ?? "on") : undefined;
}

/** The option that is selected, or else the first. */
function chosenOf(html: string): string | undefined {
  const options = [...html.matchAll(/<option\b([^>]*)>/gi)].map(([, tag = ""]) =>
    attributesOf(tag),
  );
  const chosen = options.find((option) => option.has("selected")) ?? options[0];
  return chosen?.get("value");
}

function attributesOf(tag: string): ReadonlyMap<string, string> {
  const pattern = /([^\s"'=/>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
  return new Map(
    [...tag.matchAll(pattern)].map(([, name = "", double, single, bare]) => [
      name.toLowerCase(),
      decodeEntities(double ?? single ?? bare ?? ""),
    ]),
  );
}
