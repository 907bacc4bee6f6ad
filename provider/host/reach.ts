import { type Command, tool } from "./command.ts";

/**
 * Shell text that tries once, within three seconds, whether the TCP port `$1` of the address `$2` answers, with whichever
 * of the usual tools is there; 127 when none is.
 */
const once = `if command -v nc >/dev/null; then exec timeout 3 nc -z "$2" "$1"; fi
command -v bash >/dev/null || { echo "there is no nc and no bash"; exit 127; }
exec timeout 3 bash -c 'exec 3<>"/dev/tcp/$2/$1"' bash "$1" "$2"`;

/** The command that tries it once; its last word is the address. */
export const connects = (address: string, port: string): Command => tool("sh")`-c ${once} hostnet ${port} ${address}`;

// The first packet of a new way may be lost.
const thrice = `thrice() {
  for try in 1 2 3; do
    (
${once.replace(/^/gm, "      ")}
    ) >/dev/null 2>&1 && return
  done
  return 1
}`;

const all = `${thrice}
address=$1
shift
closed=
for port; do
  thrice "$port" "$address" || closed="$closed $port/tcp"
done
[ -z "$closed" ] || { echo "$address does not answer at$closed" >&2; exit 1; }`;

/** The command that fails unless an address answers at all of these TCP ports, and names those at which it does not. */
export const answering = (address: string, ...ports: readonly number[]): Command => ({
  ...tool("sh")`-c ${all} hostnet ${address} ${ports.map(String)}`,
  seconds: 10 + 9 * ports.length,
});

const any = `${thrice}
for place; do
  address=\${place%:*}
  address=\${address#[}
  thrice "\${place##*:}" "\${address%]}" && exit
done
echo "none answers of $*" >&2
exit 1`;

/** The command that fails unless one of these places does, each an address or a name with a TCP port. */
export const anyAnswering = (places: readonly string[]): Command => ({
  ...tool("sh")`-c ${any} hostnet ${places}`,
  seconds: 10 + 9 * places.length,
});
