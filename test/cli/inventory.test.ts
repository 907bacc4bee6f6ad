import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { hostOf, readInventory } from "../../cli/inventory.ts";

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

/** A folder of a program, by the names and texts of its files. */
function program(files: Record<string, string>): string {
  folder = mkdtempSync(join(tmpdir(), "hostnet-cli-"));
  for (const [name, text] of Object.entries({ "Pulumi.yaml": "name: demo\nruntime: nodejs\n", ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const hosts = (text: string) => `config:\n  hostnet:hosts:\n    ${text}\n`;
const node1 = hosts("node1: { address: 192.168.0.53, user: ops }");
/** No `pulumi` on PATH. */
const bare = { PATH: "/nonexistent" };

/** An environment whose `pulumi` is this text of a shell. */
function withPulumi(text: string): NodeJS.ProcessEnv {
  const path = join(folder ?? "", "pulumi");
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return { PATH: `${folder}:/usr/bin:/bin` };
}

describe("the hosts of a stack", () => {
  test("are read from its file; the only stack there is need not be named", async () => {
    const cwd = program({ "Pulumi.lab-a.yaml": node1, "src/index.ts": "" });
    const { stack, hosts } = await readInventory({ cwd: join(cwd, "src") }, bare);
    expect(stack).toBe("lab-a");
    expect(hosts.node1).toMatchObject({ address: "192.168.0.53", user: "ops", connectTimeout: 10, gone: false });
  });

  test("may be the project's, for all stacks", async () => {
    const project = "name: demo\nruntime: nodejs\nconfig:\n  hostnet:hosts:\n    value: { node9: { address: a } }\n";
    const cwd = program({ "Pulumi.yaml": project, "Pulumi.lab-a.yaml": "config: {}\n" });
    expect(Object.keys((await readInventory({ cwd }, bare)).hosts)).toEqual(["node9"]);
  });

  test("are those of the stack that is named: by an option, then by PULUMI_STACK", async () => {
    const cwd = program({ "Pulumi.lab-a.yaml": node1, "Pulumi.lab-b.yaml": hosts("node2: { address: b }") });
    const env = { ...bare, PULUMI_STACK: "lab-b" };
    expect(Object.keys((await readInventory({ cwd, stack: "lab-a" }, env)).hosts)).toEqual(["node1"]);
    expect(Object.keys((await readInventory({ cwd }, env)).hosts)).toEqual(["node2"]);
    expect(Object.keys((await readInventory({ cwd, stack: "org/demo/lab-b" }, bare)).hosts)).toEqual(["node2"]);
    await expect(readInventory({ cwd, stack: "lab-d" }, bare)).rejects.toThrow(
      /--stack must be lab-a or lab-b .*, got lab-d; did you mean lab-/,
    );
    await expect(readInventory({ cwd }, bare)).rejects.toThrow(
      "--stack must say which of the stacks lab-a and lab-b is meant",
    );
  });

  test("are those of the stack that is selected, when Pulumi knows it", async () => {
    const cwd = program({ "Pulumi.lab-a.yaml": node1, "Pulumi.lab-b.yaml": hosts("node2: { address: b }") });
    const env = withPulumi('[ "$1 $2" = "stack --show-name" ] && echo lab-b');
    expect((await readInventory({ cwd }, env)).stack).toBe("lab-b");
  });

  test("are asked of Pulumi when something is encrypted, or comes from an environment", async () => {
    const secure = hosts("node1: { address: a, privateKey: { secure: v1:abc } }");
    for (const text of [secure, `environment: [ lab ]\n${node1}`]) {
      const cwd = program({ "Pulumi.lab-a.yaml": text });
      const printed = { "hostnet:hosts": { value: "x", objectValue: { node1: { address: "b" } }, secret: true } };
      const env = withPulumi(`echo "$*" >${cwd}/asked; echo '${JSON.stringify(printed)}'`);
      expect((await readInventory({ cwd }, env)).hosts.node1?.address).toBe("b");
      await expect(readInventory({ cwd }, bare)).rejects.toThrow(
        "Pulumi.lab-a.yaml holds what only Pulumi can read: there is no `pulumi` on PATH",
      );
      rmSync(cwd, { recursive: true });
      folder = undefined;
    }
  });

  test("cannot be had when Pulumi does not give them, and it says why", async () => {
    const cwd = program({ "Pulumi.lab-a.yaml": hosts("node1: { address: { secure: v1:abc } }") });
    const env = withPulumi('echo "hunter2"; echo "error: passphrase must be set" >&2; exit 255');
    const failure = await readInventory({ cwd }, env).catch((error: Error) => error.message);
    expect(failure).toContain("`pulumi config` exited 255: error: passphrase must be set");
    expect(failure).not.toContain("hunter2");
  });

  test("are refused with the property, and never with a secret value", async () => {
    const cwd = program({ "Pulumi.lab-a.yaml": hosts("node1: { address: a, port: 99999, privateKey: hunter2 }") });
    const failure = await readInventory({ cwd }, bare).catch((error: Error) => error.message);
    expect(failure).toContain("hostnet:hosts.node1.port must be an integer from 1 to 65535, got 99999");
    expect(failure).toContain("hostnet:hosts.node1.privateKey must be a private key");
    expect(failure).not.toContain("hunter2");
  });

  test("are looked for in vain where there is no program, no stack, or no YAML", async () => {
    await expect(readInventory({ cwd: "/" }, bare)).rejects.toThrow("there is no Pulumi.yaml in / or above");
    const cwd = program({});
    await expect(readInventory({ cwd }, bare)).rejects.toThrow("there is no Pulumi.<stack>.yaml");
    writeFileSync(join(cwd, "Pulumi.lab.yaml"), "config: [");
    await expect(readInventory({ cwd }, bare)).rejects.toThrow("Pulumi.lab.yaml cannot be read: ");
  });
});

test("a wrong name of a host names those that there are", async () => {
  const cwd = program({ "Pulumi.lab-a.yaml": hosts("{ node1: { address: a }, node2: { address: b } }") });
  const inventory = await readInventory({ cwd }, bare);
  expect(hostOf(inventory, "node2").address).toBe("b");
  expect(() => hostOf(inventory, "nod1")).toThrow(
    "host must be node1 or node2 (the names in hostnet:hosts of lab-a), got nod1; did you mean node1?",
  );
  expect(() => hostOf({ stack: "x", hosts: {} }, "node1")).toThrow("the stack x has no hosts");
});
