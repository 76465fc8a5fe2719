# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What run.sh and test.sh share: find what is missing, install it, build. Sourced, not run.

program=${0##*/} # what stands before each message
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
missing=()

say() {
    printf '%s: %s\n' "$program" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# want PACKAGES TEST...: remembers that PACKAGES are missing if TEST fails.
want() {
    local packages
    read -ra packages <<<"$1"
    shift
    "$@" >/dev/null 2>&1 || missing+=("${packages[@]}")
}

one_of() {
    local file
    for file; do
        [[ -e $file ]] && return
    done
    return 1
}

# cmake/Wireshark.cmake takes either.
has_wireshark_headers() {
    [[ -n ${Wireshark_DIR:-}${CMAKE_PREFIX_PATH:-} ]] || pkg-config --exists wireshark ||
        one_of /usr/{,local/}lib{,64,/*}/{,wireshark/}cmake/{,wireshark/}WiresharkConfig.cmake
}

want_to_build() {
    want cmake command -v cmake
    want ninja-build command -v ninja
    want gcc command -v cc
    want libc6-dev test -e /usr/include/stdlib.h
    want "pkg-config libglib2.0-dev libwireshark-dev" has_wireshark_headers
    want tshark command -v tshark
}

# install_missing FOR: installs what the want lines found, and says so first. Nothing missing:
# nothing touched.
install_missing() {
    ((${#missing[@]})) || return 0
    local names="${missing[*]}" log as_root=()
    command -v apt-get >/dev/null ||
        die "$1 needs what Debian packages as $names: install that, then try again"
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "$1 needs packages; without sudo, ask an administrator: apt-get install $names"
        as_root=(sudo)
    fi
    say "$1 needs packages; installing ${as_root[*]:+through ${as_root[*]} }with apt-get: $names"
    if ((EUID != 0)) && ! sudo -v; then
        die "sudo refused; ask an administrator: apt-get install $names"
    fi
    log=$(mktemp)
    if ! "${as_root[@]}" apt-get -q update >"$log" 2>&1 ||
        ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install \
            --no-install-recommends "${missing[@]}" >>"$log" 2>&1 </dev/null; then
        grep -E '^(E|W|Err)' "$log" >&2 || tail -n 5 "$log" >&2
        rm -f "$log"
        die "apt-get could not install $names: mend what it says above, then try again"
    fi
    rm -f "$log"
    missing=()
}

# build DIRECTORY TARGET [CMAKE OPTION...]: builds in DIRECTORY below the project's root. Says
# nothing unless there is something to do, and shows the compiler's words only if it fails.
# Without options an existing configuration is kept, and a new one has no tests: they need more.
build() {
    local directory=$root/$1 target=$2 log home
    shift 2
    if [[ -e $directory && ! -w $directory ]] || [[ ! -e $directory && ! -w $root ]]; then
        plugin_is_current "$directory" && return
        die "you may not write to $directory: run this as its owner, or in a copy of your own"
    fi
    log=$(mktemp)
    if [[ -e $directory/CMakeCache.txt ]]; then
        home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$directory/CMakeCache.txt")
        # A directory that was copied or moved with its build cannot be used again.
        [[ $home == "$root" ]] || rm -rf "$directory"
    fi
    if [[ ! -e $directory/build.ninja ]] || (($#)); then
        [[ -e $directory/build.ninja ]] || say "building in $directory"
        cmake -G Ninja -S "$root" -B "$directory" -DBUILD_TESTING=OFF "$@" >"$log" 2>&1 ||
            build_failed "$log"
    fi
    ninja -C "$directory" "$target" >"$log" 2>&1 || build_failed "$log"
    rm -f "$log"
    # As root in somebody's tree: what was built belongs to the owner of the tree.
    if ((EUID == 0)); then
        chown -R --reference="$root" -- "$directory"
    fi
}

plugin_is_current() {
    local plugin
    plugin=$(find "$1/plugins" -name tcpstate.so -print -quit 2>/dev/null)
    [[ -n $plugin && -z $(find "$root/src" "$root/common" "$root/plugin" -type f -newer "$plugin" -print -quit) ]]
}

build_failed() {
    grep -m 5 -A 2 -iE '\berror\b' "$1" >&2 || tail -n 20 "$1" >&2
    rm -f "$1"
    die "the build failed: the lines above say where"
}
