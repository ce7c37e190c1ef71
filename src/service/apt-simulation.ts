/** What apt-get says it would install: the packages that are not there, with their exact versions. */

export type MissingPackage = { readonly name: string; readonly version: string };

/**
 * From the output of `apt-get --simulate install`. A line reads `Inst name [old] (version origin [architecture])`;
 * what would be removed or only configured is not ours to do.
 */
export function parseSimulation(text: string): readonly MissingPackage[] {
  return text.split("\n").flatMap((line) => {
    const [, name, version] = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /.exec(line) ?? [];
    return name === undefined || version === undefined ? [] : [{ name, version }];
  });
}

/** The first of apt's errors, without its letter; empty when it named none. */
export function aptError(stderr: string): string {
  const line = stderr.split("\n").find((one) => one.startsWith("E: "));
  return line?.slice("E: ".length).trim() ?? "";
}

/** Lists that are missing or too old: only root can fetch others. */
export function isForWantOfLists(error: string): boolean {
  return /unable to locate package|no installation candidate|failed to fetch|404 /i.test(error);
}
