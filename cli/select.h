/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which connections are printed.
 */
#ifndef TCPSTATE_SELECT_H
#define TCPSTATE_SELECT_H

#include "ends.h"

#include <glib.h>

/* Any of the conditions that are asked for, and the port, and the host. None asked for: all. */
struct selection {
    gboolean stuck, reset, unanswered, alerts;
    GArray *ports; /* uint16_t, any of them; empty = any port */
    GArray *hosts; /* struct host, any of them; empty = any host */
};

void selection_init(struct selection *selection);
void selection_clear(struct selection *selection);
bool selection_add_port(struct selection *selection, const char *text);
bool selection_add_host(struct selection *selection, const char *text);
bool selection_takes(const struct selection *selection, const struct tcpstate_row *row,
                     const struct ends *ends);

#endif
