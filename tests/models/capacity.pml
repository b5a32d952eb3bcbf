/* Capacity at a third service: callers send traffic there only within what it has granted.
 *
 * Abstracts
 *   Caller     mesh/provider_promise.cpp (request_capacity, hear a GRANT, keep_grant, end_grant)
 *   Third      mesh/capacity_ledger.cpp: sum of grants, the hold after a restart
 *
 * Proves: traffic that is sent there never exceeds the capacity, in true time.
 *
 * Both ways lose and reorder messages; an answer may be of an earlier question, and a caller asks
 * again while it sends. The third service is killed once at any point and has forgotten its grants.
 *
 * Left out: sizes (each grant is the whole of it; a history has the real ones), the mode that the
 * traffic belongs to (pledge.pml), shares of its own callers, who borrows itself.
 *
 * Bounds: two callers with two questions each, one unit of capacity, seven ticks, grants of three.
 *
 * Replayed: mesh_replay.py holds what agents did in simulated worlds against it, with -DREPLAY and
 * the events at one third service. A tick is a hundredth of a grant there, and a clock may be EARLY
 * ticks ahead, or LATE behind.
 *
 * Must fail: -DNO_GRANT (a caller sends and asks at once), -DFROM_REPLY (its time runs from the
 * answer and not from the question), -DNO_HOLD (a third service that has forgotten its grants
 * grants again at once).
 */

#define CALLERS 2
#ifdef REPLAY
#define TIME short
#define FIRST_CALLER 3          /* After who reads, passes time and loses. */
#else
#define TIME byte
#define FIRST_CALLER 1
#define CAPACITY 1
#define TTL 3
#define HORIZON 7
#define QUESTIONS 2
#define DEATHS 1
#define MARGIN 1
#define EARLY 0
#define LATE 0
#endif
#define RELIANCE (TTL - MARGIN)

mtype = { REQUEST, GRANT };
chan to_third = [3] of { mtype, byte, byte };
chan to_callers = [3] of { mtype, byte, byte };
TIME now;

/* The callers. */
bool sends[CALLERS];
TIME until[CALLERS], asked_at[CALLERS];
byte question[CALLERS];

/* The third service. */
TIME granted_until[CALLERS];
TIME held_until;
byte died;
#define has_grant(who) (granted_until[who] > now + EARLY)
#define sent(who) (sends[who] && now < until[who])
#define is_kept proves(sent(0) + sent(1) <= CAPACITY)

/* What can be seen of a step, told in front of what it changes. */
#define PASSES_TIME 1
#define REQUESTS 2          /* Who, and the number of the question. */
#define TAKES 3
#define ENDS 4
#define GRANTS 5
#define FORGETS 6
#ifdef REPLAY
#include "replay.pml"
#define size_of(who, number) sizes[(who) * 256 + (number)]
short granted[CALLERS];
#define free_for(who) (CAPACITY - (has_grant(1 - (who)) -> granted[1 - (who)] : 0))
#define larger(one, other) ((one) > (other) -> (one) : (other))
#define given_to(who, number) larger(size_of(who, number), (has_grant(who) -> granted[who] : 0))
#define proves(what) skip
#else
#define tell(kind, one, other) skip
#define free_for(who) (CAPACITY - has_grant(1 - (who)))
#define given_to(who, number) 1
#define proves(what) assert(what)
#endif

#define say(way, kind, who, number) if :: nfull(way) -> way!kind,who,number :: skip fi

#ifdef REPLAY
#define is_over(who) (sends[who] && seen_one > until[who] + LATE)
active proctype Clock() {
    do
    :: atomic { is_next(PASSES_TIME) && !is_over(0) && !is_over(1) ->
           now = seen_one; tell(PASSES_TIME, now, 0) }
    od
}
active proctype Network() {
    do
    :: to_third?_,_,_
    :: to_callers?_,_,_
    od
}
#else
active proctype Clock() {
    do
    :: atomic { now < HORIZON -> now++; is_kept }
    :: now >= HORIZON -> break
    od
}
#endif

active [CALLERS] proctype Caller() {
    byte self = _pid - FIRST_CALLER;
    byte number;
    do
    :: atomic { now < HORIZON - TTL && question[self] < QUESTIONS ->
           tell(REQUESTS, self, question[self] + 1);
           question[self]++; asked_at[self] = now; say(to_third, REQUEST, self, question[self])
#ifdef NO_GRANT
           ; sends[self] = true; until[self] = now + TTL; is_kept
#endif
       }
    :: atomic { to_callers??[GRANT, eval(self), number] -> to_callers??GRANT,eval(self),number;
           if
#ifdef FROM_REPLY
           :: number == question[self] -> sends[self] = true; until[self] = now + TTL
#else
           :: number == question[self] && now < asked_at[self] + RELIANCE + LATE ->
               tell(TAKES, self, number);
               sends[self] = true; until[self] = asked_at[self] + RELIANCE
#endif
           :: else -> skip
           fi;
           number = 0;
           is_kept }
    :: atomic { sends[self] -> tell(ENDS, self, 0); sends[self] = false }    /* Or early. */
    :: now >= HORIZON -> break
    od
}

active proctype Third() {
    byte who, number;
    do
    :: atomic { to_third??[REQUEST, who, number] -> to_third??REQUEST,who,number;
           if
           :: now + EARLY >= held_until && given_to(who, number) <= free_for(who) ->
               tell(GRANTS, who, number);
#ifdef REPLAY
               granted[who] = given_to(who, number);
#endif
               granted_until[who] = now + TTL; say(to_callers, GRANT, who, number)
           :: else -> skip
           fi;
           who = 0; number = 0 }
    :: atomic { died < DEATHS && now > 0 && now < HORIZON - 1 ->
           tell(FORGETS, 0, 0);
           died++; granted_until[0] = 0; granted_until[1] = 0;
#ifndef NO_HOLD
           held_until = now + TTL
#endif
       }
    :: now >= HORIZON -> break
    od
}
