#!/bin/sh
# What is in the image, as steps that deploy/Dockerfile and the test of the image share.
#
#   image.sh runtime NODE FOLDER     FOLDER becomes a root file system that holds Node and what Node links to, nothing else
#   image.sh program SOURCE FOLDER   FOLDER gets the program: compiled, with the packages that it needs when it runs
#   image.sh command FOLDER          FOLDER gets what puts `postern` on the PATH of the image
#
# `program` needs SOURCE/node_modules with the development dependencies, and npm.
set -eu

runtime() {
  node=$1
  root=$2
  mkdir -p "$root/nodejs/bin" "$root/etc" "$root/tmp" "$root/proc" "$root/dev" "$root/run" "$root/app"
  chmod 755 "$root"
  chmod 1777 "$root/tmp"
  cp -L "$node" "$root/nodejs/bin/node"
  # Each library at the path at which the loader looks for it, the loader itself among them.
  ldd "$node" | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
  printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n' > "$root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' > "$root/etc/group"
  printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
  # So that scanners know which packages the libraries are from.
  if [ -f /etc/os-release ]; then cp -L /etc/os-release "$root/etc/os-release"; fi
  if command -v dpkg-query > /dev/null; then
    mkdir -p "$root/var/lib/dpkg/status.d"
    for package in libc6 libgcc-s1 libstdc++6; do
      dpkg-query -s "$package" > "$root/var/lib/dpkg/status.d/$package" 2> /dev/null || rm -f "$root/var/lib/dpkg/status.d/$package"
    done
  fi
}

program() {
  source=$(cd "$1" && pwd)
  mkdir -p "$2"
  to=$(cd "$2" && pwd)
  # Types are checked by `npm run check`, not by whoever builds an image.
  (cd "$source" && node node_modules/typescript/bin/tsc -p tsconfig.build.json --outDir "$to/dist" --declaration false --noCheck)
  mkdir -p "$to/protos"
  cp -R "$source/protos/." "$to/protos/"
  mkdir -p "$to/explorer"
  cp -R "$source/explorer/." "$to/explorer/"
  cp "$source/package.json" "$source/package-lock.json" "$source/LICENSE" "$to/"
  if [ -f "$source/.npmrc" ]; then cp "$source/.npmrc" "$to/"; fi
  # No scripts: none of the packages that run needs one. What is for development is not even looked at.
  (cd "$to" && npm pkg delete devDependencies scripts allowScripts overrides &&
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --prefer-offline)
  # One file, for which the packages need not be there (by the bundler of SOURCE, which is for development).
  node "$source/deploy/bundle.mjs" "$to"
  rm -f "$to/package-lock.json" "$to/.npmrc" "$to/node_modules/.package-lock.json"
  rm -rf "$to/node_modules/.bin"
  find "$to/node_modules" -type d -empty -delete
  # To be run as it is: there is no shell, and no /usr/bin/env.
  { echo '#!/nodejs/bin/node'; sed 1d "$to/dist/src/main.js"; } > "$to/dist/src/main.js.new"
  mv "$to/dist/src/main.js.new" "$to/dist/src/main.js"
  chmod 755 "$to/dist/src/main.js"
}

command_() {
  mkdir -p "$1/usr/local/bin"
  ln -s /app/dist/src/main.js "$1/usr/local/bin/postern"
}

step=$1
shift
case $step in
  runtime) runtime "$@" ;;
  program) program "$@" ;;
  command) command_ "$@" ;;
  *) echo "image.sh: $step is none of runtime, program, command" >&2; exit 1 ;;
esac
