import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { LabFile } from "./file.ts";
import type { Plan } from "./plan.ts";
import { run } from "./run.ts";

/** Finds each host a free place for its sshd. A host gets the same one every time, unless it is taken. */
export async function chooseEndpoints(lab: LabFile): Promise<Plan["endpoints"]> {
  const endpoints: Plan["endpoints"] = {};
  const taken = new Set<string>();
  const namespaces = Object.values(lab.hosts).some(({ kind }) => kind === "namespace");
  const addresses = namespaces ? await run(["ip", "-4", "-o", "address"]) : "";
  for (const [host, { kind }] of Object.entries(lab.hosts)) {
    const first = createHash("sha256").update(`${lab.name}/${host}`).digest().readUInt16BE(0);
    for (let step = 0; !endpoints[host]; step++) {
      if (step > 16383) throw new Error(`no free place for the sshd of ${host}`);
      const number = (first + step) % 16384;
      if (kind === "machine") {
        const port = 16384 + number;
        if (taken.has(`${port}`) || !(await free(port))) continue;
        taken.add(`${port}`);
        endpoints[host] = { address: "127.0.0.1", port };
      } else {
        // 198.18.0.0/15 is set aside for trials of network devices (RFC 2544); four addresses for each cable.
        const prefix = `198.18.${number >> 6}.`;
        const base = (number & 63) * 4;
        if (taken.has(`${prefix}${base}`) || addresses.includes(` ${prefix}${base + 1}/`)) continue;
        taken.add(`${prefix}${base}`);
        endpoints[host] = { address: `${prefix}${base + 2}`, port: 22 };
      }
    }
  }
  return endpoints;
}

function free(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
