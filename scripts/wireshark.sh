# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Starts Wireshark's programs with the plugin in build/, as root and as anybody else, and leaves
# nothing behind. Sourced after setup.sh. The caller removes $work when it is done.
# shellcheck source=scripts/setup.sh

work=                    # a directory of this run's own
unprivileged=()          # what starts a program as an ordinary user
wireshark_environment=() # and in which environment

# As root, Wireshark's programs look for plugins in the system folder only. So they run as nobody,
# with those of root's capabilities that let one read files and capture, where root has them.
drop_root() {
    local -r bits=([1]=dac_override [2]=dac_read_search [12]=net_admin [13]=net_raw)
    local bit held groups capabilities=-all
    ((EUID == 0)) || return 0
    held=$((16#$(sed -n 's/^CapPrm:[[:space:]]*//p' /proc/self/status 2>/dev/null || echo 0)))
    for bit in "${!bits[@]}"; do
        # To write is more than to read: only for -w, or where root cannot do the lesser.
        if ((bit == 1)) && [[ -z $writes ]] && ((held >> 2 & 1)); then
            continue
        fi
        ((held >> bit & 1)) && capabilities+=,+${bits[bit]}
    done
    # dumpcap may be for the members of a group only.
    groups=$(stat -Lc %g -- "$(command -v dumpcap)" 2>/dev/null || echo 65534)
    unprivileged=(setpriv --reuid=65534 --regid=65534 --groups="$groups"
        --inh-caps="$capabilities" --ambient-caps="$capabilities")
}

# A plugin folder for this run: the plugins of Wireshark, and ours beside them. A folder of one's
# own hides the stock one, so that is linked into it.
prepare_plugins() {
    local stock file kind version plugin
    # shellcheck disable=SC2154  # setup.sh sets root
    plugin=$(find "$root/build/plugins" -name tcpstate.so -print -quit)
    [[ -n $plugin ]] || die "the build made no plugin: remove $root/build and try again"
    version=$(basename -- "$(dirname -- "$(dirname -- "$plugin")")")
    mkdir -p "$work/home" "$work/plugins/$version/epan"
    stock=$(tshark -G folders 2>/dev/null | sed -n 's/^Global Plugins:[[:space:]]*//p')
    for file in "$stock"/*/*.so; do
        kind=$(basename -- "$(dirname -- "$file")")
        [[ -e $file && ${file##*/} != tcpstate.so ]] || continue
        mkdir -p "$work/plugins/$version/$kind"
        ln -s -- "$file" "$work/plugins/$version/$kind/"
    done
    ln -s -- "$plugin" "$work/plugins/$version/epan/"
    wireshark_environment=(HOME="$work/home" WIRESHARK_PLUGIN_DIR="$work/plugins" LC_ALL=C.UTF-8)
    unset XDG_CONFIG_HOME WIRESHARK_CONFIG_DIR
    if ((EUID == 0)); then
        chmod -R go+rX "$work"
        chown 65534:65534 "$work/home"
        if ! nobody_reads "$plugin"; then
            cp --remove-destination -- "$plugin" "$work/plugins/$version/epan/"
        fi
        if [[ -f $capture ]] && ! nobody_reads "$capture"; then
            (umask 077 && cp -- "$capture" "$work/")
            capture=$work/${capture##*/}
            chown 65534 "$capture"
        fi
    fi
    # Not grep -q: it would not read to the end, and tshark would fail for that.
    as_user tshark -G plugins 2>/dev/null | grep '^tcpstate\.so' >/dev/null ||
        die "$(tshark --version 2>/dev/null | sed -n '1s/ (Git.*//p') does not load the plugin," \
            "which was built for Wireshark $version: remove $root/build and try again"
}

nobody_reads() {
    "${unprivileged[@]}" head -c 1 -- "$1" >/dev/null 2>&1
}

as_user() {
    "${unprivileged[@]}" env "${wireshark_environment[@]}" "$@"
}
