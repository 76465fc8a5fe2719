/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What Zeek would log of a connection: its conn_state and its history.
 *
 * The meaning of both is documented at
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html.
 */
#include <string.h>

#include "seq.h"
#include "connection.h"

/* A letter's place here is the five bits that stand for it. */
static const char alphabet[] = " ^SHADFRCGTWIQshadfrcgtwiq";

#define CODE_BITS 5

/*
 * The letter of the history at index, from 0; '\0' beyond its end.
 */
char
tcpstate_zeek_letter(const struct tcpstate_zeek *zeek, unsigned index)
{
    const unsigned bit = index * CODE_BITS, octet = bit / 8;
    unsigned pair, code;

    if (index >= TCPSTATE_ZEEK_LETTERS)
        return '\0';
    pair = zeek->letters[octet];
    if (octet + 1 < sizeof zeek->letters)
        pair |= (unsigned)zeek->letters[octet + 1] << 8;
    code = pair >> bit % 8 & ((1 << CODE_BITS) - 1);
    return code == 0 ? '\0' : alphabet[code];
}

/*
 * Adds a letter to the history, one of Zeek's: upper case for the originator, lower case for the
 * responder. A history that is full keeps the letters it has, and more is set.
 */
void
tcpstate_zeek_add(struct tcpstate_zeek *zeek, char letter)
{
    unsigned index = 0, bit, octet, pair;

    while (tcpstate_zeek_letter(zeek, index) != '\0')
        index++;
    if (index == TCPSTATE_ZEEK_LETTERS) {
        zeek->more = true;
        return;
    }
    bit = index * CODE_BITS;
    octet = bit / 8;
    pair = (unsigned)(strchr(alphabet, letter) - alphabet) << bit % 8;
    zeek->letters[octet] |= (uint8_t)pair;
    if (octet + 1 < sizeof zeek->letters)
        zeek->letters[octet + 1] |= (uint8_t)(pair >> 8);
}

/*
 * Adds a letter, given in upper case, for something that this endpoint did.
 */
void
tcpstate_zeek_note(struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end, char letter)
{
    tcpstate_zeek_add(zeek, zeek_is_originator(zeek, end) ? letter : (char)(letter - 'A' + 'a'));
}

/*
 * Counts something that this endpoint did, up to 65535, and adds its letter, given in upper case,
 * at 1, 10, 100, and so on.
 */
void
tcpstate_zeek_count(struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end,
                    uint16_t *count, char letter)
{
    uint16_t rest;

    if (*count == UINT16_MAX)
        return;
    rest = ++*count;
    while (rest % 10 == 0)
        rest /= 10;
    if (rest == 1)
        tcpstate_zeek_note(zeek, end, letter);
}

static bool
is_absent(const struct tcpstate_zeek_end *end)
{
    return end->state == INACTIVE || end->state == PARTIAL;
}

/* Whether an endpoint sent text, or had text acknowledged. */
static bool
has_sent(const struct tcpstate_zeek_end *end)
{
    const uint32_t size = seq_max(end->last, end->delivered) - end->start;

    return size > 1u + (end->kinds & KIND_FIN ? 1u : 0u);
}

/* Whether the history is a SYN and then a RST of the originator, with none of its other segments
 * between that would say that there was more. */
static bool
is_syn_then_rst(const struct tcpstate_zeek *zeek)
{
    unsigned index = tcpstate_zeek_letter(zeek, 0) == ZEEK_FLIPPED;
    char letter;

    if (tcpstate_zeek_letter(zeek, index) != 'S')
        return false;
    while ((letter = tcpstate_zeek_letter(zeek, ++index)) != '\0') {
        if (letter == 'R')
            return true;
        if (strchr("HAFGIQ", letter))
            return false;
    }
    return false;
}

/*
 * The conn_state that Zeek would log for a connection if it ended now.
 *
 * Never NULL. It is about Zeek's originator, which need not be the client.
 */
const char *
tcpstate_zeek_state(const struct tcpstate_connection *connection)
{
    const struct tcpstate_zeek *zeek = &connection->zeek;
    const struct tcpstate_zeek_end *orig = &zeek->end[zeek->originator];
    const struct tcpstate_zeek_end *resp = &zeek->end[zeek->originator ^ 1];

    if (resp->state == RESET) {
        if (orig->state == SYN_SENT || orig->state == SYN_ACK_SENT ||
            (orig->state == RESET && !has_sent(orig) && !has_sent(resp)))
            return "REJ";
        return is_absent(orig) ? "RSTRH" : "RSTR";
    }
    if (orig->state == RESET) {
        if (is_absent(resp))
            return is_syn_then_rst(zeek) ? "RSTOS0" : "OTH";
        return "RSTO";
    }
    if (orig->state == CLOSED && resp->state == CLOSED)
        return "SF";
    if (orig->state == CLOSED)
        return is_absent(resp) ? "SH" : "S2";
    if (resp->state == CLOSED)
        return is_absent(orig) ? "SHR" : "S3";
    if (orig->state == SYN_SENT && resp->state == INACTIVE)
        return "S0";
    return orig->state == ESTABLISHED && resp->state == ESTABLISHED ? "S1" : "OTH";
}

/*
 * Writes the history that Zeek would log for a connection if it ended now, and a final null.
 *
 * text has room for size octets, TCPSTATE_ZEEK_TEXT being enough. Of a history longer than
 * TCPSTATE_ZEEK_LETTERS the rest is missing, and a plus stands for it. Returns the length, 0 if
 * there is no letter.
 */
size_t
tcpstate_zeek_history(const struct tcpstate_connection *connection, char *text, size_t size)
{
    const struct tcpstate_zeek *zeek = &connection->zeek;
    size_t length = 0;
    char letter;

    if (size == 0)
        return 0;
    while (length + 1 < size && (letter = tcpstate_zeek_letter(zeek, (unsigned)length)) != '\0')
        text[length++] = letter;
    if (zeek->more && length + 1 < size)
        text[length++] = '+';
    text[length] = '\0';
    return length;
}
