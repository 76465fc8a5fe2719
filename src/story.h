/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What happened to a connection, in a few plain sentences.
 */
#ifndef TCPSTATE_STORY_H
#define TCPSTATE_STORY_H

#include "tcpstate.h"

/* Room for every story, its final NUL included. */
#define TCPSTATE_STORY_TEXT 640

size_t tcpstate_story(const struct tcpstate_connection *connection,
                      const struct tcpstate_settings *settings, int64_t end, char *text,
                      size_t size);

#endif
