// A `docker` for hosts that have none: it knows networks, swarms of one manager, and has no containers. It keeps them in the
// file that the first argument names and one beside it, and answers as Docker 28 does. It makes nothing on the host: what a
// real engine does, the lab shows.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

type Network = { Name: string; Id: string; [more: string]: unknown };

const [file = "", ...words] = process.argv.slice(2);
const networks: Network[] = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Network[]) : [];
const keep = (all: readonly Network[]) => writeFileSync(file, JSON.stringify(all));
const pairs = (all: readonly string[] = []) =>
  Object.fromEntries(all.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));

/** Holds the address of its one node as long as there is a swarm. */
const swarmFile = `${file}.swarm`;
const NodeAddr = existsSync(swarmFile) ? readFileSync(swarmFile, "utf8") : "";
const Cluster = { Spec: { Orchestration: {}, EncryptionConfig: { AutoLockManagers: false } }, DefaultAddrPool: null };
const swarm = {
  ...{ NodeID: NodeAddr && "n1", NodeAddr, Error: "", LocalNodeState: NodeAddr ? "active" : "inactive" },
  ...{ ControlAvailable: NodeAddr !== "", RemoteManagers: NodeAddr ? [{ Addr: `${NodeAddr}:2377` }] : null },
  ...(NodeAddr && { Cluster }),
};
const node = {
  ...{ id: "n1", hostname: "node", spec: { Role: "manager", Availability: "active", Labels: {} } },
  ...{ status: { State: "ready", Addr: NodeAddr }, manager: { Reachability: "reachable" } },
};

const commands: Record<string, (rest: string[]) => string> = {
  version: () => '"28.0.0"',
  // Whether it is a manager; or where it keeps all, and what it says of itself.
  info: ([, format]) =>
    format === "{{.Swarm.ControlAvailable}}"
      ? `${swarm.ControlAvailable}`
      : `${file}.d\ninfo ${JSON.stringify({ ServerVersion: "28.0.0", LiveRestoreEnabled: false, Swarm: swarm })}`,
  ps: () => "",
  "swarm init": ([, link = ""]) => {
    const [, address = ""] =
      / inet ([\d.]+)/.exec(execFileSync("ip", ["-o", "addr", "show", "dev", link], { encoding: "utf8" })) ?? [];
    writeFileSync(swarmFile, address);
    return "";
  },
  "swarm join-token": ([, role]) => `SWMTKN-1-2t0k3n-${role}`,
  "swarm leave": () => {
    rmSync(swarmFile);
    return "";
  },
  "node ls": ([flag]) => (flag === "--quiet" ? node.id : "true node Ready"),
  "node inspect": () => `node ${JSON.stringify(node)}`,
  "network ls": () => networks.map(({ Id }) => Id).join("\n"),
  "network inspect": (ids) => JSON.stringify(networks.filter(({ Id }) => ids.includes(Id))),
  "network rm": ([name]) => {
    keep(networks.filter(({ Name }) => Name !== name));
    return String(name);
  },
  "network create": (rest) => {
    const text = { type: "string" } as const;
    const flag = { type: "boolean" } as const;
    const texts = { type: "string", multiple: true } as const;
    const {
      values: { driver = "bridge", subnet, gateway, "ip-range": range, "aux-address": aux, opt, label, ...is },
      positionals: [Name = ""],
    } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        ...{ driver: text, subnet: text, gateway: text, "ip-range": text, "aux-address": texts, opt: texts },
        ...{ internal: flag, ipv6: flag, attachable: flag, label: texts },
      },
    });
    const config = { Subnet: subnet, Gateway: gateway, IPRange: range, AuxiliaryAddresses: pairs(aux) };
    const network = {
      ...{ Name, Id: `id-of-${Name}`, Driver: driver, EnableIPv6: is.ipv6 ?? false, Internal: is.internal ?? false },
      ...{ Attachable: is.attachable ?? false },
      ...{ IPAM: { Config: subnet ? [config] : [] }, Containers: {}, Options: pairs(opt), Labels: pairs(label) },
    };
    keep([...networks, network]);
    return network.Id;
  },
};

const name = /^(network|swarm|node)$/.test(words[0] ?? "") ? words.slice(0, 2).join(" ") : (words[0] ?? "");
const command = commands[name];
if (!command) throw new Error(`the stand-in for docker does not know: docker ${words.join(" ")}`);
process.stdout.write(`${command(words.slice(name.split(" ").length))}\n`);
