/** Writes the generated pages of docs/reference; tests fail when they are not fresh. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openApiFile } from "../src/api/open-api-document.ts";
import { configurationReference, errorsReference, schemaFile } from "../src/config/reference.ts";

const directory = fileURLToPath(new URL("../docs/reference/", import.meta.url));
const packageFile = new URL("../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, "configuration.md"), configurationReference());
writeFileSync(join(directory, "errors.md"), errorsReference());
writeFileSync(join(directory, "leeward.schema.json"), schemaFile());
writeFileSync(join(directory, "openapi.json"), await openApiFile(version));
