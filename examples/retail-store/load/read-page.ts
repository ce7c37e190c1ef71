/** Reads a page as a person does: where its links lead, what it says, and that something is not as it should be. Pure. */
import type { Page } from "./visitor.ts";

/** Enough to recognise a page by. */
const seenCharsMax = 120;

/** Where the links go whose address fits `pattern`, each once, in the order of the page. */
export function linksOf(page: Page, pattern: RegExp): readonly string[] {
  const found = [...page.text().matchAll(/<a\s[^>]*?href="([^"]*)"/g)].map(([, href = ""]) =>
    decodeEntities(href),
  );
  return [...new Set(found)].filter((href) => pattern.test(href));
}

/** Of the link with this `rel`, as `next`. */
export function linkWithRel(page: Page, rel: string): string | undefined {
  const tags = page.text().match(/<a\s[^>]*>/g) ?? [];
  const tag = tags.find((one) => one.includes(`rel="${rel}"`));
  const href = /href="([^"]*)"/.exec(tag ?? "")?.[1];
  return href === undefined ? undefined : decodeEntities(href);
}

/** What the first heading says, and what is said in `role`s for news and trouble. */
export function wordsOf(page: Page): { readonly heading: string; readonly news: string } {
  const html = page.text();
  const heading = /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(html)?.[1] ?? "";
  const news = [...html.matchAll(/<(\w+)[^>]*\srole="(?:status|alert)"[^>]*>([\s\S]*?)<\/\1>/g)];
  return {
    heading: textOf(heading),
    news: news
      .map(([, , inner = ""]) => textOf(inner))
      .join(" ")
      .trim(),
  };
}

/**
 * For a page that is not what it must be: it says where one is, and what one sees there.
 * @throws Error always
 */
export function astray(wanted: string, page: Page): never {
  const { heading, news } = wordsOf(page);
  const seen = [heading, news].filter(Boolean).join(": ").slice(0, seenCharsMax);
  throw new Error(`${wanted} was wanted; ${page.path} (${page.status}) says “${seen}”`);
}

/** Markup without its tags. */
export function textOf(html: string): string {
  return decodeEntities(html.replaceAll(/<[^>]*>/g, ""))
    .replaceAll(/\s+/g, " ")
    .trim();
}

const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

/** Those that servers write when they escape. */
export function decodeEntities(text: string): string {
  return text.replaceAll(/&(#x[\da-f]{1,6}|#\d{1,7}|\w{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return named[name] ?? whole;
    const hexadecimal = /^#x/i.test(name);
    const code = Number.parseInt(name.slice(hexadecimal ? 2 : 1), hexadecimal ? 16 : 10);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}
