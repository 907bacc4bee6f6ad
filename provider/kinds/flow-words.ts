import { family, network, parseAddress, parseCidr } from "../schema/net.ts";

/** A flow of Open vSwitch in its normal form, in which two that do the same are one text. */
export interface Flow {
  readonly table: number;
  readonly priority: number | undefined;
  readonly match: string;
  readonly actions: string;
  /** The ports that it names. */
  readonly ports: readonly string[];
}

const reserved = ["LOCAL", "IN_PORT", "NORMAL", "FLOOD", "ALL", "CONTROLLER", "TABLE", "NONE", "ANY"];

/** What stands in a flow besides table, priority, match and actions. */
const besides =
  /^(cookie|idle_timeout|hard_timeout|importance|duration|n_packets|n_bytes|idle_age|hard_age|send_flow_rem|check_overlap|reset_counts|no_packet_counts|no_byte_counts|out_port|out_group)(=|$)/;

/** OpenFlow has several names for a field: those that Open vSwitch prints. */
const fieldNames: Readonly<Record<string, string>> = {
  ...{ eth_src: "dl_src", eth_dst: "dl_dst", eth_type: "dl_type", ip_proto: "nw_proto", ipv4_src: "nw_src" },
  ...{ ip_src: "nw_src", ipv4_dst: "nw_dst", ip_dst: "nw_dst", tcp_src: "tp_src", tcp_dst: "tp_dst" },
  ...{ udp_src: "tp_src", udp_dst: "tp_dst", sctp_src: "tp_src", sctp_dst: "tp_dst", icmpv4_type: "icmp_type" },
  ...{ icmpv6_type: "icmp_type", icmpv4_code: "icmp_code", icmpv6_code: "icmp_code", tunnel_id: "tun_id" },
};

const etherTypes: Readonly<Record<string, string>> = { 2048: "ip", 34525: "ipv6", 2054: "arp", 32821: "rarp" };
const protocols: Readonly<Record<string, readonly [ip: string, ipv6: string]>> = {
  ...{ 1: ["icmp", ""], 6: ["tcp", "tcp6"], 17: ["udp", "udp6"], 132: ["sctp", "sctp6"], 58: ["", "icmp6"] },
};

/** Reads a flow, as `ovs-ofctl add-flow` takes it or `dump-flows` prints it; undefined where it is none. */
export function parseFlow(text: string): Flow | undefined {
  const [, before = "", after] = /^(.*?)[\s,]*\bactions=(.*)$/s.exec(text.trim()) ?? [];
  if (after === undefined || after.trim() === "") return undefined;
  const words = before.split(/[\s,]+/).filter((word) => word !== "" && !besides.test(word));
  const pairs = words.map((word) => {
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    return { name: fieldNames[name] ?? name, value: at < 0 ? undefined : word.slice(at + 1) };
  });
  const [table, priority] = ["table", "priority"].map((name) => pairs.find((one) => one.name === name)?.value);
  if ([table, priority].some((value) => value !== undefined && !/^\d+$/.test(value))) return undefined;
  const fields = pairs.filter(({ name }) => name !== "table" && name !== "priority");
  const actions = split(after).map(actionOf);
  const inPorts = fields.flatMap(({ name, value }) => (name === "in_port" ? [portOf(value ?? "")] : []));
  const outPorts = actions.flatMap((action) => (action.startsWith("output:") ? [action.slice("output:".length)] : []));
  return {
    ...{ table: Number(table ?? 0), priority: priority === undefined ? undefined : Number(priority) },
    ...{ match: matchOf(fields), actions: actions.join(",") },
    ports: [...new Set([...inPorts, ...outPorts])].filter((port) => !reserved.includes(port) && !port.includes("[")),
  };
}

/** A flow as text in its normal form. */
export const flowText = ({ table, match, actions }: Flow): string =>
  `${[...(table === 0 ? [] : [`table=${table}`]), ...(match ? [match] : [])].join(",")} actions=${actions}`.trim();

/** The text of a flow that a user writes, in its normal form: ports by name, and no words that are not the user's to say. */
export function normalFlow(text: string): string | undefined {
  const flow = parseFlow(text);
  const words = text.replace(/\bactions=.*$/s, "").split(/[\s,]+/);
  if (!flow || flow.priority !== undefined || words.some((word) => besides.test(word))) return undefined;
  return flow.ports.some((port) => /^\d+$/.test(port)) ? undefined : flowText(flow);
}

type Field = { readonly name: string; readonly value: string | undefined };

/** The fields in one order: what kind of packet first, which the others ask for. */
function matchOf(fields: readonly Field[]): string {
  const numberIn = (name: string) => numeral(fields.find((one) => one.name === name)?.value);
  const bare = fields.filter(({ value }) => value === undefined).map(({ name }) => name);
  const type = etherTypes[numberIn("dl_type") ?? ""] ?? ["ip", "ipv6"].find((one) => bare.includes(one));
  const protocol = protocols[numberIn("nw_proto") ?? ""]?.[type === "ipv6" ? 1 : 0];
  const told = type !== undefined && protocol ? protocol : undefined;
  const rest = fields.flatMap(({ name, value }) => {
    if (name === "dl_type" && type) return [];
    if ((name === "nw_proto" && told) || name === type) return [];
    return [value === undefined ? name : `${name}=${name === "in_port" ? portOf(value) : valueText(value)}`];
  });
  const kinds = [...(told ? [told] : type ? [type] : []), ...rest.filter((word) => !word.includes("="))];
  return [...new Set(kinds), ...rest.filter((word) => word.includes("=")).sort()].join(",");
}

const unquoted = (text: string) => (/^".*"$/.test(text) ? text.slice(1, -1) : text);
const portOf = (text: string) => {
  const port = unquoted(text);
  return reserved.find((one) => one === port.toUpperCase()) ?? port;
};

/** A number in decimals. */
const numeral = (text: string | undefined) =>
  text && /^0x[\da-f]{1,32}$/i.test(text) ? BigInt(text).toString() : text;

function valueText(text: string): string {
  if (/^([\da-f]{2}:){5}[\da-f]{2}/i.test(text)) return text.toLowerCase();
  const address = parseAddress(text);
  if (address) return address;
  const cidr = parseCidr(text);
  if (cidr) {
    const [, length] = cidr.split("/");
    const base = network(cidr);
    return Number(length) === (family(cidr) === 4 ? 32 : 128) ? base.replace(/\/.*/, "") : base;
  }
  // Which bits of a connection are set has no order.
  if (/^([+-][a-z]+)+$/.test(text)) return (text.match(/[+-][a-z]+/g) ?? []).sort().join("");
  return text
    .split("/")
    .map((part) => numeral(part))
    .join("/");
}

/** The actions, where what stands between brackets belongs to one of them. */
function split(text: string): string[] {
  const found: string[] = [];
  let [depth, word] = [0, ""];
  for (const letter of text.trim()) {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    if (depth === 0 && (letter === "," || letter === " ")) {
      if (word) found.push(word);
      word = "";
    } else word += letter;
  }
  return word ? [...found, word] : found;
}

/** What an action that sets a field is called otherwise. */
const setters: Readonly<Record<string, string>> = {
  ...{ dl_src: "mod_dl_src", dl_dst: "mod_dl_dst", nw_src: "mod_nw_src", nw_dst: "mod_nw_dst" },
  ...{ tp_src: "mod_tp_src", tp_dst: "mod_tp_dst" },
};

function actionOf(action: string): string {
  const upper = action.toUpperCase();
  if (upper === "CONTROLLER") return "CONTROLLER:65535";
  if (/^CONTROLLER:\d+$/.test(upper)) return upper;
  if (reserved.includes(upper)) return upper;
  if (/^drop$/i.test(action)) return "drop";
  if (action === "pop_vlan") return "strip_vlan";
  const [, value, field = ""] = /^set_field:(.*)->(\w+)$/.exec(action) ?? [];
  const setter = setters[fieldNames[field] ?? field];
  if (value !== undefined && setter) return `${setter}:${valueText(value)}`;
  const [, port] = /^output:(.*)$/.exec(action) ?? [];
  if (port !== undefined) return reserved.includes(portOf(port)) ? portOf(port) : `output:${portOf(port)}`;
  // A port alone is sent to.
  return /^("[^"]+"|\d+)$/.test(action) ? `output:${portOf(action)}` : action;
}
