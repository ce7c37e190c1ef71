/** A value as the text of a JSON file that stands in the repository: as this project's formatter would print it. */
export function jsonFile(value: unknown): string {
  return `${shortListsInLine(JSON.stringify(value, undefined, 2))}\n`;
}

/** The formatter wants a short list of texts or numbers on one line. */
function shortListsInLine(json: string): string {
  return json.replaceAll(
    /^(.*)\[\n([^[\]{}]*?)\n *\](,?)$/gm,
    (text, before: string, list: string, comma: string) => {
      const line = `${before}[${list.trim().replaceAll(/,\n */g, ", ")}]${comma}`;
      return line.length <= 100 ? line : text;
    },
  );
}
