/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Seconds. Linux sends its last SYN 63 s after the first, and waits 64 more. */
#define PATIENCE 180
#define PREFIX "tcpstate."

static const char summary[] =
    "Prints one row per TCP connection of a capture: in which RFC 9293 state each end was\n"
    "left, how the connection was opened and closed, by whom, and what went wrong. Several\n"
    "files are one capture, in the order given; - is standard input.";

static const char description[] =
    "Exit status: 0; 1 if no connection was printed; 2 if a file could not be read, or not to\n"
    "its end, or the command line is wrong; 130 after Ctrl-C.\n"
    "\n"
    "Examples:\n"
    "  tcpstate trace.pcapng\n"
    "  tcpstate --stuck --format csv ring_*.pcapng\n"
    "  dumpcap -q -w - | tcpstate --follow --format json -";

/* What GOption hands over as text. */
struct texts {
    char *format, *time, *shard;
    char **ports, **hosts, **settings;
};

static bool
fail(const char *form, const char *text)
{
    g_printerr("tcpstate: ");
    g_printerr(form, text);
    g_printerr("\ntcpstate --help says what there is\n");
    return false;
}

/* One setting, as tshark takes it: tcpstate.NAME:VALUE, the first part of which may be left out. */
static bool
read_setting(const char *text, struct settings_set *set)
{
    const char *name = g_str_has_prefix(text, PREFIX) ? text + strlen(PREFIX) : text;
    const char *value = strchr(name, ':');
    const size_t length = value ? (size_t)(value - name) : strlen(name);
    guint64 number;
#define SETTING(id, title, unit, standard, least, greatest, description)                           \
    if (strlen(#id) == length && strncmp(name, #id, length) == 0) {                                \
        if (!value || !g_ascii_string_to_unsigned(value + 1, 10, least, greatest, &number, NULL))  \
            return fail("%s: must be from " #least " to " #greatest, text);                        \
        set->id = (unsigned)number;                                                                \
        return true;                                                                               \
    }
#include "settings.def"
#undef SETTING
    return fail("%s: there is no such setting", text);
}

/* K/N, K from 1. */
static bool
read_shard(const char *text, struct options *options)
{
    char *end;
    const guint64 shard = g_ascii_strtoull(text, &end, 10);
    const char *count = *end == '/' ? end + 1 : "";
    guint64 shards;
    if (!g_ascii_string_to_unsigned(count, 10, 1, UINT32_MAX, &shards, NULL) || shard < 1 ||
        shard > shards)
        return fail("--shard %s: must be K/N, K from 1 to N", text);
    options->shard = (uint32_t)shard - 1;
    options->shards = (uint32_t)shards;
    return true;
}

static bool
read_lists(const struct texts *texts, struct options *options)
{
    for (char **port = texts->ports; port && *port; port++)
        if (!selection_add_port(&options->selection, *port))
            return fail("--port %s: not a port", *port);
    for (char **host = texts->hosts; host && *host; host++)
        if (!selection_add_host(&options->selection, *host))
            return fail("--host %s: not an address", *host);
    for (char **setting = texts->settings; setting && *setting; setting++)
        if (!read_setting(*setting, &options->settings))
            return false;
    return true;
}

static bool
read_texts(const struct texts *texts, struct options *options)
{
    if (texts->format && !format_of(texts->format, &options->format))
        return fail("--format %s: must be table, json, csv, tsv or zeek", texts->format);
    if (texts->time && strcmp(texts->time, "epoch") == 0)
        options->time = PRINT_EPOCH;
    else if (texts->time && strcmp(texts->time, "rfc3339") != 0)
        return fail("--time %s: must be rfc3339 or epoch", texts->time);
    if (texts->shard && !read_shard(texts->shard, options))
        return false;
    if (options->patience < 1)
        return fail("--patience: must be at least %s second", "1");
    if (!options->files || !*options->files)
        return fail("no %s given", "capture file");
    return read_lists(texts, options);
}

static void
free_texts(struct texts *texts)
{
    g_free(texts->format);
    g_free(texts->time);
    g_free(texts->shard);
    g_strfreev(texts->ports);
    g_strfreev(texts->hosts);
    g_strfreev(texts->settings);
}

static gboolean
print_version(const char *name G_GNUC_UNUSED, const char *value G_GNUC_UNUSED,
              gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    printf("tcpstate %s\n", TCPSTATE_VERSION);
    exit(0);
}

/* Has GOption take the command line apart: what is text goes to texts, the rest to options. */
static bool
parse(struct options *options, struct texts *texts, int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &texts->format,
         "table (the default on a terminal), json (the default elsewhere), csv, tsv or zeek",
         "FORMAT"},
        {"time", 0, 0, G_OPTION_ARG_STRING, &texts->time,
         "How ts is written: rfc3339 (the default) or epoch", "FORM"},
        {"stuck", 0, 0, G_OPTION_ARG_NONE, &options->selection.stuck,
         "Only connections of which one end waits for the other to close", NULL},
        {"reset", 0, 0, G_OPTION_ARG_NONE, &options->selection.reset,
         "Only those that were reset or refused", NULL},
        {"unanswered", 0, 0, G_OPTION_ARG_NONE, &options->selection.unanswered,
         "Only attempts that nobody answered", NULL},
        {"alerts", 0, 0, G_OPTION_ARG_NONE, &options->selection.alerts,
         "Only those with an event above chat. Of these four, any", NULL},
        {"port", 0, 0, G_OPTION_ARG_STRING_ARRAY, &texts->ports,
         "Of these, only those with this port on either end; may be repeated", "PORT"},
        {"host", 0, 0, G_OPTION_ARG_STRING_ARRAY, &texts->hosts,
         "Of these, only those with this address on either end; may be repeated", "ADDRESS"},
        {"stream", 0, 0, G_OPTION_ARG_NONE, &options->stream,
         "Print and forget each connection when it is over", NULL},
        {"follow", 0, 0, G_OPTION_ARG_NONE, &options->follow,
         "The same, for a pipe: each row is written out at once", NULL},
        {"patience", 0, 0, G_OPTION_ARG_INT, &options->patience,
         "With these two: an attempt is over without an answer for so long (180)", "SECONDS"},
        {"shard", 0, 0, G_OPTION_ARG_STRING, &texts->shard,
         "Only part K of N of the pairs of addresses and ports", "K/N"},
        {"checksums", 0, 0, G_OPTION_ARG_NONE, &options->checksums,
         "Verify checksums: history tells of wrong ones", NULL},
        {"mix-vlans", 0, 0, G_OPTION_ARG_NONE, &options->vlans_mixed,
         "The same addresses and ports on two VLANs are one connection", NULL},
        {"option", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &texts->settings,
         "A preference of the plugin: msl, stuck, idle, slow, storm, copy, reorder", "NAME:VALUE"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "Show no progress", NULL},
        {"version", 'V', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK,
         (gpointer)(uintptr_t)print_version, "Print the version", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL, "FILE..."},
        {0}};
    GOptionContext *context = g_option_context_new(NULL);
    GError *error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, description);
    const bool right = g_option_context_parse(context, &argc, &argv, &error);
    if (!right)
        fail("%s", error->message);
    g_clear_error(&error);
    g_option_context_free(context);
    return right;
}

/* Reads the command line. False if it is wrong, which is said. --help and --version end the
 * process. */
bool
options_read(struct options *options, int argc, char **argv)
{
    struct texts texts = {0};
    selection_init(&options->selection);
    options->settings = settings_standard;
    options->format = isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_JSON;
    options->patience = PATIENCE;
    options->shards = 1;
    const bool right = parse(options, &texts, argc, argv) && read_texts(&texts, options);
    free_texts(&texts);
    return right;
}
