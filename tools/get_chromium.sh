#!/usr/bin/env bash
# A browser for the tests of the page: Chromium or Chrome, if there is none yet. As root, by Debian's or Ubuntu's packages.
set -euo pipefail
for name in "${LAYERWISE_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" > /dev/null; then exit 0; fi
done
if ! command -v apt-get > /dev/null; then
    echo "no Chromium: install it, or say where it is with LAYERWISE_CHROMIUM" >&2
    exit 1
fi
sudo=$([ "$(id -u)" = 0 ] || echo sudo)
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null
