/* Three neighbours, all of each other, that would take capacity away at about the same time.
 *
 * Abstracts
 *   Agent      mesh/precedence.cpp (ask, answer, hear, settle); what it is let do begins later, as
 *              a superstep of the executor does
 *   go, no     WORD: `go`, and `wait` or `mine`, which are the same to whoever asked
 *   number     that ties an answer to a question: of a closed one nothing is made
 *
 * Proves
 *   - of two neighbours never both take capacity away;
 *   - somebody always goes: whatever the order, not all are held up by each other;
 *   - nobody waits for ever (no end but the end).
 *
 * Each way keeps the order and loses nothing, and the deadline is never met: what is lost lets both
 * go, as it should. Who is held up asks again at any time, and gives up when its patience ends.
 *
 * Left out: who is proving (it says no to its callers, and takes nothing), expiry.
 *
 * Bounds: three agents, two questions each, one remedy each.
 *
 * Must fail: -DNO_GIVING_WAY (who lets a lower name go leaves its own question open), -DNO_LEAVE
 * (who was let go says so once it has begun, and not before), -DFIRST_COME (who has let one go
 * before it asked itself is held up, whatever the names are).
 */

#define AGENTS 3
#define QUESTIONS 2

mtype = { INTEND, GO, NO };
chan way[9] = [4] of { mtype, byte }; /* From the row to the column. */
#define to(from, other) way[(from) * AGENTS + (other)]

bool is_taking[AGENTS];
bool is_let_go[AGENTS];
bool is_asking[AGENTS];
bool is_held_up[AGENTS];
byte number[AGENTS];
byte answers[AGENTS]; /* A bit for each who has let it go. */
byte gone, ended;

#define both(a, b) (is_taking[a] && is_taking[b])

inline settle(me) {
    if
    :: is_asking[me] && is_held_up[me] -> is_asking[me] = false
    :: is_asking[me] && !is_held_up[me] && answers[me] == (7 & ~(1 << me)) ->
        is_asking[me] = false;
        is_let_go[me] = true
    :: else -> skip
    fi
}

#ifdef FIRST_COME
#define goes_first(me, from) (((answers[me] >> (from)) & 1) || me < from)
#else
#define goes_first(me, from) (me < from)
#endif
#ifdef NO_LEAVE
#define is_in_the_way(me) is_taking[me]
#else
#define is_in_the_way(me) (is_taking[me] || is_let_go[me])
#endif

/* What has come from one neighbour. */
inline hear(me, from) {
    if
    :: to(from, me)?INTEND(given) ->
        if
        :: is_in_the_way(me) || (is_asking[me] && goes_first(me, from)) -> to(me, from)!NO(given)
        :: else ->
#ifndef NO_GIVING_WAY
            is_held_up[me] = is_held_up[me] || is_asking[me];
            settle(me);
#endif
            to(me, from)!GO(given)
        fi
    :: to(from, me)?GO(given) ->
        if
        :: is_asking[me] && given == number[me] ->
            answers[me] = answers[me] | (1 << from);
            settle(me)
        :: else -> skip
        fi
    :: to(from, me)?NO(given) ->
        if
        :: is_asking[me] && given == number[me] ->
            is_held_up[me] = true;
            settle(me)
        :: else -> skip
        fi
    fi;
    given = 0
}

active [AGENTS] proctype Agent() {
    byte me = _pid;
    byte given;
    bool is_done;
    do
    :: d_step { !is_done && !is_asking[me] && !is_let_go[me] && !is_taking[me] &&
                number[me] < QUESTIONS ->
        number[me]++;
        answers[me] = 0;
        is_held_up[me] = false;
        is_asking[me] = true;
        to(me, (me + 1) % AGENTS)!INTEND(number[me]);
        to(me, (me + 2) % AGENTS)!INTEND(number[me])
    }
    :: atomic { is_let_go[me] ->
        is_let_go[me] = false;
        is_taking[me] = true;
        gone++;
        assert(!both(0, 1) && !both(0, 2) && !both(1, 2))
    }
    :: atomic { is_taking[me] -> is_taking[me] = false; is_done = true; ended++ }
    /* Its patience is over: no more of it here. */
    :: atomic { !is_done && !is_asking[me] && !is_let_go[me] && !is_taking[me] &&
                number[me] == QUESTIONS -> is_done = true; ended++ }
    :: atomic { len(to((me + 1) % AGENTS, me)) > 0 -> hear(me, (me + 1) % AGENTS) }
    :: atomic { len(to((me + 2) % AGENTS, me)) > 0 -> hear(me, (me + 2) % AGENTS) }
    :: ended == AGENTS && len(to((me + 1) % AGENTS, me)) == 0 &&
       len(to((me + 2) % AGENTS, me)) == 0 -> break
    od;
    assert(gone > 0)
}
