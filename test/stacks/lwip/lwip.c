/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A host with lwIP.
 */
#include "../host.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include <string.h>

#define CHUNK 1000 /* octets given to the stack at a time */

/* In the order of enum tcp_state. */
static const char *const names[] = {"CLOSED",      "LISTEN",     "SYN_SENT",   "SYN_RECEIVED",
                                    "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSE_WAIT",
                                    "CLOSING",     "LAST_ACK",   "TIME_WAIT"};
static uint32_t dice;
static struct netif netif;

u32_t
sys_now(void)
{
    return (u32_t)(now / 1000);
}

unsigned int
host_random(void)
{
    dice = dice * 1103515245u + 12345u;
    return dice >> 1 ^ dice << 15;
}

/* A connection carries its number, plus one, in an argument of ours. */
static void
scan(struct tcp_pcb *pcb)
{
    for (; pcb; pcb = pcb->next) {
        intptr_t life = (intptr_t)tcp_ext_arg_get(pcb, 0);
        if (!life) {
            life = life_begins(pcb->local_port, pcb->remote_port) + 1;
            tcp_ext_arg_set(pcb, 0, (void *)life);
        }
        life_is((int)life - 1, names[pcb->state]);
    }
}

void
stack_states(void)
{
    scan(tcp_active_pcbs);
    scan(tcp_tw_pcbs);
    lives_told();
}

static err_t
output(struct netif *from, struct pbuf *p, const ip4_addr_t *to)
{
    static uint8_t packet[TCP_MSS + 100];

    (void)from, (void)to;
    host_sends(packet, pbuf_copy_partial(p, packet, sizeof packet, 0));
    return ERR_OK;
}

static err_t
link_up(struct netif *link)
{
    link->output = output;
    link->mtu = 1500;
    return ERR_OK;
}

/* What is due once all is sent: close() or shutdown(). */
static void
finish(struct application *application)
{
    struct tcp_pcb *pcb = application->socket;

    if (!pcb || application->unsent)
        return;
    if (application->close) {
        application->socket = NULL;
        if (!application->listens) {
            tcp_recv(pcb, NULL);
            tcp_err(pcb, NULL);
            tcp_sent(pcb, NULL);
            tcp_arg(pcb, NULL);
        }
        tcp_close(pcb);
    } else if (application->half_close) {
        application->half_close = false;
        tcp_shutdown(pcb, 0, 1);
    }
}

static void
push(struct application *application)
{
    static const uint8_t text[CHUNK];

    while (application->socket && application->unsent > 0) {
        u16_t room = tcp_sndbuf((struct tcp_pcb *)application->socket);
        u16_t size = (u16_t)LWIP_MIN(LWIP_MIN(application->unsent, room), CHUNK);
        if (!size || tcp_write(application->socket, text, size, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        application->unsent -= size;
    }
    if (application->socket)
        tcp_output(application->socket);
    finish(application);
}

static err_t
on_text(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct application *application = argument;

    (void)error;
    if (!p) {
        host_tells(application->name, "eof");
        return ERR_OK;
    }
    if (application->held)
        application->unread += p->tot_len;
    else
        tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t
on_sent(void *argument, struct tcp_pcb *pcb, u16_t size)
{
    (void)pcb, (void)size;
    push(argument);
    return ERR_OK;
}

static void
on_error(void *argument, err_t error)
{
    struct application *application = argument;

    application->socket = NULL;
    host_tells(application->name, error == ERR_RST ? "reset" : "aborted");
}

static err_t
on_connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)pcb, (void)error;
    push(argument);
    return ERR_OK;
}

static void
adopt(struct application *application, struct tcp_pcb *pcb)
{
    application->socket = pcb;
    tcp_arg(pcb, application);
    tcp_recv(pcb, on_text);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
}

static err_t
on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    if (error != ERR_OK || !pcb)
        return ERR_VAL;
    adopt(application_accepted(argument), pcb);
    return ERR_OK;
}

static u16_t
port(const char *text)
{
    return (u16_t)strtoul(text, NULL, 10);
}

static void
call_listen(const struct call *call, struct application *application)
{
    struct tcp_pcb *pcb = tcp_new();

    ip_set_option(pcb, SOF_REUSEADDR);
    tcp_bind(pcb, IP_ADDR_ANY, port(call->argument[0]));
    application->socket = tcp_listen(pcb);
    application->listens = true;
    tcp_arg(application->socket, application);
    tcp_accept((struct tcp_pcb *)application->socket, on_accept);
}

static void
call_connect(const struct call *call, struct application *application)
{
    struct tcp_pcb *pcb = tcp_new();
    ip_addr_t peer;

    ip_set_option(pcb, SOF_REUSEADDR);
    adopt(application, pcb);
    ip4addr_aton(call->argument[2], &peer);
    if (tcp_bind(pcb, IP_ADDR_ANY, port(call->argument[0])) != ERR_OK ||
        tcp_connect(pcb, &peer, port(call->argument[1]), on_connected) != ERR_OK) {
        tcp_abandon(pcb, 0);
        application->socket = NULL;
        host_tells(application->name, "failed");
    }
}

/* The application reads again, what it has left unread first. */
static void
call_take(struct application *application)
{
    application->held = false;
    while (application->unread) {
        u16_t size = (u16_t)LWIP_MIN(application->unread, UINT16_MAX);
        tcp_recved(application->socket, size);
        application->unread -= size;
    }
}

static void
call_abort(struct application *application)
{
    struct tcp_pcb *pcb = application->socket;

    application->socket = NULL;
    tcp_err(pcb, NULL);
    tcp_abort(pcb);
}

static void
call_keepalive(const struct call *call, struct tcp_pcb *pcb)
{
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = (u32_t)strtoul(call->argument[0], NULL, 10);
    pcb->keep_intvl = (u32_t)strtoul(call->argument[1], NULL, 10);
    pcb->keep_cnt = (u32_t)strtoul(call->argument[2], NULL, 10);
}

void
stack_call(const struct call *call, struct application *application)
{
    if (strcmp(call->verb, "listen") == 0) {
        call_listen(call, application);
    } else if (strcmp(call->verb, "connect") == 0) {
        call_connect(call, application);
    } else if (!application->socket) {
        host_tells(application->name, "no-socket");
    } else if (strcmp(call->verb, "send") == 0) {
        application->unsent += strtol(call->argument[0], NULL, 10);
        if (((struct tcp_pcb *)application->socket)->state != SYN_SENT)
            push(application);
    } else if (strcmp(call->verb, "shutdown") == 0) {
        application->half_close = true;
        finish(application);
    } else if (strcmp(call->verb, "close") == 0) {
        application->close = true;
        finish(application);
    } else if (strcmp(call->verb, "abort") == 0) {
        call_abort(application);
    } else if (strcmp(call->verb, "hold") == 0) {
        application->held = true;
    } else if (strcmp(call->verb, "take") == 0) {
        call_take(application);
    } else if (strcmp(call->verb, "keepalive") == 0) {
        call_keepalive(call, application->socket);
    }
}

void
stack_begin(const char *address, const char *peer, uint32_t seed)
{
    ip4_addr_t own, mask, gateway;

    dice = seed;
    lwip_init();
    ip4addr_aton(address, &own);
    ip4addr_aton("255.255.255.0", &mask);
    ip4addr_aton(peer, &gateway);
    netif_add(&netif, &own, &mask, &gateway, NULL, link_up, ip_input);
    netif_set_default(&netif);
    netif_set_up(&netif);
    netif_set_link_up(&netif);
}

void
stack_clock(void)
{
    sys_check_timeouts();
}

void
stack_packet(const uint8_t *packet, size_t size)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);

    pbuf_take(p, packet, (u16_t)size);
    if (netif.input(p, &netif) != ERR_OK)
        pbuf_free(p);
}

void
stack_settle(void)
{
    stack_states();
}

/* When its timers are due, in microseconds; -1 if none is. */
int64_t
stack_wake(void)
{
    u32_t wait = sys_timeouts_sleeptime();

    return wait == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? -1 : (now / 1000 + wait) * 1000;
}
