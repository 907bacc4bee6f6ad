import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as hostnet from "hostnet";

/**
 * With `checks: true`, a look at each host before anything is made: it fails where there is no Docker or the kernel has
 * no VLANs. It is done once; `hostnet` itself looks at the hosts in every preview.
 */
export function prerequisites(): pulumi.Resource[] {
  if (!new pulumi.Config().getBoolean("checks")) return [];
  return Object.entries(hostnet.config.hosts ?? {}).map(
    ([host, settings]) =>
      new command.local.Command(`check-${host}`, {
        interpreter: ["ssh", "-o", "BatchMode=yes", ...hostnet.sshOptions(settings), hostnet.sshUrl(settings)],
        create: "/sbin/modprobe --dry-run 8021q && docker version --format '{{.Server.Version}}'",
      }),
  );
}
