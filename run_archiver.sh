#!/bin/sh
# Starts bin/run-archiver with all arguments: documentation/DEPLOYMENT_GUIDE.md. Under this name, and with --init-venv, crontabs
# and scripts of the Python archiver go on working.
set -eu
self=$(readlink -f -- "$0")
ulimit -c 0

init_venv=false quiet=false
count=$#
while [ "$count" -gt 0 ]; do
  case $1 in
    --init-venv) init_venv=true ;;
    *) set -- "$@" "$1" ;;
  esac
  case $1 in -q | --quiet) quiet=true ;; esac
  shift
  count=$((count - 1))
done
if $init_venv && ! $quiet; then
  echo "run_archiver.sh: --init-venv has nothing to do: there is no Python environment any more, all libraries are in node_modules/" >&2
fi
exec "${self%/*}/bin/run-archiver" "$@"
