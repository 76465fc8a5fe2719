# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Chroots of Debian releases, made once and kept. Sourced by what tests in them.

# shellcheck disable=SC2034  # for who sources this
readonly cache=${TCPSTATE_CHROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/tcpstate}

# The mirror from which this host takes Debian itself.
mirror() {
    # shellcheck disable=SC2016  # apt-get's own placeholders
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian Debian //p' | head -n 1
}

# How this host's apt gets its files: proxies and the like, none of its hooks.
transport() {
    apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries|ForceIPv)' || true
}

# obstacle SUITE [NAME]: why there can be no chroot of it here; nothing if there can. NAME is what the
# chroot is kept as.
obstacle() {
    local -r suite=$1 name=${2:-$1}
    local from folder
    ((EUID == 0)) || { echo 'chroots need root' && return; }
    unshare --mount --propagation private true 2>/dev/null ||
        { echo 'this machine lets nobody mount' && return; }
    [[ ! -e $cache/$name/.complete ]] || return 0
    command -v debootstrap >/dev/null || { echo 'debootstrap is missing' && return; }
    from=$(mirror)
    [[ -n $from ]] || { echo 'the sources of apt name no Debian mirror' && return; }
    folder=$(mktemp -d)
    /usr/lib/apt/apt-helper download-file "${from%/}/dists/$suite/InRelease" "$folder/InRelease" \
        >/dev/null 2>&1 || echo "$suite cannot be had from the mirror of this host's apt"
    rm -r "$folder"
}

# inside CHROOT COMMAND...: with /proc and /dev of its own mount namespace, so nothing stays mounted.
inside() {
    # shellcheck disable=SC2016  # for the inner shell to expand
    unshare --mount --propagation private bash -c '
        mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
        exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive "$@"' "$@"
}

# make_chroot SUITE CHROOT PACKAGE...: complete, or not there at all. One that was made for other
# packages is made anew.
make_chroot() {
    local -r suite=$1 chroot=$2
    local from
    shift 2
    [[ -e $chroot/.complete && $(<"$chroot/.complete") == "$*" ]] && return
    from=$(mirror)
    say "making $chroot; this takes some minutes"
    rm -rf --one-file-system "$chroot"
    debootstrap --variant=minbase "$suite" "$chroot" "$from" || return
    transport >"$chroot/etc/apt/apt.conf.d/80host"
    # Outside the first step: resolving these is apt's work, not debootstrap's.
    inside "$chroot" apt-get -q update || return
    if (($#)); then
        inside "$chroot" apt-get -qy install --no-install-recommends "$@" || return
    fi
    inside "$chroot" apt-get -q clean
    printf '%s\n' "$*" >"$chroot/.complete"
}
