#!/bin/sh
# Writes nftables' named counters as a file for the textfile collector of prometheus-node-exporter. As root, by a timer:
#   nft-counters.sh /var/lib/prometheus/node-exporter/nft-counters.prom
# Needs nft and jq.
set -eu
file=$1
nft -j list counters | jq -r '
  [.nftables[].counter | select(. != null)] as $counters |
  ("packets", "bytes") as $what |
  "# HELP nftables_counter_\($what)_total Of a named counter.",
  "# TYPE nftables_counter_\($what)_total counter",
  ($counters[] | "nftables_counter_\($what)_total{family=\"\(.family)\",table=\"\(.table)\",name=\"\(.name)\"} \(.[$what])")
' > "$file.$$"
# Whole or not at all: it may be read at any moment.
mv "$file.$$" "$file"
