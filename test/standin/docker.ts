// A `docker` for hosts that have none: it knows networks and has no containers. It keeps them in the file that the first
// argument names, and answers as Docker 28 does. It makes nothing on the host: what a real engine does, the lab shows.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

type Network = { Name: string; Id: string; [more: string]: unknown };

const [file = "", ...words] = process.argv.slice(2);
const networks: Network[] = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Network[]) : [];
const keep = (all: readonly Network[]) => writeFileSync(file, JSON.stringify(all));
const pairs = (all: readonly string[] = []) =>
  Object.fromEntries(all.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));

const none = {
  ...{ NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: null },
};

const commands: Record<string, (rest: string[]) => string> = {
  version: () => '"28.0.0"',
  // Where it keeps all, and what it says of itself: it is in no swarm.
  info: () => `${file}.d\ninfo ${JSON.stringify({ ServerVersion: "28.0.0", LiveRestoreEnabled: false, Swarm: none })}`,
  ps: () => "",
  "network ls": () => networks.map(({ Id }) => Id).join("\n"),
  "network inspect": (ids) => JSON.stringify(networks.filter(({ Id }) => ids.includes(Id))),
  "network rm": ([name]) => {
    keep(networks.filter(({ Name }) => Name !== name));
    return String(name);
  },
  "network create": (rest) => {
    const text = { type: "string" } as const;
    const texts = { type: "string", multiple: true } as const;
    const {
      values: { driver = "bridge", subnet, gateway, "ip-range": range, "aux-address": aux, internal, ipv6, opt, label },
      positionals: [Name = ""],
    } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        ...{ driver: text, subnet: text, gateway: text, "ip-range": text, "aux-address": texts, opt: texts },
        ...{ internal: { type: "boolean" }, ipv6: { type: "boolean" }, label: texts },
      },
    });
    const config = { Subnet: subnet, Gateway: gateway, IPRange: range, AuxiliaryAddresses: pairs(aux) };
    const network = {
      ...{ Name, Id: `id-of-${Name}`, Driver: driver, EnableIPv6: ipv6 ?? false, Internal: internal ?? false },
      ...{ Attachable: false },
      ...{ IPAM: { Config: subnet ? [config] : [] }, Containers: {}, Options: pairs(opt), Labels: pairs(label) },
    };
    keep([...networks, network]);
    return network.Id;
  },
};

const name = words[0] === "network" ? words.slice(0, 2).join(" ") : (words[0] ?? "");
const command = commands[name];
if (!command) throw new Error(`the stand-in for docker does not know: docker ${words.join(" ")}`);
process.stdout.write(`${command(words.slice(name.split(" ").length))}\n`);
