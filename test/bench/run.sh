#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Measures what the plugin costs: instructions, time and memory of tshark with and without it, and
# the core alone. Makes its own captures.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
readonly here root=${here%/test/bench}
readonly small=2000 cut=12000 # packets of the two runs whose difference is counted
packets=1020000
build=$root/build
scale=false
stories=(short long scan midstream)
work=

usage() {
    cat <<'END'
Usage: test/bench/run.sh [--build DIR] [--packets N] [--scale] [STORY...]

Prints, for each story (short, long, scan, midstream; default all), instructions per packet of
tshark without the plugin, and with it, with transum and with a minimal Lua post-dissector as ratios
to that; processor time likewise; peak memory; and the core alone. Takes about half an hour.

--build DIR   where the project is, or will be, built (default: build)
--packets N   of each capture (default: 1,020,000)
--scale       only the scale run: ten times the packets and connections of "short"

Needs valgrind, hyperfine, python3 and GNU time beside what the project needs.
END
}

# As an ordinary user: root's tshark ignores WIRESHARK_PLUGIN_DIR. Its folder of plugins hides the
# stock ones, so each run has exactly what it is given.
as_user() {
    local -r variant=$1
    shift
    if ((EUID == 0)); then
        set -- setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    fi
    env HOME="$work/home" TMPDIR="$work/home" WIRESHARK_PLUGIN_DIR="$work/plugins-$variant" "$@"
}

options_of() {
    case $1 in
    transum) echo "--enable-protocol transum" ;;
    lua) echo "-X lua_script:$here/minimal.lua" ;;
    esac
}

mode_of() {
    case $1 in
    no-tree) echo "-q -z conv,tcp" ;;
    filter) echo "-Y tcp.flags.reset==1" ;;
    filter-state) echo "-Y tcpstate.transition" ;;
    fields) echo "-T fields -e frame.number -e tcp.len" ;;
    two-pass) echo "-2 -Y tcp.flags.reset==1" ;;
    esac
}

# instructions VARIANT MODE CAPTURE: of one run of tshark.
instructions() {
    local options mode
    read -ra options <<<"$(options_of "$1")"
    read -ra mode <<<"$(mode_of "$2")"
    as_user "$1" valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
        tshark "${options[@]}" -n -r "$3" "${mode[@]}" 2>&1 >/dev/null |
        sed -n 's/.*I *refs: *//p' | tr -d ,
}

# per_packet VARIANT MODE STORY: the start of tshark is left out by taking a difference.
per_packet() {
    local -r few=$work/$3-$small.pcap many=$work/$3-$cut.pcap
    local first second
    first=$(instructions "$1" "$2" "$few")
    second=$(instructions "$1" "$2" "$many")
    echo $(((second - first) / (cut - small)))
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'
}

# seconds VARIANT MODE STORY: processor time of one run of tshark, the median of three.
seconds() {
    local options mode
    options=$(options_of "$1")
    mode=$(mode_of "$2")
    as_user "$1" hyperfine --style none --warmup 1 --runs 3 --export-json "$work/home/times.json" \
        "tshark $options -n -r $work/$3.pcap $mode >$work/home/out" >/dev/null 2>&1
    python3 -c 'import json, sys
run = json.load(open(sys.argv[1]))["results"][0]
print("%.2f" % (run["user"] + run["system"]))' "$work/home/times.json"
}

# peak VARIANT STORY: megabytes.
peak() {
    as_user "$1" /usr/bin/time -f %M tshark -n -r "$work/$2.pcap" -q -z conv,tcp 2>&1 >/dev/null |
        tail -n 1 | awk '{ printf "%.0f", $1 / 1024 }'
}

measure_story() {
    local -r story=$1
    local mode variant without
    printf '\n%s: %s packets\n' "$story" "$(capinfos -rcMT "$work/$story.pcap" | awk '{print $NF}')"
    printf '%-14s %12s %9s %9s %9s\n' 'instructions' 'without' tcpstate transum Lua
    for mode in no-tree filter fields two-pass; do
        without=$(per_packet none $mode "$story")
        printf '%-14s %12s' "$mode" "$without"
        for variant in tcpstate transum lua; do
            printf ' %9s' "$(ratio "$(per_packet $variant $mode "$story")" "$without")"
        done
        printf '\n'
    done
    without=$(per_packet none filter "$story")
    printf '%-14s %12s %9s   (a filter on a field of ours, against one on tcp.flags)\n' \
        filter-state "$without" "$(ratio "$(per_packet tcpstate filter-state "$story")" "$without")"
    printf '%-14s %12s %9s\n' 'seconds' 'without' tcpstate
    for mode in no-tree filter; do
        without=$(seconds none $mode "$story")
        printf '%-14s %12s %9s\n' "$mode" "$without" \
            "$(ratio "$(seconds tcpstate $mode "$story")" "$without")"
    done
    printf '%-14s %12s %9s\n' 'peak MB' "$(peak none "$story")" "$(peak tcpstate "$story")"
}

measure_core() {
    local story
    printf '\nThe core alone, best of five runs\n'
    for story in "${stories[@]}"; do
        for _ in 1 2 3 4 5; do
            "$build/test/bench/bench_core" "$story" "$packets"
        done | sort -t/ -k1.52,1.58n | head -n 1
    done
}

measure_scale() {
    local -r story=scale
    "$build/test/bench/bench_generate" short $((10 * packets)) >"$work/$story.pcap"
    printf 'scale: %s packets\n' "$(capinfos -rcMT "$work/$story.pcap" | awk '{print $NF}')"
    as_user tcpstate /usr/bin/time -f '%U+%S s of processor time, %M KB at most' \
        tshark -n -r "$work/$story.pcap" -q -z tcpstate,connections 2>&1 >/dev/null | tail -n 1
    as_user none /usr/bin/time -f 'without: %U+%S s, %M KB' \
        tshark -n -r "$work/$story.pcap" -q -z conv,tcp 2>&1 >/dev/null | tail -n 1
}

prepare() {
    local story variant transum
    cmake -S "$root" -B "$build" -G Ninja -DBUILD_TESTING=ON >/dev/null
    cmake --build "$build" >/dev/null
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    for variant in none tcpstate transum lua; do
        mkdir -p "$work/plugins-$variant"
    done
    cp -r "$build"/plugins/* "$work/plugins-tcpstate/"
    transum=$(pkg-config --variable=plugindir wireshark)/epan/transum.so
    if [[ -e $transum ]]; then
        mkdir -p "$work/plugins-transum/$(basename "$build"/plugins/*)/epan"
        cp "$transum" "$work/plugins-transum"/*/epan/
    fi
    mkdir -m 777 "$work/home"
    $scale && return
    for story in "${stories[@]}"; do
        "$build/test/bench/bench_generate" "$story" "$packets" >"$work/$story.pcap"
        editcap -r "$work/$story.pcap" "$work/$story-$small.pcap" 1-$small
        editcap -r "$work/$story.pcap" "$work/$story-$cut.pcap" 1-$cut
    done
}

main() {
    local story
    while (($#)); do
        case $1 in
        --help | -h) usage && exit ;;
        --build) build=$(realpath -m -- "$2") && shift ;;
        --packets) packets=$2 && shift ;;
        --scale) scale=true ;;
        -*) usage >&2 && exit 2 ;;
        *) break ;;
        esac
        shift
    done
    if (($#)); then
        stories=("$@")
    fi
    prepare
    if $scale; then
        measure_scale
        return
    fi
    for story in "${stories[@]}"; do
        measure_story "$story"
    done
    measure_core
}

main "$@"
