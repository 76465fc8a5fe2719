# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion of tcpstate's command line for bash.

_tcpstate() {
    local -r word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local words=
    case $before in
    -f | --format) words='table json csv tsv zeek' ;;
    --time) words='rfc3339 epoch' ;;
    -o | --option) words='msl: stuck: idle: slow: storm: copy: reorder:' && compopt -o nospace ;;
    --port | --host | --patience | --shard) return ;;
    *)
        if [[ $word == -* ]]; then
            words='--format --time --stuck --reset --unanswered --alerts --port --host --stream
                --follow --patience --shard --checksums --mix-vlans --option --quiet --version --help'
        else
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _tcpstate tcpstate
