/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command tcpstate: every TCP connection of a capture as a row, at the speed of reading it.
 *
 * Limitations: it walks headers and does not dissect. What it cannot walk is counted, and tshark
 * with the plugin reads it.
 */
#include "judge.h"
#include "options.h"
#include "progress.h"
#include "source.h"
#include "stream.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_PER_LOOK 16384 /* between two looks at the clock */

enum status { STATUS_FOUND = 0, STATUS_NOTHING = 1, STATUS_DAMAGED = 2, STATUS_STOPPED = 130 };

/* What a run holds together. */
struct run {
    struct options options;
    struct source source;
    struct judge judge;
    struct stream stream;
    struct writer writer;
    struct progress progress;
    uint64_t results[WALK_COUNT];
    bool damaged;
};

static volatile int stopped; /* by a signal */

static void
stop_reading(int signal_number)
{
    stopped = signal_number;
}

/* Without SA_RESTART, so that a reading from a pipe ends too. A second signal ends the process. */
static void
listen_to_signals(void)
{
    struct sigaction action = {.sa_handler = stop_reading, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static struct ends
ends_of(const struct connection *connection)
{
    const struct pair_key *key = connection->key;
    const struct tcpstate_connection *core = (const struct tcpstate_connection *)&connection->core;
    struct ends ends = {.address_size = key->address_size, .vlan = key->vlan};
    for (int role = TCPSTATE_CLIENT; role <= TCPSTATE_SERVER; role++) {
        const unsigned side = tcpstate_connection_side(core, (enum tcpstate_role)role);
        ends.address[role] = pair_key_address(key, side);
        ends.port[role] = key->port[side];
    }
    return ends;
}

/* Writes a connection's row, if it is wanted; or has the writer measure it. */
static void
put_row(struct run *run, const struct connection *connection,
        void (*put)(struct writer *, const struct tcpstate_row *))
{
    const struct ends ends = ends_of(connection);
    struct tcpstate_row row;
    struct ends_text text;
    judge_row(&run->judge, connection, &row);
    if (!selection_takes(&run->options.selection, &row, &ends))
        return;
    ends_put(&ends, &row, &text);
    put(&run->writer, &row);
}

static void
put_over(const struct connection *connection, void *data)
{
    struct run *run = (struct run *)data;
    progress_end(&run->progress);
    put_row(run, connection, writer_row);
}

static void
put_all(struct run *run)
{
    if (run->judge.stream) {
        stream_finish(&run->judge);
        return;
    }
    if (run->options.format == FORMAT_TABLE)
        for (uint32_t i = 0; i < run->judge.count; i++)
            put_row(run, (const struct connection *)pool_at(&run->judge.connections, i),
                    writer_measure);
    for (uint32_t i = 0; i < run->judge.count; i++)
        put_row(run, (const struct connection *)pool_at(&run->judge.connections, i), writer_row);
}

static void
take_frame(struct run *run, struct frame *frame)
{
    struct walked walked;
    frame->verify = run->options.checksums;
    judge_time(&run->judge, frame->time);
    if (!frame->octets)
        return;
    const enum walk_result result = walk(frame, &walked);
    run->results[result]++;
    if (result == WALK_SEGMENT || result == WALK_REFUSAL)
        judge_segment(&run->judge, &walked, result == WALK_REFUSAL);
}

static void
read_file(struct run *run, const char *name)
{
    struct frame frame;
    bool damaged = false;
    if (!source_open(&run->source, name)) {
        run->damaged = true;
        return;
    }
    while (!stopped && source_next(&run->source, &frame, &damaged)) {
        take_frame(run, &frame);
        if (frame.number % FRAMES_PER_LOOK == 0)
            progress_show(&run->progress, &run->source);
    }
    run->damaged |= damaged;
    run->progress.done += source_position(&run->source);
    source_close(&run->source);
}

/* Says what was not read, and who can. */
static void
say_unwalked(const struct run *run)
{
    static const char *const texts[WALK_COUNT] = {
#define UNWALKED(name, text) [WALK_##name] = text,
#include "unwalked.def"
#undef UNWALKED
    };
    uint64_t sum = 0;
    for (int i = 0; i < WALK_COUNT; i++)
        if (texts[i])
            sum += run->results[i];
    if (sum == 0)
        return;
    g_printerr("tcpstate: %" G_GUINT64_FORMAT " of %u frames were not looked into:", sum,
               run->source.frames);
    const char *between = " ";
    for (int i = 0; i < WALK_COUNT; i++) {
        if (!texts[i] || run->results[i] == 0)
            continue;
        g_printerr("%s%" G_GUINT64_FORMAT " %s", between, run->results[i], texts[i]);
        between = "; ";
    }
    g_printerr(
        ".\ntcpstate: For those use tshark with the plugin: tshark -q -z tcpstate,log -r FILE\n");
}

static void
say_end(const struct run *run)
{
    if (stopped)
        g_printerr("tcpstate: stopped after frame %u: what is printed is of the frames so far\n",
                   run->source.frames);
    say_unwalked(run);
    if (run->judge.stream && run->stream.resumed)
        g_printerr("tcpstate: %" G_GUINT64_FORMAT " connections may go on one that was forgotten; "
                   "without --stream they would be one\n",
                   run->stream.resumed);
    if (run->judge.count == 0 && !run->damaged)
        g_printerr("tcpstate: there is no TCP in %u frames\n", run->source.frames);
}

static void
begin(struct run *run)
{
    const struct options *options = &run->options;
    source_init(&run->source);
    run->source.stopped = &stopped;
    run->writer =
        (struct writer){.format = options->format, .time = options->time, .flush = options->follow};
    writer_begin(&run->writer);
    run->judge.settings = settings_of(&options->settings);
    run->judge.shard = options->shard;
    run->judge.shards = options->shards;
    if (options->stream || options->follow) {
        stream_init(&run->stream);
        run->stream.patience = options->patience * INT64_C(1000000000);
        run->stream.over = put_over;
        run->stream.data = run;
        run->judge.stream = &run->stream;
    }
    judge_init(&run->judge, !options->vlans_mixed);
    run->progress.wanted = !options->quiet && !options->follow;
    progress_begin(&run->progress, options->files);
    listen_to_signals();
}

static enum status
status_of(const struct run *run)
{
    if (stopped)
        return STATUS_STOPPED;
    if (run->damaged)
        return STATUS_DAMAGED;
    return run->writer.rows ? STATUS_FOUND : STATUS_NOTHING;
}

int
main(int argc, char **argv)
{
    struct run run = {0};
    if (!options_read(&run.options, argc, argv))
        return STATUS_DAMAGED;
    begin(&run);
    for (char **file = run.options.files; *file && !stopped; file++)
        read_file(&run, *file);
    progress_end(&run.progress);
    put_all(&run);
    run.damaged |= !writer_end(&run.writer);
    say_end(&run);
    judge_clear(&run.judge);
    stream_clear(&run.stream);
    source_free(&run.source);
    selection_clear(&run.options.selection);
    g_strfreev(run.options.files);
    return (int)status_of(&run);
}
