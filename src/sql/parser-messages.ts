/** Between a statement book and its parser thread: one question at a time, one answer to each. */
import type { TextUses } from "./text-uses.ts";

export type ParserQuestion = { readonly text: string };

export type ParserMessage =
  /** It has loaded PostgreSQL's grammar; whatever ends it now is the text's doing. */
  | { readonly kind: "ready" }
  | { readonly kind: "read"; readonly uses: TextUses }
  /** The grammar refuses it, or it is too deep to be read. */
  | { readonly kind: "refused"; readonly because: string };
