/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A host with libslirp's TCP, which is 4.4BSD's.
 *
 * libslirp's connections end in sockets of the machine. Its applications are such sockets on the
 * loopback of a network namespace of this process alone: a listener waits there, and a connection
 * is begun at a forwarded port.
 */
#define _GNU_SOURCE
#include "../host.h"
#include "slirp.h"
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#define FIRST_FORWARDED 30000
#define NEVER 3600000 /* milliseconds */
#define TURNS 40      /* of stack and applications, at most, until both have nothing to do */
#define ENOUGH 3      /* turns in a row without anything done */

/* In the order of TCPS_*. */
static const char *const names[] = {"CLOSED",      "CLOSED",     "SYN_SENT",   "SYN_RECEIVED",
                                    "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING",
                                    "LAST_ACK",    "FIN_WAIT_2", "TIME_WAIT"};
static const uint8_t guest[6] = {0x52, 0x55, 0, 0, 0, 9}; /* link-layer address of the peer */
static Slirp *slirp;
static struct in_addr own, peer;
static uint32_t timeout; /* milliseconds */

/* libslirp uses the memory of a socket again: its initial sequence number tells it apart. */
static struct {
    const struct socket *socket;
    tcp_seq iss;
} known[1024];
static int known_count;

static struct {
    uint8_t frame[64];
} replies[16]; /* to ARP, given to libslirp when it is done sending */
static size_t reply_count;

static struct pollfd polled[256];
static int polled_count;

static int
life_of(const struct socket *so)
{
    tcp_seq iss = so->so_tcpcb->iss;

    for (int i = 0; i < known_count; i++) {
        if (known[i].socket == so && (known[i].iss == iss || known[i].iss == 0)) {
            known[i].iss = iss;
            return i;
        }
    }
    known[known_count].socket = so;
    known[known_count++].iss = iss;
    return life_begins(ntohs(so->so_fport), ntohs(so->so_lport));
}

void
stack_states(void)
{
    for (struct socket *so = slirp->tcb.so_next; so != &slirp->tcb; so = so->so_next)
        if (so->so_tcpcb && !(so->so_state & SS_FACCEPTCONN) && so->so_tcpcb->t_state > TCPS_LISTEN)
            life_is(life_of(so), names[so->so_tcpcb->t_state]);
    lives_told();
}

/* Answers who has the peer's address (RFC 826). */
static void
answer_arp(const uint8_t *frame)
{
    uint8_t *reply = replies[reply_count++ % G_N_ELEMENTS(replies)].frame;

    memcpy(reply, frame + 6, 6);
    memcpy(reply + 6, guest, 6);
    memcpy(reply + 12, frame + 12, 8);
    reply[20] = 0;
    reply[21] = 2;
    memcpy(reply + 22, guest, 6);
    memcpy(reply + 28, frame + 38, 4);
    memcpy(reply + 32, frame + 22, 10);
}

static ssize_t
send_frame(const void *octets, size_t size, void *context)
{
    const uint8_t *frame = octets;

    (void)context;
    if (size >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 1)
        answer_arp(frame);
    else if (size >= 34 && frame[12] == 8 && frame[13] == 0)
        host_sends(frame + 14, (size_t)frame[16] << 8 | frame[17]);
    return (ssize_t)size;
}

static void
ignore_message(const char *message, void *context)
{
    (void)message, (void)context;
}

static int64_t
nanoseconds(void *context)
{
    (void)context;
    return now * 1000;
}

static void *
timer_new(SlirpTimerCb callback, void *argument, void *context)
{
    (void)callback, (void)argument, (void)context;
    return g_malloc0(1);
}

static void
timer_free(void *timer, void *context)
{
    (void)context;
    g_free(timer);
}

static void
timer_mod(void *timer, int64_t expiry, void *context)
{
    (void)timer, (void)expiry, (void)context;
}

static void
ignore_descriptor(int fd, void *context)
{
    (void)fd, (void)context;
}

static void
ignore_notice(void *context)
{
    (void)context;
}

static const SlirpCb callbacks = {
    .send_packet = send_frame,
    .guest_error = ignore_message,
    .clock_get_ns = nanoseconds,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = ignore_descriptor,
    .unregister_poll_fd = ignore_descriptor,
    .notify = ignore_notice,
};

/* libslirp's words for what poll() reports. */
static const struct {
    int slirp;
    short poll;
} words[] = {{SLIRP_POLL_IN, POLLIN},
             {SLIRP_POLL_OUT, POLLOUT},
             {SLIRP_POLL_PRI, POLLPRI},
             {SLIRP_POLL_ERR, POLLERR},
             {SLIRP_POLL_HUP, POLLHUP}};

static int
add_descriptor(int fd, int events, void *context)
{
    struct pollfd *added = &polled[polled_count];

    (void)context;
    *added = (struct pollfd){.fd = fd};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (events & words[i].slirp)
            added->events |= words[i].poll;
    return polled_count++;
}

static int
reported(int place, void *context)
{
    int events = 0;

    (void)context;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (polled[place].revents & words[i].poll)
            events |= words[i].slirp;
    return events;
}

/* The stack does what its sockets and timers ask for. */
static void
turn(void)
{
    timeout = NEVER;
    polled_count = 0;
    slirp_pollfds_fill(slirp, &timeout, add_descriptor, NULL);
    poll(polled, (nfds_t)polled_count, 0);
    slirp_pollfds_poll(slirp, 0, reported, NULL);
    for (size_t i = 0; i < reply_count; i++)
        slirp_input(slirp, replies[i].frame, sizeof replies[i].frame);
    reply_count = 0;
}

static bool
accept_all(struct application *listener)
{
    bool did = false;
    int fd;

    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        application_accepted(listener)->fd = fd;
        did = true;
    }
    return did;
}

/* Lets an application send, read and close what it can; returns whether it did anything. */
static bool
act(struct application *application)
{
    static char text[65536];
    bool did = false;
    ssize_t size;

    while (application->unsent > 0 &&
           (size = send(application->fd, text, MIN((size_t)application->unsent, sizeof text),
                        MSG_NOSIGNAL)) > 0) {
        application->unsent -= size;
        did = true;
    }
    while (!application->held && recv(application->fd, text, sizeof text, 0) > 0)
        did = true;
    if (application->unsent || !(application->close || application->half_close))
        return did;
    if (application->close)
        close(application->fd);
    else
        shutdown(application->fd, SHUT_WR);
    application->fd = application->close ? -1 : application->fd;
    application->half_close = false;
    return true;
}

static bool
applications_act(void)
{
    struct application *application;
    bool did = false;

    for (size_t i = 0; (application = application_at(i)); i++)
        if (application->fd >= 0)
            did |= application->listens ? accept_all(application) : act(application);
    return did;
}

static int
bound_socket(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        perror("bind");
    return fd;
}

static void
call_connect(const struct call *call, struct application *application)
{
    static uint16_t forwarded = FIRST_FORWARDED;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(forwarded)};

    application->fd = bound_socket(call->argument[0]);
    if (slirp_add_hostfwd(slirp, 0, address.sin_addr, forwarded++, peer,
                          (int)strtol(call->argument[1], NULL, 10)) < 0 ||
        (connect(application->fd, (struct sockaddr *)&address, sizeof address) < 0 &&
         errno != EINPROGRESS))
        host_tells(application->name, "failed");
}

static void
call_abort(struct application *application)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(application->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(application->fd);
    application->fd = -1;
}

/* Keepalive is libslirp's own, for all its connections or none (so_options), and off. */
void
stack_call(const struct call *call, struct application *application)
{
    if (strcmp(call->verb, "listen") == 0) {
        application->fd = bound_socket(call->argument[0]);
        application->listens = true;
        listen(application->fd, 16);
    } else if (strcmp(call->verb, "connect") == 0) {
        call_connect(call, application);
    } else if (application->fd < 0) {
        host_tells(application->name, "no-socket");
    } else if (strcmp(call->verb, "send") == 0) {
        application->unsent += strtol(call->argument[0], NULL, 10);
    } else if (strcmp(call->verb, "shutdown") == 0) {
        application->half_close = true;
    } else if (strcmp(call->verb, "close") == 0) {
        application->close = true;
    } else if (strcmp(call->verb, "abort") == 0) {
        call_abort(application);
    } else if (strcmp(call->verb, "hold") == 0 || strcmp(call->verb, "take") == 0) {
        application->held = call->verb[0] == 'h';
    }
}

/* A network of our own, in which nothing is but a loopback. */
static void
enter_namespace(void)
{
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd;

    if (unshare(CLONE_NEWNET | (geteuid() ? CLONE_NEWUSER : 0)) < 0) {
        perror("unshare");
        exit(2);
    }
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(fd, SIOCSIFFLAGS, &loopback) < 0) {
        perror("lo");
        exit(2);
    }
    close(fd);
}

/* Tells libslirp the peer's link-layer address before it asks. */
static void
announce_peer(void)
{
    uint8_t arp[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    memcpy(arp + 6, guest, 6);
    memcpy(arp + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
    memcpy(arp + 22, guest, 6);
    memcpy(arp + 28, &peer, 4);
    memcpy(arp + 38, &peer, 4);
    slirp_input(slirp, arp, sizeof arp);
}

void
stack_begin(const char *address, const char *of_peer, uint32_t seed)
{
    SlirpConfig config = {
        .version = 4, .in_enabled = true, .disable_dns = true, .disable_dhcp = true};

    signal(SIGPIPE, SIG_IGN);
    enter_namespace();
    inet_aton(address, &own);
    inet_aton(of_peer, &peer);
    inet_aton("255.255.255.0", &config.vnetmask);
    config.vhost = own;
    config.vnetwork.s_addr = own.s_addr & config.vnetmask.s_addr;
    config.vnameserver.s_addr = config.vnetwork.s_addr | htonl(3);
    config.vdhcp_start.s_addr = config.vnetwork.s_addr | htonl(15);
    slirp = slirp_new(&config, &callbacks, NULL);
    slirp->tcp_iss = (tcp_seq)seed * 2654435761u;
    announce_peer();
}

void
stack_clock(void)
{
    /* Its timers run with the rest of a turn. */
}

void
stack_packet(const uint8_t *packet, size_t size)
{
    static uint8_t frame[16384] = {0x52, 0x55};

    memcpy(frame + 2, &own, 4);
    memcpy(frame + 6, guest, 6);
    frame[12] = 8;
    frame[13] = 0;
    memcpy(frame + 14, packet, MIN(size, sizeof frame - 14));
    slirp_input(slirp, frame, (int)size + 14);
    stack_states();
}

void
stack_settle(void)
{
    for (int turns = 0, idle = 0; turns < TURNS && idle < ENOUGH; turns++) {
        turn();
        stack_states();
        idle = applications_act() ? 0 : idle + 1;
    }
}

/* When its timers are due, in microseconds; -1 if none is. */
int64_t
stack_wake(void)
{
    return timeout < NEVER ? now + MAX(timeout, 1) * 1000 : -1;
}
