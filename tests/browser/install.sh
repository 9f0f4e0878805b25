#!/bin/sh
# Chromium and Chinese fonts for the page tests: installs what is missing through apt, or says what to install.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || [ -n "${CHROMIUM:-}" ] ||
  missing=" chromium"
fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-noto-cjk"
[ -z "$missing" ] && exit 0

run=""
[ "$(id -u)" = 0 ] || run="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$run" ] || sudo -n true 2>/dev/null; }; then
  echo "installing:$missing" | sed 's/: */: /'
  export DEBIAN_FRONTEND=noninteractive
  $run apt-get update -qq
  # shellcheck disable=SC2086 # names, split on purpose
  $run apt-get install -y -qq --no-install-recommends $missing fontconfig >/dev/null
  exit 0
fi
echo "The page tests need:$missing" | sed 's/: */: /' >&2
echo "Install them with your system's package manager (Debian, Ubuntu: sudo apt-get install$missing)," >&2
echo "or set CHROMIUM to the path of a Chromium that you have." >&2
exit 1
