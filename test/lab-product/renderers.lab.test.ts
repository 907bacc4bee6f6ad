import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab } from "../../lab/lab.ts";
import { run, sleep } from "../../lab/run.ts";
import { connect } from "../../provider/host/connection.ts";
import { full } from "../seed.ts";

const before = process.env.XDG_STATE_HOME;
let directory: string;
let lab: Lab;

/** The hosts by their renderer: each has a NIC with a fixed address and a default route, one that asks by DHCP, one without addresses. */
const hosts = {
  ifupdown: { number: 101, unit: "networking" },
  networkd: { number: 102, unit: "systemd-networkd" },
  networkmanager: { number: 103, unit: "NetworkManager" },
};
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];

if (!full) console.log("skipped: three machines take long under emulation; npm run test:full starts them");

// Not called where all tests are skipped.
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "lab-"));
  process.env.XDG_STATE_HOME = directory;
  const host = (name: Name) => {
    const { number } = hosts[name];
    const fixed = `{ switch: lan, addresses: [192.168.1.${number}/24, "fd00::${number}/64"], gateway: 192.168.1.1 }`;
    const asking = `{ switch: office, addresses: [10.9.0.${number}/24], dhcp: true }`;
    const bare = "{ switch: trunk, addresses: [] }";
    return `  ${name}: { renderer: ${name}, cpus: 1, nics: { ens33: ${fixed}, ens34: ${asking}, ens35: ${bare} } }\n`;
  };
  writeFileSync(join(directory, "lab.yaml"), `name: renderers-of-the-tests\nhosts:\n${names.map(host).join("")}`);
  lab = openLab(join(directory, "lab.yaml"), (line) => process.stderr.write(`lab: ${line}\n`));
  await lab.up();
});

afterAll(async () => {
  await lab.stop();
  rmSync(directory, { recursive: true });
  if (before === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = before;
});

test.skipIf(!full)("after the boot the renderer has configured the data NICs, and it alone runs", async () => {
  await Promise.all(names.map(configured));
  for (const name of names) {
    const units = names.map((one) => hosts[one].unit).join(" ");
    const states = (await ok(name, `systemctl is-active ${units}; systemctl --failed --no-legend`, [0, 3])).trim();
    expect(states.split("\n")).toEqual(names.map((one) => (one === name ? "active" : "inactive")));
  }
});

test.skipIf(!full)("a host is logged in to by its data NIC, from another host", async () => {
  const login = lab.endpoint("networkd", { via: "ifupdown", nic: "ens33" });
  const conversation = await connect("networkd", { ...login, connectTimeout: 30, gone: false });
  try {
    const [answer] = await conversation.run([{ command: { argv: ["sh", "-c", 'echo "$SSH_CONNECTION"'] } }]);
    expect(answer?.stdout).toMatch(/^192\.168\.1\.101 \d+ 192\.168\.1\.102 22\n$/);
  } finally {
    conversation.close();
  }
  // What the README tells to paste.
  const [ssh = "", ...config] = lab.sshCommand("networkmanager").slice(0, -1);
  expect(await run([ssh, ...config, "-J", "networkd", "192.168.1.103", "hostname"])).toBe("networkmanager\n");
  const byHand = lab.endpoint("networkmanager", { via: "networkd", address: "10.9.0.103" });
  expect(byHand).toMatchObject({ address: "10.9.0.103", port: 22, proxyJump: "networkd" });
  expect(() => lab.endpoint("networkd", { via: "ifupdown", nic: "ens35" })).toThrow("say address instead");
});

test.skipIf(!full)("restarting the renderer brings back what it had made, and does not touch management", async () => {
  await Promise.all(
    names.map(async (name) => {
      await ok(name, `ip addr flush dev ens33; systemctl restart ${hosts[name].unit}`);
      await configured(name);
    }),
  );
});

test.skipIf(!full)("a host comes back from a reboot as its lab file says", async () => {
  await Promise.all(
    names.map(async (name) => {
      await lab.reboot(name);
      await configured(name);
    }),
  );
});

/** Waits until the NICs of a host are what its lab file says, with the management NIC as in every other lab. */
async function configured(name: Name): Promise<void> {
  const { number } = hosts[name];
  const want = {
    eth0: ["10.0.2.15/24"],
    ens33: [`192.168.1.${number}/24`, `fd00::${number}/64`],
    ens34: [`10.9.0.${number}/24 dynamic`],
    ens35: [],
    routes: ["10.0.2.0/24 eth0", "10.9.0.0/24 ens34", "192.168.1.0/24 ens33", "default ens33 192.168.1.1"],
  };
  const end = Date.now() + 120_000;
  let have = await network(name);
  while (JSON.stringify(have) !== JSON.stringify(want) && Date.now() < end) {
    await sleep(1500);
    have = await network(name);
  }
  expect(have).toEqual(want);
}

interface Link {
  ifname: string;
  flags: string[];
  addr_info: { local: string; prefixlen: number; scope: string; dynamic?: true; tentative?: true }[];
}
interface Route {
  dst: string;
  dev: string;
  gateway?: string;
}

/** Addresses of the NICs that are up, and the IPv4 routes. */
async function network(name: string): Promise<Record<string, string[]>> {
  const links = JSON.parse(await ok(name, "ip -j addr")) as Link[];
  const nics = ["eth0", "ens33", "ens34", "ens35"].flatMap((nic) => {
    const { flags = [], addr_info = [] } = links.find(({ ifname }) => ifname === nic) ?? {};
    const global = addr_info.filter(({ scope, tentative }) => scope === "global" && !tentative);
    const show = global.map((one) => `${one.local}/${one.prefixlen}${one.dynamic ? " dynamic" : ""}`);
    return flags.includes("UP") ? [[nic, show] as const] : [];
  });
  const routes = (JSON.parse(await ok(name, "ip -j route")) as Route[])
    .filter(({ dev }) => dev !== "docker0")
    .map(({ dst, dev, gateway }) => [dst, dev, ...(gateway ? [gateway] : [])].join(" "));
  return { ...Object.fromEntries(nics), routes: routes.sort() };
}

/** Runs a script that must succeed; answers with what it says. */
async function ok(host: string, script: string, right = [0]): Promise<string> {
  const { status, stdout, stderr } = await lab.run(host, script);
  if (!right.includes(status)) throw new Error(`${host}: ${script} exited ${status}: ${stderr}`);
  return stdout;
}
