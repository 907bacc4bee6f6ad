#!/bin/sh
# Runs setup/main.ts with the arguments given. Works with whatever Node npm runs on: installs the npm packages when the
# lock file has changed, then goes on with the Node that is one of them.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "error: $1" >&2
  exit 1
}

command -v node >/dev/null || fail "there is no node on PATH: install Node 20 or newer with npm"
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || fail "Node $(node --version) is too old: install Node 20 or newer with npm"

lock=$(sha256sum package-lock.json package.json | sha256sum | cut -d' ' -f1)
stamp=node_modules/.installed-from
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$lock" ]; then
  command -v npm >/dev/null || fail "there is no npm on PATH: install Node 20 or newer with npm"
  echo "npm: installing packages …"
  began=$(date +%s)
  # Not `npm ci`: it refuses a lock file that was written where a registry lacks the binaries of other platforms.
  # Without install scripts: one of them would download a Pulumi plugin, and none is needed.
  output=$(npm install --no-save --ignore-scripts --no-fund --no-audit --loglevel=error 2>&1) || {
    printf '%s\n' "$output" >&2
    fail "npm install failed, see above"
  }
  echo "$lock" >"$stamp"
  echo "npm: installing packages: done in $(($(date +%s) - began)) s"
fi

node=node_modules/.bin/node
if [ -x "$node" ] && "$node" --version >/dev/null 2>&1; then
  PATH=$PWD/node_modules/.bin:$PATH
  export PATH
elif node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 18) ? 0 : 1)'; then
  node=node
else
  fail "npm has no Node for $(uname -m): install Node 22.18 or newer"
fi
# Starting from source takes a third of the time when what was compiled is kept.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/compiled}"
exec "$node" setup/main.ts "$@"
