/** What Open vSwitch tells of the way of a frame: once through its bridges, until it leaves or begins anew. */
export interface Pass {
  /** Why the frame goes through once more; undefined the first time. */
  readonly resumed?: string;
  /** The fields of the frame as it begins: `icmp,in_port=10,dl_vlan=5,dl_dst=…`. */
  readonly frame: string;
  readonly events: readonly Event[];
  /** Whether nothing of the frame was changed on the way. */
  readonly isUnchanged: boolean;
  /** What the datapath is told to do with it. */
  readonly actions: string;
  /** Why Open vSwitch gives up. */
  readonly failed?: string;
  /** What makes Open vSwitch deal with the frame itself. */
  readonly special: readonly string[];
}

/** A thing that happens to the frame in a bridge. */
export type Event = { readonly bridge: string } & (
  | { readonly sort: "bridge" }
  /** `match` is a flow's condition with its priority; undefined where no flow is of the frame. */
  | {
      readonly sort: "flow";
      readonly table: number;
      readonly match?: string;
      readonly cookie?: string;
      readonly actions: string[];
    }
  | { readonly sort: "remark"; readonly text: string }
);

type FlowEvent = Extract<Event, { sort: "flow" }>;

/** Reads what `ovs-appctl ofproto/trace` prints, as of Open vSwitch 2.8; throws when it is something else. */
export function parseTrace(stdout: string): Pass[] {
  const blocks = stdout.split(/^=+\n(?=recirc\()/m);
  return blocks.map((block, i) => parsePass(block, i > 0));
}

function parsePass(block: string, isLater: boolean): Pass {
  const lines = block.split("\n");
  const about = (label: string) => lines.find((line) => line.startsWith(label))?.slice(label.length);
  const [frame, actions] = [about("Flow: "), about("Datapath actions: ")];
  if (frame === undefined || actions === undefined) throw new Error("it lacks the frame or the actions");
  const first = lines.findIndex((line) => line.startsWith("Flow: ")) + 1;
  const last = lines.findIndex((line) => line.startsWith("Final flow: "));
  const failed = /^Translation failed \((.*)\), packet is dropped/m.exec(block)?.[1];
  return {
    ...(isLater && { resumed: /^recirc\(.*?\)(?: - )?(.*)/.exec(block)?.[1] ?? "" }),
    ...{ frame, events: parseEvents(lines.slice(first, last)), isUnchanged: about("Final flow: ") === "unchanged" },
    ...{ actions, ...(failed !== undefined && { failed }) },
    special: [...block.matchAll(/^ {2}- (.*)\.$/gm)].map(([, reason = ""]) => reason),
  };
}

/** Something that the lines further to the right belong to. */
interface Holder {
  readonly depth: number;
  readonly bridge: string;
  readonly flow?: FlowEvent;
}

function parseEvents(lines: readonly string[]): Event[] {
  const events: Event[] = [];
  const holders: Holder[] = [];
  const top = () => holders.at(-1);
  /** Where the line at a depth belongs to. What is last in a list has its own parts as far to the left as itself. */
  const leave = (gone: (holder: Holder) => boolean) => {
    for (let holder = top(); holder && gone(holder); holder = top()) holders.pop();
    return top()?.bridge ?? "";
  };
  for (const line of lines) {
    const text = line.trim();
    if (/^(-*|thaw|Resuming from .*|Restoring .*|restored state.*)$/.test(text)) continue;
    // Numbers of tables and remarks stand up to two further to the right.
    const depth = Math.floor((line.length - line.trimStart().length) / 4);
    const bridge = /^bridge\("(.*)"\)$/.exec(text)?.[1];
    const [, table, condition = ""] = /^(\d+)\. (.*)$/.exec(text) ?? [];
    const remark = /^(?:->|>>(?:>>)?) (.*?)(?: <<<<)?$/.exec(text)?.[1];
    if (bridge !== undefined) {
      leave((holder) => holder.depth >= depth);
      holders.push({ depth, bridge });
      events.push({ sort: "bridge", bridge });
    } else if (table !== undefined) {
      const within = leave((holder) => holder.depth > depth || (holder.flow !== undefined && holder.depth === depth));
      const flow = flowOf(within, Number(table), condition);
      holders.push({ depth, bridge: within, flow });
      events.push(flow);
    } else {
      const within = leave((holder) => holder.depth >= depth);
      if (remark === undefined) top()?.flow?.actions.push(text);
      else events.push({ sort: "remark", bridge: within, text: remark });
    }
  }
  return events;
}

function flowOf(bridge: string, table: number, condition: string): FlowEvent {
  const at = { sort: "flow", bridge, table, actions: [] } as const;
  if (!/\bpriority \d+/.test(condition)) return { ...at, actions: [] };
  const [, match = "", cookie] = /^(.*?)(?:, cookie (0x[0-9a-f]+))?$/.exec(condition) ?? [];
  return { ...at, actions: [], match, ...(cookie !== undefined && { cookie }) };
}
