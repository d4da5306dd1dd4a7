#!/bin/sh
# Writes the code of this folder anew: see README.md. Needs git, Node 22 and the network.
set -eu
PROTO=v1.9.0
GOOGLEAPIS=googleapis-common-protos==1.76.0
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
git clone -q --depth 1 --branch "$PROTO" https://github.com/open-telemetry/opentelemetry-proto
mkdir -p proto pip
(cd opentelemetry-proto && tar c opentelemetry/proto/common opentelemetry/proto/resource opentelemetry/proto/metrics opentelemetry/proto/collector/metrics) | tar x -C proto
pip download --no-deps -q "$GOOGLEAPIS" -d pip
(cd proto && python3 -m zipfile -e ../pip/*.whl .. && mkdir -p google/rpc && cp ../google/rpc/status.proto ../google/rpc/error_details.proto google/rpc/)
echo '{"version":"v2","modules":[{"path":"proto"}]}' > buf.yaml
echo '{"version":"v2","plugins":[{"local":"node_modules/.bin/protoc-gen-es","out":"out","opt":["target=ts","import_extension=ts"]}]}' > buf.gen.yaml
npm init -y >/dev/null
npm install --silent @bufbuild/buf@1.75.0 @bufbuild/protoc-gen-es@2.17.0
npx buf generate
# Node strips types and knows no enums: an object of the same names in their place.
node -e '
const { readFileSync, writeFileSync, mkdirSync, globSync } = require("node:fs");
const { basename, join } = require("node:path");
for (const file of globSync("out/**/*_pb.ts")) {
  const text = readFileSync(file, "utf8")
    .replace(/export enum (\w+) \{([^}]*)\}/g, (_, name, body) =>
      `export const ${name} = {${body.replace(/^(\s+\w+) = (\d+)/gm, "$1: $2")}} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`)
    .replace(/from "(\.\.?\/)+[\w/]*\/(\w+_pb\.ts)"/g, "from \"./$2\"");
  writeFileSync(join(process.argv[1], basename(file)), text);
}' "$here"
