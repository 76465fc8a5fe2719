#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the plugin, runs its tests and tries its packages with the Wireshark of other Debian releases,
# each in chroots that are made once and kept. Needs root, debootstrap, lintian and a Debian mirror:
# this host's own.
set -euo pipefail

readonly program=${0##*/}
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly root
# shellcheck source=test/chroot.sh
source "$root/test/chroot.sh"
readonly packages=(tshark libwireshark-dev wireshark-dev libglib2.0-dev pkg-config gcc libc6-dev
    dpkg-dev file cmake ninja-build python3-pytest python3-scapy python3-jsonschema libcmocka-dev git jq man-db
    parallel miller)
readonly labels='^(unit|scenarios|tshark|cli|layout)$'
skipped='^$' # tests that are left out
failed=0
tests_only=false

usage() {
    cat <<'END'
Usage: test/versions.sh [--obstacle | --tests-only] [SUITE...]

For each Debian suite (default: trixie, with Wireshark 4.4, and sid, with 4.6): makes a chroot with
that suite's Wireshark if there is none yet, builds the project in it without warnings, and runs the
tests of the core, the plugin and the command. Then makes the Debian packages there, and installs, uses
and removes them in a second, bare chroot: test/packages.sh. Prints one line per suite; exits 1 if one
failed.

--tests-only leaves the packages out, and the longest test, which holds the command's rows against
tshark's.

--obstacle prints, instead, why that cannot be done here, or nothing if it can.

The chroots are kept in $TCPSTATE_CHROOTS, by default ~/.cache/tcpstate; remove one to have it made
anew. Mirror and proxy are those of this host's apt.
END
}

say() {
    printf '%s: %s\n' "$program" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# Takes the sources as they are now, uncommitted changes too.
copy_sources() {
    local -r chroot=$1
    rm -rf "$chroot/tcpstate" "$chroot/build"
    mkdir -p "$chroot/tcpstate"
    tar -C "$root" --exclude='./build*' --exclude=./.git --exclude=__pycache__ -cf - . |
        tar -C "$chroot/tcpstate" --no-same-owner -xf -
}

build() {
    local -r chroot=$1
    inside "$chroot" cmake -G Ninja -S /tcpstate -B /build -DBUILD_TESTING=ON &&
        inside "$chroot" ninja -C /build
}

# try SUITE: what happened goes into the suite's log, the verdict to standard output.
try() {
    local -r suite=$1 chroot=$cache/$1 log=$cache/$1.log
    local version verdict=ok
    mkdir -p "$cache"
    if ! make_chroot "$suite" "$chroot" "${packages[@]}" >"$log" 2>&1; then
        verdict='FAILED: no chroot'
    elif ! { copy_sources "$chroot" && build "$chroot"; } >>"$log" 2>&1; then
        verdict='FAILED: it does not build'
    elif grep -q 'warning:' "$log"; then
        verdict='FAILED: warnings'
    elif ! inside "$chroot" env CI=true ctest --test-dir /build -j 2 -L "$labels" -E "$skipped" --no-tests=error \
        --output-on-failure >>"$log" 2>&1; then
        verdict='FAILED: tests'
    elif ! $tests_only && ! "$root/test/packages.sh" "$suite" >>"$log" 2>&1; then
        verdict='FAILED: packages'
    fi
    version=$(sed -n 's/^-- Wireshark \([0-9.]*\),.*/\1/p' "$log" | tail -n 1)
    printf '%-8s Wireshark %-8s %-48s %s\n' "$suite" "${version:-?}" \
        "$(sed -n 's/^\([0-9]*% tests passed.*\)/\1/p' "$log")" "$verdict"
    [[ $verdict == ok ]] || { tail -n 40 "$log" >&2 && failed=1; }
}

main() {
    local suite why only_obstacle=false
    case ${1:-} in
    --help | -h) usage && exit ;;
    --obstacle) only_obstacle=true && shift ;;
    --tests-only) tests_only=true skipped='^cli.truth$' && shift ;;
    -*) say "unknown option $1" && usage >&2 && exit 2 ;;
    esac
    (($#)) || set -- trixie sid
    for suite; do
        why=$(obstacle "$suite")
        if $only_obstacle; then
            [[ -z $why ]] || echo "$why"
        elif [[ -n $why ]]; then
            die "$suite: $why"
        else
            try "$suite"
        fi
    done
    exit $failed
}

main "$@"
