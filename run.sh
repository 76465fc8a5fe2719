#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what is missing, builds the plugin, and shows a capture with the RFC 9293 state of both
# endpoints on every TCP segment. ./run.sh --help says how it is used.
set -euo pipefail

# shellcheck source=scripts/setup.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/scripts/setup.sh"
# shellcheck source=scripts/wireshark.sh
source "$root/scripts/wireshark.sh"

readonly default_capture=$root/captures/four-way-close.pcapng
readonly profile='TCP State' # of Wireshark: columns, colours, buttons
capture=                     # what is read, if not live
interface=                   # what is captured, if live
gui=false
format=table                 # table, or tshark: the user chose a format
quiet=false filter='' writes='' taps=false
options=()                   # for tshark

usage() {
    cat <<'END'
Usage: ./run.sh [CAPTURE] [TSHARK OPTION...]
       ./run.sh --live INTERFACE [TSHARK OPTION...]
       ./run.sh --gui [CAPTURE | --live INTERFACE] [WIRESHARK OPTION...]

Shows the RFC 9293 state of both endpoints on every TCP segment of a capture, and a line for every
connection under it. Installs what is missing first (Debian, with apt-get, as root or through
sudo), then builds in build/. Without CAPTURE it shows a four-way close; "-" reads a capture from
standard input.

  --live INTERFACE   capture (Ctrl-C ends it and prints the connections)
  --gui              open Wireshark with the profile "TCP State": columns, colours, buttons
  --help             this text

What you see:
  frame, time        number, and seconds since the first frame
  conn               the connection: tcpstate.connection == N is its filter
  segment            control bits, sequence numbers first:next(octets), acknowledgement
  client, server     state after this segment. A mark says how it is known:
                       STATE    its own segment proved it
                       STATE~   inferred: follows if the peer's segment arrived
                       STATE?   assumed: history is missing
  transitions        what this segment changed; then ! and the events it raised

Options of tshark worth knowing:
  -Y FILTER          only what matches, in the table and among the connections:
                       -Y tcpstate.transition                 segments that change a state
                       -Y 'tcpstate.phase == "TIME_WAIT"'     either endpoint
                       -Y tcpstate.event.stuck_close_wait     a leaked socket
  -q                 only the connections
  -2                 two passes: verdicts such as tcpstate.close on every segment
  -T fields -e FIELD..., -T json, -V, -w FILE
                     your format takes over
  -G fields          every field there is (tcpstate.* is explained in docs/fields.md)

tshark starts with default preferences, so that the output is the same for everyone. Wireshark
starts with a copy of yours: what you change in it is gone when you close it. As root, tshark would
ignore a plugin that is not in the system folder: it runs as the user nobody, who may read and
capture, and leaves nothing behind. To keep the plugin, install it: cmake --install build

Exit status: 0; 1 if something is missing or there is no TCP; 2 for a bad option or, from tshark,
a capture that cannot be read to its end.
END
}

bad_usage() {
    say "$*; ./$program --help says what there is"
    exit 2
}

# Sorts the arguments into ours and tshark's. Options are those of tshark 4.x: ones that take a
# value are listed, as a value is not a capture.
parse_arguments() {
    local with_value=aAbBcCdeEfFHijJKmNoOrRsStTuUwWXyYz flags=2DgIlLnpPqQvVx
    local argument letter value rest
    while (($#)); do
        argument=$1
        shift
        case $argument in
        --help | -h)
            usage
            exit
            ;;
        --gui)
            gui=true
            with_value+=g flags+=k
            ;;
        --live)
            (($#)) || bad_usage "--live wants an interface; 'ip link' lists them"
            interface=$1
            shift
            ;;
        --capture-comment | --compress | --disable-all-protocols | --disable-heuristic | \
            --disable-protocol | --elastic-mapping-filter | --enable-heuristic | \
            --enable-protocol | --export-objects | --export-tls-session-keys | --hexdump | \
            --log-domain | --log-level | --only-protocols | --temp-dir | --time-stamp-type)
            (($#)) || bad_usage "$argument wants a value"
            options+=("$argument" "$1")
            shift
            ;;
        --color | --no-duplicate-keys | --print | --list-time-stamp-types | --version | --*=*)
            options+=("$argument")
            ;;
        --*) bad_usage "unknown option $argument" ;;
        -G)
            options+=(-G "$@")
            format=tshark
            return
            ;;
        -?*)
            rest=${argument#-}
            while [[ -n $rest ]]; do
                letter=${rest:0:1} rest=${rest:1}
                if [[ $with_value == *"$letter"* ]]; then
                    value=$rest rest=
                    if [[ -z $value ]]; then
                        (($#)) || bad_usage "-$letter wants a value"
                        value=$1
                        shift
                    fi
                    take_option "$letter" "$value"
                elif [[ $flags == *"$letter"* ]]; then
                    take_flag "$letter"
                else
                    bad_usage "unknown option -$letter"
                fi
            done
            ;;
        *)
            [[ -z $capture ]] ||
                bad_usage "one capture at a time: $capture or $argument? (a filter goes after -Y)"
            capture=$argument
            ;;
        esac
    done
}

take_option() {
    case $1 in
    r) capture=$2 && return ;;
    i) interface=$2 && return ;;
    Y) filter=$2 ;;
    w) writes=$2 format=tshark ;;
    z) taps=true ;;
    T | O | e | j | J) format=tshark ;;
    esac
    options+=("-$1" "$2")
}

take_flag() {
    case $1 in
    q) quiet=true ;;
    V | x | P | D | L | v) format=tshark ;;
    esac
    options+=("-$1")
}

check_input() {
    [[ -z $interface || -z $capture ]] || bad_usage "either --live or a capture, not both"
    if $gui && [[ -z ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]]; then
        die "there is no display: start --gui in a graphical session, or through 'ssh -X'"
    fi
    if [[ -n $interface || $capture == - || ${options[0]:-} == -[GDLv] ]]; then
        return
    fi
    capture=${capture:-$default_capture}
    [[ -e $capture ]] || die "there is no file $capture: check its name"
    [[ ! -d $capture ]] || die "$capture is a directory: name a capture in it"
    [[ -r $capture ]] || die "you may not read $capture: try sudo, or chmod it"
}

want_packages() {
    want_to_build
    if $gui; then
        want wireshark command -v wireshark
    fi
    install_missing "the plugin"
}

# tshark's last words, in one line that says what to do where we know it.
explain() {
    local text
    text=$(grep -vE -e '^(Capturing on|tshark: $|[0-9]+ packets? captured|Running as user)' \
        -e '\[[A-Za-z]+ (MESSAGE|INFO)\]' -e 'while printing packets: Broken pipe' \
        "$work/errors" || true)
    case $text in
    '') ;;
    *'cut short in the middle of a packet'*)
        say "$capture is cut in the middle of a packet: above is what stands before the cut" ;;
    *'damaged or corrupt'*)
        say "$capture is damaged: above is what could be read. $(tail -n 1 <<<"$text")" ;;
    *"isn't a capture file"* | *'is a capture for a network type'*)
        say "$capture is no capture that Wireshark knows: it reads pcap, pcapng and many others" ;;
    *'permission to capture'* | *'Operation not permitted'* | *'Permission denied'*dumpcap* | \
        *dumpcap*'Permission denied'*)
        say "you may not capture on $interface: try sudo, or let your user capture with" \
            "'sudo dpkg-reconfigure wireshark-common' and 'sudo adduser $(id -un) wireshark'" ;;
    *'no device named'* | *'No such device'* | *'device is not up'*)
        say "cannot capture on $interface: 'tshark -D' lists the interfaces there are" ;;
    *) printf '%s\n' "$text" >&2 ;;
    esac
}

show_table() {
    local field arguments=() colour=0 awk=(awk) status=0
    $taps || arguments+=(-z "tcpstate,connections${filter:+,$filter}")
    $quiet || arguments+=(-T fields -E separator=/t -E occurrence=a -E "aggregator=,")
    for field in frame.number frame.time_relative tcpstate.connection tcpstate.sender \
        tcp.flags tcp.seq tcp.ack tcp.len tcpstate.client.phase tcpstate.server.phase \
        tcpstate.client.evidence tcpstate.server.evidence tcpstate.transition tcpstate.event \
        icmp.type icmpv6.type; do
        $quiet || arguments+=(-e "$field")
    done
    if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
        colour=1
    fi
    # mawk reads ahead unless told otherwise.
    if [[ -n $interface ]] && awk -W version 2>&1 | grep mawk >/dev/null; then
        awk+=(-W interactive)
    fi
    as_user tshark "${source[@]}" "${arguments[@]}" "${options[@]}" 2>"$work/errors" |
        (
            trap '' INT
            exec "${awk[@]}" -v colour="$colour" -v counts="$work/counts" \
                -f "$root/scripts/table.awk" "$root/src/event.def" -
        ) || status=$?
    explain
    if ((status == 0)) && [[ -z $filter && -z $interface ]] && ! $quiet; then
        grep -q '^0 ' "$work/counts" && die "no TCP in $capture, in $(cut -d' ' -f2 "$work/counts")" \
            "frames: nothing to show"
    fi
    return "$status"
}

show_as_asked() {
    local status=0
    as_user tshark "${source[@]}" "${options[@]}" 2>"$work/errors" || status=$?
    explain
    if [[ -n $writes && -e $writes ]] && ((EUID == 0)); then
        chown "$EUID:$(id -g)" -- "$writes"
    fi
    return "$status"
}

# Wireshark, with a copy of the user's configuration and our profile beside the user's own. The profile
# is chosen unless the user chose one, or has columns of ours already.
show_window() {
    local -r of_user=${WIRESHARK_CONFIG_DIR:-${XDG_CONFIG_HOME:-${HOME:-}/.config}/wireshark}
    local -r own=$work/home/.config/wireshark
    mkdir -p "$own/profiles"
    if [[ -d $of_user ]]; then
        cp -r -- "$of_user/." "$own/"
    fi
    if [[ ! -d $own/profiles/$profile ]]; then
        cp -r -- "$root/profile/$profile" "$own/profiles/"
    fi
    if [[ " ${options[*]} " != *' -C'* ]] && ! grep -qs 'tcpstate\.' "$own/preferences"; then
        options+=(-C "$profile")
    fi
    if [[ -z ${XAUTHORITY:-} && -e ${HOME:-}/.Xauthority ]]; then
        wireshark_environment+=(XAUTHORITY="$HOME/.Xauthority")
    fi
    if [[ -z ${XDG_RUNTIME_DIR:-} ]] || ((EUID == 0)); then
        install -d -m 700 "$work/run"
        wireshark_environment+=(XDG_RUNTIME_DIR="$work/run")
    fi
    if ((EUID == 0)); then
        chown -R 65534:65534 "$work/home" "$work/run"
    fi
    as_user wireshark "${source[@]}" "${options[@]}"
}

main() {
    local source=()
    parse_arguments "$@"
    check_input
    want_packages
    build build tcpstate_plugin
    trap 'rm -rf -- "$work"' EXIT
    work=$(mktemp -d)
    drop_root
    prepare_plugins
    if [[ -n $interface ]]; then
        source=(-i "$interface")
        if $gui; then source+=(-k); else source+=(-l); fi
        # Ctrl-C ends tshark, and then we print what it counted.
        trap : INT
        [[ -t 2 ]] && ! $gui && say "capturing on $interface; Ctrl-C ends it"
    elif [[ -n $capture ]]; then
        source=(-r "$capture")
    fi
    if $gui; then
        show_window
    elif [[ $format == table ]]; then
        show_table
    else
        show_as_asked
    fi
}

main "$@"
