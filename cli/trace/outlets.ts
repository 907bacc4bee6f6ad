/** A place where a copy of the frame goes to when it has been through the bridges. */
export type Outlet =
  /** `tags` are those on the frame, the outer one first. */
  | { readonly to: "port"; readonly number: number; readonly tags: readonly number[]; readonly tunnel?: Tunnel }
  /** A link that the packet of a tunnel leaves by. */
  | { readonly to: "carrier"; readonly number: number }
  /** A tunnel of the host that the frame, a packet of that tunnel, has come to. */
  | { readonly to: "end of a tunnel"; readonly number: number }
  | { readonly to: "controller" }
  /** A link of a bond, chosen when it is sent. */
  | { readonly to: "bond" }
  /** Whatever else the datapath is to do, in its words. */
  | { readonly to: "other"; readonly action: string };

export interface Tunnel {
  readonly remote: string;
  readonly key?: string;
}

/** What has no say in where a frame goes. */
const silent =
  /^(drop|ct\b.*|ct_clear|set\(.*|push_\w+.*|pop_\w+.*|trunc\(.*|sample\(.*|recirc\(.*|userspace\(.*|hash\(.*)$/;

/** Where the datapath sends the frame: from the actions that `ofproto/trace` prints, and the tags that it came with. */
export function outletsOf(actions: string, tags: readonly number[]): Outlet[] {
  const words = split(actions);
  let stack = [...tags];
  let tunnel: Tunnel | undefined;
  let isPacked = false;
  return words.flatMap((word, i): Outlet[] => {
    if (/^\d+$/.test(word)) {
      const number = Number(word);
      return isPacked ? [{ to: "carrier", number }] : [{ to: "port", number, tags: stack, ...(tunnel && { tunnel }) }];
    }
    const [name, inner = ""] = [word.replace(/\(.*/, ""), /\((.*)\)$/.exec(word)?.[1]];
    if (name === "push_vlan") stack = [Number(/vid=(\d+)/.exec(inner)?.[1]), ...stack];
    if (name === "pop_vlan") stack = stack.slice(1);
    if (name === "set" && inner.startsWith("tunnel(")) tunnel = tunnelOf(inner);
    if (name === "clone") return outletsOf(inner, stack);
    if (name === "tnl_pop") return [{ to: "end of a tunnel", number: Number(inner) }];
    if (name === "lb_output" || (name === "recirc" && words[i - 1]?.startsWith("hash("))) return [{ to: "bond" }];
    if (name === "userspace" && inner.includes("controller(")) return [{ to: "controller" }];
    if (name === "tnl_push") {
      isPacked = true;
      const number = Number(/^tnl_port\((\d+)\)/.exec(inner)?.[1]);
      return [{ to: "port", number, tags: stack, tunnel: tunnelOf(inner) }];
    }
    return silent.test(word) ? [] : [{ to: "other", action: word }];
  });
}

/** Where a tunnel leads to, as the metadata of the kernel or the header that Open vSwitch itself writes tells it. */
function tunnelOf(text: string): Tunnel {
  const remote = /\bipv[46]\(.*?\bdst=([^,)]+)/.exec(text)?.[1] ?? /\b(?:ipv6_)?dst=([^,)]+)/.exec(text)?.[1] ?? "";
  const key = /\b(?:tun_id|key|vni)=(0x[0-9a-f]+)/.exec(text)?.[1];
  return { remote, ...(key !== undefined && { key: String(Number(key)) }) };
}

/** The parts of a list, whose commas within brackets are not the list's. */
function split(list: string): string[] {
  const parts: string[] = [];
  let [depth, part] = [0, ""];
  for (const char of list) {
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (char === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  return [...parts, part].filter(Boolean);
}
