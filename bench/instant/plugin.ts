import { join } from "node:path";
import { buildPlugin } from "../../setup/build.ts";
import { repository } from "../../setup/paths.ts";

/** Makes the provider that answers at once, bundled like hostnet itself; answers the folder of its plugin. */
export async function instantPlugin(log: (line: string) => void): Promise<string> {
  const folder = join(repository, "dist", "bench-instant");
  await buildPlugin({ main: join(repository, "bench", "instant", "main.ts"), folder }, log);
  return folder;
}
