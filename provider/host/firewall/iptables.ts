import { type FirewallRule, inOrder, normalPorts, protocolName, protocols, type Saying } from "./rule.ts";

/** A chain, as `iptables-save` shows it. */
export interface SavedChain {
  readonly table: string;
  readonly name: string;
  /** Of the kernel's own chains. */
  readonly policy?: string;
  readonly rules: readonly FirewallRule[];
}

/** Reads the chains of what `iptables-save` printed. Throws when it cannot show one that we ask for. */
export function parseSave(text: string, family: 4 | 6): SavedChain[] {
  const chains: (SavedChain & { rules: FirewallRule[] })[] = [];
  let table = "";
  for (const line of text.split("\n")) {
    if (/^# Table `(filter|nat)' is incompatible/.test(line)) throw new Error(line.slice(2));
    const [first = "", name = "", policy] = line.split(" ");
    if (first.startsWith("*")) table = first.slice(1);
    else if (first.startsWith(":"))
      chains.push({ table, name: first.slice(1), ...(name !== "-" && { policy: name }), rules: [] });
    else if (first === "-A") {
      const chain = chains.find((c) => c.table === table && c.name === name);
      if (!chain) throw new Error(`\`${line}\` stands in no chain`);
      chain.rules.push(parseRule(line.slice(`-A ${name} `.length), family));
    } else if (line !== "" && first !== "COMMIT" && !first.startsWith("#") && policy === undefined)
      throw new Error(`\`${line}\` is no line of a table`);
  }
  return chains;
}

/** The words of a line: a quoted one may hold blanks, and a backslash before what it means itself. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replace(/\\(.)/g, "$1"),
  );

/** What `REJECT` answers when it is not told. */
const usualRejections = new Set(["icmp-port-unreachable", "icmp6-port-unreachable"]);
/** Matches that say nothing without their options. */
const modules = new Set(["tcp", "udp", "sctp", "multiport", "conntrack", "state", "comment"]);

type Meaning = (value: string, family: 4 | 6) => Partial<Saying> | undefined;

const ports = (value: string) => normalPorts(value.replaceAll(":", "-").split(","));

const meanings: Readonly<Record<string, Meaning>> = {
  "-s": (source) => ({ source }),
  "-d": (destination) => ({ destination }),
  "-i": (inInterface) => ({ inInterface }),
  "-o": (outInterface) => ({ outInterface }),
  "-p": (value, family) => ({ protocol: protocolName(value, family) }),
  "-m": (value) => (modules.has(value) ? {} : undefined),
  "--sport": (value) => ({ sourcePorts: ports(value) }),
  "--sports": (value) => ({ sourcePorts: ports(value) }),
  "--dport": (value) => ({ destinationPorts: ports(value) }),
  "--dports": (value) => ({ destinationPorts: ports(value) }),
  "--ctstate": (value) => ({ states: inOrder(value.split(",")) }),
  "--state": (value) => ({ states: inOrder(value.split(",")) }),
  "--comment": (comment) => ({ comment }),
  "-j": (target) => ({ target }),
  "--reject-with": (value) => (usualRejections.has(value) ? {} : undefined),
  "--to-source": (to) => ({ to }),
  "--to-destination": (to) => ({ to }),
};

function parseRule(text: string, family: 4 | 6): FirewallRule {
  const words = wordsOf(text);
  let said: Saying = { target: "" };
  let beyond = false;
  for (let i = 0; i < words.length; i += 2) {
    const told = meanings[words[i] ?? ""]?.(words[i + 1] ?? "", family);
    // What is said twice, like two comments, is more than one value can tell.
    beyond ||= told === undefined || Object.keys(told).some((key) => key !== "target" && key in said);
    said = { ...said, ...told };
    // The words of what is not known are not counted: they cannot be told apart any more.
    if (!told) i -= 1;
  }
  return { ...said, ...(beyond && { beyond }), text };
}

const quoted = (comment: string) => (/^[\w.:/@+-]+$/.test(comment) ? comment : `"${comment}"`);

/** A rule as `iptables-restore` reads it, after `-A CHAIN`. */
export function writeRule(rule: Saying, family: 4 | 6): string {
  const { inInterface, outInterface, source, destination, protocol, states, comment, target, to } = rule;
  const words = [
    ...(source ? ["-s", source] : []),
    ...(destination ? ["-d", destination] : []),
    ...(inInterface ? ["-i", inInterface] : []),
    ...(outInterface ? ["-o", outInterface] : []),
    ...(protocol ? ["-p", protocolWord(protocol, family)] : []),
    ...portWords("s", protocol, rule.sourcePorts),
    ...portWords("d", protocol, rule.destinationPorts),
    ...(states ? ["-m", "conntrack", "--ctstate", states.join(",")] : []),
    ...(comment ? ["-m", "comment", "--comment", quoted(comment)] : []),
    ...["-j", target],
    ...(to ? [target === "SNAT" ? "--to-source" : "--to-destination", to] : []),
  ];
  return words.join(" ");
}

function protocolWord(protocol: string, family: 4 | 6): string {
  if (protocol === "icmp") return family === 6 ? "ipv6-icmp" : "icmp";
  // A small system has no /etc/protocols, and knows only some by their names.
  return protocol === "gre" ? String(protocols.gre) : protocol;
}

function portWords(side: "s" | "d", protocol = "", given: readonly string[] = []): string[] {
  if (given.length === 0) return [];
  const value = given.map((port) => port.replace("-", ":")).join(",");
  return given.length === 1 ? ["-m", protocol, `--${side}port`, value] : ["-m", "multiport", `--${side}ports`, value];
}
