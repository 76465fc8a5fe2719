#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the Debian packages, installs them in a bare chroot, uses them there as root and as an ordinary
# user, and removes them. Needs root, debootstrap and lintian.
#
#   test/packages.sh [--obstacle | SUITE]
#
# For this host's Debian, or for SUITE, in whose chroot test/versions.sh has put the sources.
set -euo pipefail

readonly program=${0##*/}
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly root
# shellcheck source=test/chroot.sh
source "$root/test/chroot.sh"

say() {
    printf '%s: %s\n' "$program" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

as_root() {
    inside "$chroot" "$@"
}

# As an ordinary user, who has nothing.
as_user() {
    inside "$chroot" setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent "$@"
}

# expect TEXT COMMAND...: its output has that text.
expect() {
    local -r text=$1
    local shown
    shift
    shown=$("$@" 2>&1) || die "failed: $*: $shown"
    [[ $shown == *"$text"* ]] || die "no '$text' in the output of: $*: $shown"
}

# Nothing of ours in the chroot, whatever it was called.
left_behind() {
    find "$chroot/usr" "$chroot/etc" "$chroot/var/lib/dpkg/info" -xdev \
        \( -iname '*tcpstate*' -o -name 'TCP State' \)
}

install_package() {
    local -r files=("$chroot/packages/$1"_*.deb)
    as_root apt-get -qy install --no-install-recommends "${files[0]#"$chroot"}"
}

try_command() {
    install_package tcpstate
    expect 'The client connected.' as_root tcpstate --format json /packages/capture.pcapng
    expect 'four-way' as_user tcpstate --format csv /packages/capture.pcapng
    [[ -s $chroot/usr/share/doc/tcpstate/copyright ]] || die "the package has no copyright"
}

try_plugin() {
    install_package wireshark-plugin-tcpstate
    local user
    for user in as_root as_user; do
        expect 'tcpstate.so' "$user" tshark -G plugins
        expect 'FIN, ACK' "$user" tshark -r /packages/capture.pcapng -Y 'tcpstate.event.close_begun'
    done
    expect TIME_WAIT as_root tshark -C 'TCP State' -r /packages/capture.pcapng
}

# make_packages HERE: their files, one a line. HERE says that they are for this host.
make_packages() {
    if [[ -n $1 ]]; then
        "$root/scripts/package"
    else
        inside "$cache/$suite" /tcpstate/scripts/package /build-package | sed "s|^|$cache/$suite|"
    fi
}

main() {
    local suite packages why here=
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    case ${1:-} in
    '' | --obstacle) here=yes ;;
    *) suite=$1 ;;
    esac
    why=$(obstacle "$suite" "bare-$suite")
    if [[ ${1:-} == --obstacle ]]; then
        echo "$why"
        return
    fi
    [[ -z $why ]] || die "$why"
    chroot=$cache/bare-$suite
    mkdir -p "$cache"
    mapfile -t packages < <(make_packages "$here")
    ((${#packages[@]} == 2)) || die "made ${#packages[@]} packages"
    lintian --suppress-tags-from-file "$root/packaging/lintian-tags" --fail-on error,warning \
        "${packages[@]}"
    make_chroot "$suite" "$chroot"
    rm -rf "$chroot/packages"
    mkdir "$chroot/packages"
    cp -- "${packages[@]}" "$chroot/packages/"
    cp -- "$root/captures/four-way-close.pcapng" "$chroot/packages/capture.pcapng"
    chmod -R a+rX "$chroot/packages"
    try_command
    try_plugin
    as_root apt-get -qy purge tcpstate wireshark-plugin-tcpstate
    as_root apt-get -qy autoremove --purge
    [[ -z $(left_behind) ]] || die "left behind: $(left_behind)"
    say "both packages were installed, used and removed"
}

main "$@"
