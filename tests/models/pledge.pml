/* A pledge between two neighbours: a caller goes into a reduced mode, and its struggling callee
 * counts on it.
 *
 * Abstracts
 *   Caller     mesh/provider.cpp, mesh/provider_promise.cpp (ask_callee, hear, begin, leave,
 *              end_promise); after a restart Found: the mode is in the data plane, the promise not
 *   Callee     mesh/relier.cpp: OFFER, RENEW, ACCEPT, RELEASE, REVOKE, and the end of its need or of
 *              its life; reliance_for (mesh/limits.hpp)
 *   pledge     the number that an OFFER carries; a later one of the callee is larger, in each life
 *   turn       of a RENEW; 0 is the OFFER itself
 *
 * Proves
 *   - while the callee counts on the mode the caller is in it;
 *   - when the clock stops the caller is out of it, whatever was lost: no pledge is for ever.
 *
 * Both ways lose, reorder and repeat messages. The caller is killed once at any point and starts
 * again without memory. A clock may be one tick off, which is the margin.
 *
 * Left out: terms, capacity (capacity.pml), signatures, who is sick himself.
 *
 * Bounds: two pledges of which each is asked for again once, one death, nine ticks with promises of
 * three.
 *
 * Replayed: mesh_replay.py holds what agents did in simulated worlds against it, with -DREPLAY and
 * the events of one route. A tick is a hundredth of a promise there, and a clock may be EARLY ticks
 * ahead, or LATE behind.
 *
 * Must fail: -DFROM_ASKING (the caller's time runs from its question, not from when the mode was
 * read back), -DFROM_ANSWER (the callee's runs from the ACCEPT, not from its own question),
 * -DANY_PLEDGE (an ACCEPT of an earlier pledge counts), -DANY_TURN (one of an earlier turn does),
 * -DLEAVES_UNANSWERED (the caller leaves without hearing that nobody counts on it),
 * -DRESTART_RESTORES (a new process ends the mode that it finds), -DNO_MARGIN (the callee counts on
 * the whole time).
 */

#ifndef TTL
#define TTL 3
#define HORIZON 9
#define PLEDGES 2
#define TURNS 1
#define DEATHS 1
#define EARLY 1
#define MARGIN 1
#define LATE 0
#endif
#ifdef NO_MARGIN
#define RELIANCE TTL
#else
#define RELIANCE (TTL - MARGIN)
#endif

#ifdef REPLAY
#define TIME short
#define MAY_SAY_AGAIN true
#else
#define TIME byte
#define MAY_SAY_AGAIN false
#endif

mtype = { CFP, OFFER, RENEW, ACCEPT, RELEASE, REVOKE };
chan to_callee = [3] of { mtype, byte, byte };
chan to_caller = [3] of { mtype, byte, byte };
TIME now;

/* The caller. */
bool is_reduced, is_leaving;
TIME until, asked_at;
byte held, turn;            /* What it promised; 0: it does not know. */
byte last;                  /* The largest pledge that it has heard of. */
byte asked, died;

/* The callee. */
bool is_relying;
byte offered, renewed;      /* Its last question: a pledge, and a turn of it. */
TIME counts_until;          /* An answer to that counts until then; 0: none does. */
TIME relying_until;

#define relies (is_relying && now < relying_until)

/* What can be seen of a step, told in front of what it changes: an agent that does what was not
 * seen goes no further. */
#define PASSES_TIME 1
#define ASKS 2
#define ENTERS 3            /* Pledge and turn; an OFFER or RENEW was heard. */
#define RELEASES 4
#define LEAVES 5
#define DIES 6
#define OFFERS 7
#define RENEWS 8
#define RELIES 9
#define STOPS 10            /* The callee counts on nothing, for whatever reason. */
#define REVOKES 11
#ifdef REPLAY
#include "replay.pml"
#define proves(what) skip   /* A history may have more deaths than the proof. */
#else
#define tell(kind, one, other) skip
#define proves(what) assert(what)
#endif
#define is_honest proves(!relies || is_reduced)

/* What is not sent is lost. */
#define say(way, kind, pledge, turn) if :: nfull(way) -> way!kind,pledge,turn :: skip fi

#ifdef REPLAY
active proctype Clock() {
    do
    :: atomic { is_next(PASSES_TIME) && !(is_relying && seen_one > relying_until + LATE) ->
           now = seen_one; tell(PASSES_TIME, now, 0) }
    od
}
active proctype Network() {
    do
    :: to_callee?_,_,_
    :: to_caller?_,_,_
    od
}
#else
active proctype Clock() {
    do
    :: atomic { now < HORIZON -> now++; is_honest }
    :: now >= HORIZON -> break
    od
}
#endif

active proctype Caller() {
    byte number, again;
    do
    :: atomic { now < HORIZON - TTL - 1 && !is_reduced && asked < PLEDGES ->
           tell(ASKS, 0, 0);
           asked++; asked_at = now; say(to_callee, CFP, 0, 0) }
    :: atomic { to_caller??[OFFER, number, again] && now < HORIZON - TTL ->
           to_caller??OFFER,number,again;
           if
           :: number > last ->
               tell(ENTERS, number, 0);
               last = number; held = number; turn = 0; is_reduced = true; is_leaving = false;
#ifdef FROM_ASKING
               until = asked_at + TTL;
#else
               until = now + TTL;
#endif
               say(to_callee, ACCEPT, held, turn)
           :: else -> skip
           fi;
           number = 0 }
    :: atomic { to_caller??[RENEW, number, again] && now < HORIZON - TTL ->
           to_caller??RENEW,number,again;
           if
           :: is_reduced && !is_leaving && number == held && again > turn ->
               tell(ENTERS, number, again);
               turn = again; until = now + TTL;
               say(to_callee, ACCEPT, held, turn)
           :: else -> skip
           fi;
           number = 0; again = 0 }
    /* Said again, unless it is not known what was promised. */
    :: atomic { is_reduced && held != 0 && nfull(to_callee) -> to_callee!ACCEPT,held,turn }
    :: atomic { is_reduced && held != 0 && (!is_leaving || MAY_SAY_AGAIN) ->
           tell(RELEASES, held, 0);
           is_leaving = true; say(to_callee, RELEASE, held, 0)
#ifdef LEAVES_UNANSWERED
           ; is_reduced = false; is_honest
#endif
       }
    :: atomic { to_caller??[REVOKE, number, again] -> to_caller??REVOKE,number,again;
           if
           :: is_reduced && number == held ->
               tell(LEAVES, 0, 0); is_reduced = false; is_honest
           :: else -> skip
           fi;
           number = 0 }
    :: atomic { is_reduced && now + EARLY >= until ->    /* Or early. */
           tell(LEAVES, 0, 0); is_reduced = false; is_honest }
    :: atomic { died < DEATHS && is_reduced && now < HORIZON - TTL - 1 ->
           tell(DIES, 0, 0);
           died++; is_leaving = false; held = 0; turn = 0;
#ifdef RESTART_RESTORES
           is_reduced = false; until = 0; is_honest
#else
           until = now + TTL
#endif
       }
    :: now >= HORIZON && !is_reduced -> break
    od;
    assert(!relies)
}

inline stop() {
    is_relying = false; relying_until = 0; counts_until = 0
}

active proctype Callee() {
    byte number, again;
    do
    :: atomic { to_callee??[CFP, number, again] && offered < PLEDGES ->
           to_callee??CFP,number,again;
           tell(OFFERS, offered + 1, 0);
           stop(); offered++; renewed = 0; counts_until = now + RELIANCE;
           say(to_caller, OFFER, offered, 0) }
    :: atomic { is_relying && now < relying_until + LATE && renewed < TURNS ->
           tell(RENEWS, offered, renewed + 1);
           renewed++; counts_until = now + RELIANCE;
           say(to_caller, RENEW, offered, renewed) }
    :: atomic { to_callee??[ACCEPT, number, again] -> to_callee??ACCEPT,number,again;
           if
#ifdef ANY_PLEDGE
           :: now < counts_until + LATE ->
#elif defined(ANY_TURN)
           :: number == offered && now < counts_until + LATE ->
#else
           :: number == offered && again == renewed && now < counts_until + LATE ->
#endif
               tell(RELIES, number, again);
               is_relying = true;
#ifdef FROM_ANSWER
               relying_until = now + RELIANCE
#else
               relying_until = counts_until
#endif
           :: else -> skip
           fi;
           number = 0; again = 0;
           is_honest }
    :: atomic { to_callee??[RELEASE, number, again] -> to_callee??RELEASE,number,again;
           tell(REVOKES, number, 0);
           if
           :: number == offered -> stop()
           :: else -> skip
           fi;
           say(to_caller, REVOKE, number, 0);
           number = 0 }
    :: atomic { is_relying ->    /* No need any more. */
           tell(REVOKES, offered, 0);
           stop(); say(to_caller, REVOKE, offered, 0) }
    :: atomic { is_relying ->    /* Its time is over, or it dies. */
           tell(STOPS, 0, 0); stop() }
    :: now >= HORIZON -> break
    od
}
