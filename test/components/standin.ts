import { writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binFolder, repository } from "../../setup/paths.ts";

/**
 * A folder with a plugin that answers for a package with the inputs it is given, and writes them down; `real` is the
 * program of a real one that makes the components.
 */
export async function standInFor(name: string, real = ""): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hostnet-standin-"));
  const program = join(repository, "test", "standin", "standin.ts");
  const script = `#!/bin/sh\nexec "${join(binFolder, "node")}" "${program}" ${name} ${real} "$@"\n`;
  writeFileSync(join(folder, `pulumi-resource-${name}`), script, { mode: 0o755 });
  return folder;
}
