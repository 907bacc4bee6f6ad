/**
 * Shell text that names the folder in which hostnet keeps, on a host, what lasts for a moment: `$hostnet_run`. Two hosts of
 * a lab may share a file system: what is changed is the network, so the folder has the name of its namespace. Who is not
 * root cannot write into /run, but has scripts of his own to wait for.
 */
export const namePlace = [
  'hostnet_run=/run; [ "$(id -u)" = 0 ] || hostnet_run="$HOME"',
  "hostnet_run=$hostnet_run/hostnet-$(readlink /proc/self/ns/net | tr -dc 0-9)",
  // $$ is the shell of the conversation, in whatever subshell a step runs.
  "hostnet_shell=$$; export hostnet_run hostnet_shell",
].join("; ");

/** The same, and makes the folder. */
export const findPlace = `${namePlace}; mkdir -p -m 700 "$hostnet_run"`;
