/** What a person is told when something cannot be done. Pure. */
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { Refusal, Unavailable } from "../shared/refusal.ts";
import type { Trouble } from "./pages/error.ts";

/** Where the person was: `path` with its query, for a way back. */
export type Where = { readonly method: string; readonly path: string };

/** A request that was not from a form of ours, or not from this session's. */
export class ForeignForm extends Error {}

/** Says nothing of an error that nobody expected: that is for the log. */
export function troubleOf(error: unknown, where: Where): Trouble {
  if (error instanceof ForeignForm) return foreignForm(where);
  if (error instanceof Unavailable) return unavailable(error.message, where);
  if (error instanceof Refusal) return refused(error, where);
  if (hasZodFastifySchemaValidationErrors(error)) {
    return error.validationContext === "body" ? unreadable : missing;
  }
  const status = (error as { readonly statusCode?: unknown } | undefined)?.statusCode;
  if (status === 413) return tooLarge;
  return typeof status === "number" && status >= 400 && status < 500 ? unreadable : broken(where);
}

/** Nothing is there. */
export const missing: Trouble = {
  status: 404,
  title: "There is nothing here",
  text: "The page or the product that you look for is not there, or not there any more.",
  link: { path: "/search", text: "Search the shop" },
};

const unreadable: Trouble = {
  status: 400,
  title: "That could not be read",
  text: "The form did not arrive as it was meant to. Nothing was changed. Please go back and try once more.",
  link: { path: "/cart", text: "To your cart" },
};

const tooLarge: Trouble = {
  status: 413,
  title: "That was too much",
  text: "What was sent is far larger than any form of ours. Nothing was changed.",
  link: { path: "/cart", text: "To your cart" },
};

function foreignForm({ path }: Where): Trouble {
  return {
    status: 403,
    title: "That form has grown old",
    text: "It was not sent from a page of yours, or you have logged in or out since. Nothing was changed. Please open the page again and repeat it there.",
    link: { path: path.startsWith("/checkout") ? "/checkout" : "/cart", text: "Open it again" },
  };
}

function unavailable(text: string, { method, path }: Where): Trouble {
  return {
    status: 503,
    title: "One moment, please",
    text: `${text} ${method === "GET" ? "" : "If you had ordered, look at your orders first: it may have arrived."}`.trim(),
    link: method === "GET" ? { path, text: "Try again" } : { path: wayBack(path), text: "Go back" },
  };
}

function refused({ status, code, message }: Refusal, { method, path }: Where): Trouble {
  if (status === 404 && method === "GET") return missing;
  // A service's word for what it could not read: for programs, not for people.
  if (code === "invalid-input") return unreadable;
  const titles: Readonly<Record<string, string>> = {
    "sold-out": "There is not enough left",
    "unknown-product": "Not sold any more",
    "price-differs": "A price has changed",
    "order-in-doubt": "Not sure yet",
    "key-reused": "Another order was placed",
  };
  return {
    status,
    title: titles[code] ?? (status === 409 ? "That has changed meanwhile" : "That cannot be done"),
    text: message,
    link: {
      path: ["order-in-doubt", "price-differs", "key-reused"].includes(code)
        ? "/checkout/confirm"
        : wayBack(path),
      text: "Go back",
    },
  };
}

/** Where what was refused can be mended: things in the cart, orders in the list. */
function wayBack(path: string): string {
  if (path.startsWith("/orders")) return "/orders";
  if (path.startsWith("/auth")) return "/auth/login";
  return "/cart";
}

function broken({ method, path }: Where): Trouble {
  return {
    status: 500,
    title: "Something went wrong here",
    text: "It is in our log, and nothing more can be said of it here. Please try once more.",
    link: { path: method === "GET" ? path : wayBack(path), text: "Try again" },
  };
}
