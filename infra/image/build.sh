#!/bin/sh
# The image, from the package that `npm pack` makes, and its bill of materials beside it; with buildah, no daemon needed.
#   infra/image/build.sh [OPTION OF BUILDAH...]      for example --build-arg BASE=localhost/skerry-base, --platform linux/arm64
# IMAGE names it (localhost/skerry), SBOM the file (skerry-VERSION.cdx.json).
set -eu
cd "$(dirname "$0")/../.."
command -v buildah > /dev/null || { echo "build.sh: buildah is not installed" >&2; exit 1; }
image=${IMAGE:-localhost/skerry}
rm -f skerry-*.tgz
package=$(npm pack --silent | tail -n 1)
sbom=${SBOM:-${package%.tgz}.cdx.json}
buildah --storage-driver vfs build --isolation chroot --format docker --file infra/image/Containerfile --tag "$image" \
  --label "org.opencontainers.image.version=$(node -p 'require("./package.json").version')" \
  --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" "$@" .
container=$(buildah --storage-driver vfs from --isolation chroot "$image")
root=$(buildah --storage-driver vfs mount "$container")
cp "$root/opt/skerry/sbom.cdx.json" "$sbom"
buildah --storage-driver vfs rm "$container" > /dev/null
echo "$image, and what is in it: $sbom"
