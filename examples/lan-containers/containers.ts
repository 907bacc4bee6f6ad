import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as hostnet from "hostnet";

const providers: Record<string, docker.Provider> = {};

/** A container that runs there; with `containers: true` one that is started, through the host's own Docker over SSH. */
export function containerOf(host: string, name: string): pulumi.Input<string> {
  const settings = hostnet.config.hosts?.[host];
  if (!new pulumi.Config().getBoolean("containers") || !settings) return name;
  const ssh = { host: hostnet.sshUrl(settings), sshOpts: hostnet.sshOptions(settings) };
  providers[host] ??= new docker.Provider(host, ssh);
  // Docker gives it no network: all that it has is the LAN.
  const box = { name, image: "busybox", command: ["sleep", "infinity"], networkMode: "none", restart: "always" };
  return new docker.Container(`${host}-${name}`, box, { provider: providers[host] }).name;
}
