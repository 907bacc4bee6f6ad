import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { binFolder, repository } from "../../setup/paths.ts";
import { must } from "../../setup/run.ts";

const program = `
  import * as hostnet from "hostnet";
  export const vlan = new hostnet.VlanInterface("v", { host: "node1", parent: "ens33", vlanId: 10 });
  // @ts-expect-error a property that the kind does not have, to see that types are found at all
  export const none = vlan.noSuchProperty;
`;

test("the npm package is complete: it loads and type-checks where only the package is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostnet-package-"));
  try {
    await must(["npm", "pack", join(repository, "sdk", "nodejs"), "--pack-destination", folder], { cwd: folder });
    const modules = join(folder, "node_modules");
    await mkdir(join(modules, "hostnet"), { recursive: true });
    await must(["sh", "-c", "tar xzf hostnet-*.tgz --strip-components=1 -C node_modules/hostnet"], { cwd: folder });
    // What npm would install with it, and the types that any program has.
    const { dependencies } = JSON.parse(await readFile(join(modules, "hostnet", "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    for (const name of [...Object.keys(dependencies), "@types/node"]) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(repository, "node_modules", name), join(modules, name));
    }
    const names = await must([process.execPath, "-p", "Object.keys(require('hostnet')).join(' ')"], { cwd: folder });
    expect(names).toMatch(/\bProvider\b.*\bVlanInterface\b/);
    const asModule = "import { VlanInterface } from 'hostnet'; console.log(VlanInterface.name)";
    expect(await must([process.execPath, "--input-type=module", "-e", asModule], { cwd: folder })).toBe(
      "VlanInterface\n",
    );
    await must(["sh", "-c", "cat > index.ts"], { cwd: folder, input: program });
    for (const resolution of ["--module commonjs --moduleResolution node10", "--module nodenext"]) {
      const options = `--noEmit --strict --skipLibCheck --target es2022 --types node ${resolution}`.split(" ");
      await must([join(binFolder, "tsc"), ...options, "index.ts"], { cwd: folder });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
