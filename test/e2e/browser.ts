/** A real browser, as a person at a desk or with a phone has it. */
import chromium from "@sparticuz/chromium";
import {
  chromium as playwright,
  type Browser,
  type BrowserContext,
  type Page,
} from "playwright-core";

async function openBrowser(): Promise<Browser> {
  return await playwright.launch({
    executablePath: await chromium.executablePath(),
    // Its own sandbox wants a user that root is not, and a kernel that containers do not give.
    args: [...chromium.args, "--no-sandbox"],
  });
}

export type Person = {
  readonly scheme?: "light" | "dark";
  readonly isPhone?: boolean;
  readonly hasScripts?: boolean;
  /** The Region that they are near to, for the entry. */
  readonly near?: string;
};

/** A person with nothing in their pockets, no cookies and no cache, until `work` is done. */
export async function withPerson<T>(person: Person, work: (page: Page) => Promise<T>): Promise<T> {
  // One browser for each: this build of it keeps everything in one process, and a second context ends that.
  const browser = await openBrowser();
  try {
    return await work(await (await contextOf(browser, person)).newPage());
  } finally {
    await browser.close();
  }
}

async function contextOf(browser: Browser, person: Person): Promise<BrowserContext> {
  const { scheme = "light", isPhone = false, hasScripts = true, near } = person;
  return await browser.newContext({
    viewport: isPhone ? { width: 390, height: 844 } : { width: 1_280, height: 860 },
    colorScheme: scheme,
    javaScriptEnabled: hasScripts,
    ...(near === undefined ? {} : { extraHTTPHeaders: { "x-near": near } }),
  });
}
