/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The state diagram: each edge of RFC 9293 figure 5, and those of section 3.10.7.4 that the figure
 * hides, one test each; and that no other stimulus moves an endpoint.
 */
#include "unit.h"

#include "fsm.h"

/* clang-format off */

/*   state         stimulus         leads to         because (RFC 9293) */
#define EDGES(X) \
    X(UNKNOWN,      SND_SYN,         SYN_SENT)     /* its SYN proves its state, whatever was before */ \
    X(UNKNOWN,      SND_SYN_ACK,     SYN_RECEIVED) /* likewise */ \
    X(UNKNOWN,      SND_RST,         CLOSED)       /* 3.10.7.1: a closed connection answers with RST */ \
    X(CLOSED,       SND_SYN,         SYN_SENT)     /* figure 5: active OPEN */ \
    X(CLOSED,       SND_SYN_ACK,     SYN_RECEIVED) /* a listener answered that was not assumed */ \
    X(LISTEN,       SND_SYN,         SYN_SENT)     /* figure 5: SEND */ \
    X(LISTEN,       SND_SYN_ACK,     SYN_RECEIVED) /* figure 5: rcv SYN, snd SYN,ACK */ \
    X(LISTEN,       SND_RST,         CLOSED)       /* 3.10.7.1: there was no listener */ \
    X(SYN_SENT,     SND_SYN_ACK,     SYN_RECEIVED) /* figure 5: rcv SYN, snd SYN,ACK */ \
    X(SYN_SENT,     RCV_SYN,         SYN_RECEIVED) /* 3.10.7.3, fourth */ \
    X(SYN_SENT,     RCV_SYN_ACK,     ESTABLISHED)  /* 3.10.7.3, fourth */ \
    X(SYN_SENT,     SND_RST,         CLOSED)       /* 3.10.5 */ \
    X(SYN_SENT,     RCV_RST,         CLOSED)       /* 3.10.7.3, second */ \
    X(SYN_SENT,     RCV_RST_PASSIVE, CLOSED)       \
    X(SYN_RECEIVED, RCV_SYN_ACK,     ESTABLISHED)  /* figure 7 */ \
    X(SYN_RECEIVED, RCV_ACK_OF_SYN,  ESTABLISHED)  /* 3.10.7.4, fifth */ \
    X(SYN_RECEIVED, SND_FIN,         FIN_WAIT_1)   /* 3.10.4 */ \
    X(SYN_RECEIVED, SND_RST,         CLOSED)       /* 3.10.5 */ \
    X(SYN_RECEIVED, RCV_RST,         CLOSED)       /* 3.10.7.4, second: active OPEN */ \
    X(SYN_RECEIVED, RCV_RST_PASSIVE, LISTEN)       /* 3.10.7.4, second: passive OPEN */ \
    X(ESTABLISHED,  SND_FIN,         FIN_WAIT_1)   /* 3.10.4 */ \
    X(ESTABLISHED,  RCV_FIN,         CLOSE_WAIT)   /* 3.10.7.4, eighth */ \
    X(ESTABLISHED,  SND_RST,         CLOSED)       \
    X(ESTABLISHED,  RCV_RST,         CLOSED)       \
    X(ESTABLISHED,  RCV_RST_PASSIVE, CLOSED)       \
    X(FIN_WAIT_1,   RCV_ACK_OF_FIN,  FIN_WAIT_2)   /* 3.10.7.4, fifth */ \
    X(FIN_WAIT_1,   RCV_FIN,         CLOSING)      /* 3.10.7.4, eighth: ours not acknowledged */ \
    X(FIN_WAIT_1,   SND_RST,         CLOSED)       \
    X(FIN_WAIT_1,   RCV_RST,         CLOSED)       \
    X(FIN_WAIT_1,   RCV_RST_PASSIVE, CLOSED)       \
    X(FIN_WAIT_2,   RCV_FIN,         TIME_WAIT)    /* 3.10.7.4, eighth */ \
    X(FIN_WAIT_2,   SND_RST,         CLOSED)       \
    X(FIN_WAIT_2,   RCV_RST,         CLOSED)       \
    X(FIN_WAIT_2,   RCV_RST_PASSIVE, CLOSED)       \
    X(CLOSE_WAIT,   SND_FIN,         LAST_ACK)     /* 3.10.4 */ \
    X(CLOSE_WAIT,   SND_RST,         CLOSED)       \
    X(CLOSE_WAIT,   RCV_RST,         CLOSED)       \
    X(CLOSE_WAIT,   RCV_RST_PASSIVE, CLOSED)       \
    X(CLOSING,      RCV_ACK_OF_FIN,  TIME_WAIT)    /* 3.10.7.4, fifth */ \
    X(CLOSING,      SND_RST,         CLOSED)       \
    X(CLOSING,      RCV_RST,         CLOSED)       \
    X(CLOSING,      RCV_RST_PASSIVE, CLOSED)       \
    X(LAST_ACK,     RCV_ACK_OF_FIN,  CLOSED)       /* 3.10.7.4, fifth */ \
    X(LAST_ACK,     SND_RST,         CLOSED)       \
    X(LAST_ACK,     RCV_RST,         CLOSED)       \
    X(LAST_ACK,     RCV_RST_PASSIVE, CLOSED)       \
    X(TIME_WAIT,    TIMEOUT_2MSL,    CLOSED)       /* 3.10.8 */ \
    X(TIME_WAIT,    SND_RST,         CLOSED)       \
    X(TIME_WAIT,    RCV_RST,         CLOSED)       /* RFC 1337 */ \
    X(TIME_WAIT,    RCV_RST_PASSIVE, CLOSED)

/* clang-format on */

#define X(state, stimulus, to)                                                                     \
    static void test_##state##_##stimulus(void **unused)                                           \
    {                                                                                              \
        (void)unused;                                                                              \
        assert_int_equal(tcpstate_edge(TCPSTATE_PHASE_##state, TCPSTATE_STIMULUS_##stimulus),      \
                         TCPSTATE_PHASE_##to);                                                     \
    }
EDGES(X)
#undef X

/* Every cell that is not in the list leaves the state alone. */
static void
test_no_other_edge_moves(void **unused)
{
    bool listed[TCPSTATE_PHASE_COUNT][TCPSTATE_STIMULUS_COUNT] = {{false}};

    (void)unused;
#define X(state, stimulus, to) listed[TCPSTATE_PHASE_##state][TCPSTATE_STIMULUS_##stimulus] = true;
    EDGES(X)
#undef X
    for (unsigned phase = 0; phase < TCPSTATE_PHASE_COUNT; phase++) {
        for (unsigned stimulus = 0; stimulus < TCPSTATE_STIMULUS_COUNT; stimulus++) {
            enum tcpstate_phase to =
                tcpstate_edge((enum tcpstate_phase)phase, (enum tcpstate_stimulus)stimulus);

            if (!listed[phase][stimulus] && to != TCPSTATE_NO_EDGE)
                assert_int_equal(to, phase);
        }
    }
}

/* Every state but UNKNOWN can be left and be reached. */
static void
test_every_state_is_connected(void **unused)
{
    bool left[TCPSTATE_PHASE_COUNT] = {false}, reached[TCPSTATE_PHASE_COUNT] = {false};

    (void)unused;
#define X(state, stimulus, to)                                                                     \
    left[TCPSTATE_PHASE_##state] = true;                                                           \
    reached[TCPSTATE_PHASE_##to] = true;
    EDGES(X)
#undef X
    for (unsigned phase = TCPSTATE_PHASE_UNKNOWN + 1; phase < TCPSTATE_PHASE_COUNT; phase++)
        assert_true(left[phase] && reached[phase]);
}

static void
test_out_of_range(void **unused)
{
    (void)unused;
    assert_int_equal(tcpstate_edge(TCPSTATE_PHASE_COUNT, TCPSTATE_STIMULUS_SND_SYN),
                     TCPSTATE_NO_EDGE);
    assert_int_equal(tcpstate_edge(TCPSTATE_PHASE_LISTEN, TCPSTATE_STIMULUS_COUNT),
                     TCPSTATE_NO_EDGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define X(state, stimulus, to) cmocka_unit_test(test_##state##_##stimulus),
        EDGES(X)
#undef X
            cmocka_unit_test(test_no_other_edge_moves),
        cmocka_unit_test(test_every_state_is_connected),
        cmocka_unit_test(test_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
