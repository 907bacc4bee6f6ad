import type { Hosts } from "./lab.ts";

/** Where a listener listens; what it answers is the table of connections as its own side has it. */
const port = 7777;
export const listener = `nc -ll -p ${port} -e netstat -tn`;

/** Starts a container that listens, and comes back with Docker; answers its address. */
export async function startListener(lab: Hosts, host: string, name: string, more = ""): Promise<string> {
  // As the first process of a container it would not heed SIGTERM: Docker would wait ten seconds.
  const run = `docker run --detach --name ${name} --restart always --stop-signal KILL ${more} busybox:lab ${listener}`;
  const { status, stderr } = await lab.run(host, run, { timeoutSeconds: 180 });
  if (status !== 0) throw new Error(`${name} on ${host}: ${stderr}`);
  return addressOf(lab, host, name);
}

/** The address that a container has now. */
export async function addressOf(lab: Hosts, host: string, name: string): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  const { stdout } = await lab.run(host, `docker inspect --format '${format}' ${name}`, { timeoutSeconds: 60 });
  return stdout.trim();
}

/**
 * The source address that a listener sees when a container, or the host itself, connects to it; undefined when nobody
 * answers. Whoever has just come back may need a moment, so there are some tries.
 */
export async function sourceSeen(
  lab: Hosts,
  host: string,
  container: string | undefined,
  address: string,
): Promise<string | undefined> {
  const connect = `${container ? `docker exec ${container}` : "busybox"} nc -w 5 ${address} ${port}`;
  for (let tries = 0; tries < 5; tries++) {
    const { stdout } = await lab.run(host, `${connect} </dev/null`, { timeoutSeconds: 60 });
    // The client may be done already: CLOSE_WAIT.
    const seen = new RegExp(`:${port}\\s+(?:::ffff:)?([\\d.]+):\\d+\\s+(?:ESTABLISHED|CLOSE_WAIT)`).exec(stdout)?.[1];
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
  return undefined;
}
