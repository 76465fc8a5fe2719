/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line.
 */
#ifndef TCPSTATE_OPTIONS_H
#define TCPSTATE_OPTIONS_H

#include "select.h"
#include "settings.h"
#include "write.h"

struct options {
    char **files; /* ends with NULL */
    struct settings_set settings;
    struct selection selection;
    enum format format;
    enum print_time time;
    gboolean vlans_mixed, checksums, stream, follow, quiet;
    uint32_t shard, shards; /* shard from 0; shards is 1 without --shard */
    int patience;           /* seconds */
};

bool options_read(struct options *options, int argc, char **argv);

#endif
