#!/bin/sh
# A base for the image from Debian's packages and this checkout's Node, where no registry of images is reached; as root.
#   infra/image/base.sh [NAME] [DEBIAN PACKAGE...]
# NAME is localhost/skerry-base by default. Needs mmdebstrap and buildah.
set -eu
cd "$(dirname "$0")/../.."
name=${1:-localhost/skerry-base}
[ $# -gt 0 ] && shift
for program in mmdebstrap buildah npm; do
  command -v "$program" > /dev/null || { echo "base.sh: $program is not installed" >&2; exit 1; }
done
packages=ca-certificates,libatomic1,libstdc++6,tini
for package in "$@"; do packages=$packages,$package; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=essential --include="$packages" bookworm "$work/root.tar"
mkdir -p "$work/local/bin" "$work/local/lib/node_modules"
cp node_modules/node/bin/node "$work/local/bin/node"
cp -rL "$(npm root --global)/npm" "$work/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/local/bin/npm"
printf 'FROM scratch\nADD root.tar /\nCOPY local /usr/local\n' > "$work/Containerfile"
buildah --storage-driver vfs build --isolation chroot --tag "$name" "$work"
