/**
 * The startup parameter `options`, where a connection string carries settings that have no parameter of their own:
 * `-c leeward.consistency=global --search_path=app`. Read as PostgreSQL does (pg_split_opts, ParseLongOption).
 */
import { WireError } from "./wire-error.ts";

export type StartupSetting = { readonly name: string; readonly value: string };

/**
 * In the order in which they were given; a later one counts.
 * @throws WireError 42601 for a switch that is no setting; PostgreSQL has a few, for its developers
 */
export function parseStartupOptions(options: string): readonly StartupSetting[] {
  const words = splitWords(options);
  const settings: StartupSetting[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "-c") {
      at += 1;
      settings.push(parseSetting("-c", words[at] ?? ""));
    } else if (word.startsWith("-c") || word.startsWith("--")) {
      settings.push(parseSetting(word.slice(0, 2), word.slice(2)));
    } else {
      throw new WireError(`invalid command-line argument for server process: ${word}`, "42601");
    }
  }
  return settings;
}

/** At white space, which a backslash makes part of a word. */
function splitWords(options: string): readonly string[] {
  const words = options.match(/(?:\\[^]|[^\s\\])+/g) ?? [];
  return words.map((word) => word.replaceAll(/\\([^])/g, "$1"));
}

function parseSetting(option: string, text: string): StartupSetting {
  const equals = text.indexOf("=");
  if (equals < 1) throw new WireError(`${option} ${text} requires a value`, "42601");
  return { name: text.slice(0, equals).replaceAll("-", "_"), value: text.slice(equals + 1) };
}
