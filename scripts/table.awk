# SPDX-License-Identifier: GPL-2.0-or-later
#
# Turns the rows of tshark -T fields, as run.sh asks for them, into a table: a line per TCP
# segment. What follows the rows, the table of connections, passes unchanged.
#
#   awk -v colour=0|1 -v counts=FILE -f table.awk src/event.def ROWS
#
# event.def tells the severity of each event. Segments and frames are counted into FILE.

# Control bits of the TCP header: the last two hexadecimal digits of tcp.flags.
function bits(hex,    digits, high, low, text) {
    digits = "0123456789abcdef"
    hex = tolower(hex)
    low = index(digits, substr(hex, length(hex), 1)) - 1
    high = index(digits, substr(hex, length(hex) - 1, 1)) - 1
    text = ""
    if (int(low / 2) % 2) text = text ",SYN"
    if (low % 2) text = text ",FIN"
    if (int(low / 4) % 2) text = text ",RST"
    if (int(low / 8) % 2) text = text ",PSH"
    if (high % 2) text = text ",ACK"
    if (int(high / 2) % 2) text = text ",URG"
    if (int(high / 4) % 2) text = text ",ECE"
    if (int(high / 8) % 2) text = text ",CWR"
    return text == "" ? "none" : substr(text, 2)
}

# quoted: the header stands in an ICMP error and was not sent here.
function segment(flags, seq, ack, len, quoted,    text) {
    flags = bits(flags)
    if (quoted) return "ICMP error about " flags
    text = sprintf("%s %.0f:%.0f(%d)", flags, seq, seq + len, len)
    return flags ~ /ACK/ ? text " ack " ack : text
}

# A state in a column of its own; one that changed stands out, one that was not seen is dimmed.
function state(phase, evidence, changed,    text) {
    text = sprintf("%-14s", phase (evidence == "inferred" ? "~" : evidence == "assumed" ? "?" : ""))
    if (!colour) return text
    if (changed) return "\033[1m" text "\033[0m"
    return evidence == "seen" ? text : "\033[2m" text "\033[0m"
}

function event(slug,    ink) {
    if (!colour) return "! " slug
    ink = severity[slug] == "CHAT" ? 36 : severity[slug] == "NOTE" ? 33 : 31
    return "\033[" ink "m! " slug "\033[0m"
}

# The transitions of a frame's n-th segment. With several segments in a frame, a transition
# belongs to the first whose state is the one it leads to.
function transitions(n, text, moved,    count, item, i, words, k, role) {
    count = split(text, item, ",")
    text = ""
    for (i = 1; i <= count; i++) {
        split(item[i], words, " ")
        role = words[1]
        for (k = 1; k < segments; k++)
            if ((role == "server" ? server[k] : client[k]) == words[4]) break
        if (k != n) continue
        moved[role] = 1
        text = text (text == "" ? "" : "; ") item[i]
    }
    return text
}

# src/event.def: EVENT(slug, SEVERITY, ...
FILENAME ~ /event\.def$/ {
    if (match($0, /^EVENT\([a-z0-9_]+, [A-Z]+/)) {
        split(substr($0, 7, RLENGTH - 6), words, ", ")
        severity[words[1]] = words[2]
    }
    next
}

# What is no row is tshark's own table; it says which filter it has even if it has none.
/^Filter for statistics: *$/ { next }
!/^[0-9]+\t/ { print; fflush(); next }

{
    frames++
    split($0, field, "\t")
    segments = split(field[4], sender, ",")
    if (segments == 0) next
    if (!shown++)
        printf "%6s %11s %5s %-7s %-30s %-14s %-14s %s\n", "frame", "time", "conn", "sender",
            "segment", "client", "server", "transitions and events"
    split(field[3], connection, ",")
    split(field[5], flags, ",")
    split(field[6], seq, ",")
    split(field[7], ack, ",")
    split(field[8], len, ",")
    split(field[9], client, ",")
    split(field[10], server, ",")
    split(field[11], client_evidence, ",")
    split(field[12], server_evidence, ",")
    quoted = field[15] field[16] != ""
    for (n = 1; n <= segments; n++) {
        split("", moved)
        what = transitions(n, field[13], moved)
        if (n == segments) {
            count = split(field[14], slug, ",")
            for (i = 1; i <= count; i++) what = what (what == "" ? "" : "  ") event(slug[i])
        }
        line = sprintf("%6d %11.6f %5s %-7s %-30s %s %s %s", field[1], field[2], connection[n],
            sender[n], segment(flags[n], seq[n], ack[n], len[n], quoted),
            state(client[n], client_evidence[n], "client" in moved || "self" in moved),
            state(server[n], server_evidence[n], "server" in moved || "self" in moved), what)
        sub(/ +$/, "", line)
        print line
    }
    fflush()
}

END { print shown + 0, frames + 0 > counts }
