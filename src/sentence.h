/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sentences under construction.
 */
#ifndef TCPSTATE_SENTENCE_H
#define TCPSTATE_SENTENCE_H

#include "tcpstate.h"

/* What does not fit is left out, but counted. */
struct text {
    char *to;
    size_t size, length;
};

void tcpstate_put(struct text *text, const char *from, size_t length);
void tcpstate_put_sentence(struct text *text, const char *pattern,
                           const struct tcpstate_occurrence *occurrence);
size_t tcpstate_end_text(struct text *text);

#endif
