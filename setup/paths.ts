import { dirname, join } from "node:path";

/** The folder of the repository. */
export const repository = dirname(import.meta.dirname);

/** The folder that `plugins.providers[].path` of a program names: the built provider. */
export const pluginFolder = join(repository, "dist", "plugin");

/** The folder of the built command line: `hostnet` and its bundle. */
export const cliFolder = join(repository, "dist", "cli");

/** The folder of programs that npm installed; Node 24 among them. */
export const binFolder = join(repository, "node_modules", ".bin");
