#!/bin/sh
# nginx for the test with two machines: where there is none, Debian's package is unpacked into .venv/nginx, so that
# nothing is installed or started on this machine. Or set NGINX to the path of one that you have.
set -eu

[ -n "${NGINX:-}" ] && exit 0
command -v nginx >/dev/null 2>&1 && exit 0
[ -x /usr/sbin/nginx ] && exit 0
[ -x .venv/nginx/usr/sbin/nginx ] && exit 0

if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
  echo "fetching: nginx"
  if [ "$(id -u)" = 0 ]; then apt-get update -qq; elif sudo -n true 2>/dev/null; then sudo -n apt-get update -qq; fi
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  mkdir -p .venv/nginx
  for package in nginx nginx-core nginx-light; do # the program is in another of them in each release
    (cd "$folder" && apt-get download -qq "$package") >/dev/null 2>&1 || continue
    for file in "$folder/$package"_*.deb; do
      dpkg-deb -x "$file" .venv/nginx
    done
    if .venv/nginx/usr/sbin/nginx -V >/dev/null 2>&1; then
      exit 0
    fi
  done
fi
echo "The test with two machines needs nginx. Install it with your system's package manager" >&2
echo "(Debian, Ubuntu: sudo apt-get install nginx-light), or set NGINX to the path of one that you have." >&2
exit 1
