#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Measures the command beside tcptrace, argus and tshark with the plugin, and what --stream bounds.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
readonly here root=${here%/test/bench}
build=$root/build
packets=3400000
long=false
work=

usage() {
    cat <<'END_OF_USAGE'
Usage: test/bench/command.sh [--build DIR] [--packets N] [--long]

Prints processor time and peak memory of each program on one capture of short connections, 17 packets
each, in three runs of each. --long adds ten times as many packets, with --stream too.

Needs tcptrace, argus-server, tshark and GNU time beside what the project needs.
END_OF_USAGE
}

# As an ordinary user: root's tshark ignores WIRESHARK_PLUGIN_DIR.
as_user() {
    if ((EUID == 0)); then
        set -- setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    fi
    env HOME="$work/home" TMPDIR="$work/home" WIRESHARK_PLUGIN_DIR="$work/home/plugins" "$@"
}

# measure TITLE COMMAND...: the best of three runs.
measure() {
    local -r title=$1
    shift
    for _ in 1 2 3; do
        as_user /usr/bin/time -o "$work/home/time" -f '%U %S %M' "$@" >"$work/home/out" \
            2>"$work/home/errors" || true
        tail -n 1 "$work/home/time"
    done | awk -v title="$title" '{ s = $1 + $2; if (!best || s < best) { best = s; memory = $3 } }
        END { printf "%-34s %8.2f s %8.0f MB\n", title, best, memory / 1024 }'
}

main() {
    local capture
    while (($#)); do
        case $1 in
        --help | -h) usage && exit ;;
        --build) build=$(realpath -m -- "$2") && shift ;;
        --packets) packets=$2 && shift ;;
        --long) long=true ;;
        *) usage >&2 && exit 2 ;;
        esac
        shift
    done
    cmake -S "$root" -B "$build" -G Ninja -DBUILD_TESTING=ON >/dev/null
    cmake --build "$build" >/dev/null
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    mkdir -m 777 "$work/home"
    cp -r "$build/plugins" "$work/home/plugins"
    install -m 755 "$build/tcpstate" "$work/home/tcpstate"
    capture=$work/short.pcap
    "$build/test/bench/bench_generate" short "$packets" >"$capture"
    printf '%s packets in %s connections\n' "$packets" $((packets / 17 / 64 * 64))
    measure 'tcpstate --format csv' "$work/home/tcpstate" --format csv "$capture"
    measure 'tcpstate --format json' "$work/home/tcpstate" --format json "$capture"
    measure 'tcpstate --stuck' "$work/home/tcpstate" --format json --stuck "$capture"
    measure 'tcptrace -n' tcptrace -n "$capture"
    measure 'argus -r' argus -r "$capture" -w "$work/home/argus"
    measure 'tshark with the plugin' tshark -n -q -z tcpstate,connections -r "$capture"
    $long || return 0
    "$build/test/bench/bench_generate" short $((10 * packets)) >"$capture"
    printf '%s packets\n' $((10 * packets))
    measure 'tcpstate --format csv' "$work/home/tcpstate" --format csv "$capture"
    measure 'tcpstate --stream --format csv' "$work/home/tcpstate" --stream --format csv "$capture"
}

main "$@"
