/* Capacity at a third service: callers send traffic there only within what it has granted.
 *
 * Abstracts
 *   Caller     mesh/provider_promise.cpp (request_capacity, hear a GRANT, keep_grant, end_grant)
 *   Third      mesh/capacity_ledger.cpp: sum of grants, the hold after a restart
 *
 * Proves: traffic that is sent there never exceeds the capacity, in true time.
 *
 * Both ways lose and reorder messages; an answer may be of an earlier question. The third service
 * is killed once at any point and has forgotten its grants.
 *
 * Left out: renewals (another question), sizes (each grant is the whole of it), the mode that the
 * traffic belongs to (pledge.pml).
 *
 * Bounds: two callers with two questions each, one unit of capacity, eight ticks, grants of three.
 *
 * Must fail: -DNO_GRANT (a caller sends and asks at once), -DFROM_REPLY (its time runs from the
 * answer and not from the question), -DNO_HOLD (a third service that has forgotten its grants
 * grants again at once).
 */

#define CALLERS 2
#define CAPACITY 1
#define TTL 3
#define HORIZON 8
#define QUESTIONS 2

mtype = { REQUEST, GRANT };
chan to_third = [3] of { mtype, byte, byte };
chan to_callers = [3] of { mtype, byte, byte };
byte now;

/* The callers. */
bool sends[CALLERS];
byte until[CALLERS], question[CALLERS], asked_at[CALLERS];

/* The third service. */
byte granted_until[CALLERS];
byte held_until, died;
#define has_grant(who) (granted_until[who] > now)
#define sent(who) (sends[who] && now < until[who])
#define is_kept assert(sent(0) + sent(1) <= CAPACITY)

#define say(way, kind, who, number) if :: nfull(way) -> way!kind,who,number :: skip fi

active proctype Clock() {
    do
    :: atomic { now < HORIZON -> now++; is_kept }
    :: now >= HORIZON -> break
    od
}

active [CALLERS] proctype Caller() {
    byte self = _pid - 1;
    byte number;
    do
    :: atomic { now < HORIZON - TTL && !sends[self] && question[self] < QUESTIONS ->
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
           :: number == question[self] && now < asked_at[self] + TTL - 1 ->
               sends[self] = true; until[self] = asked_at[self] + TTL - 1
#endif
           :: else -> skip
           fi;
           is_kept }
    :: atomic { sends[self] && now >= until[self] -> sends[self] = false }
    :: now >= HORIZON -> break
    od
}

active proctype Third() {
    byte who, number;
    do
    :: atomic { to_third??[REQUEST, who, number] -> to_third??REQUEST,who,number;
           if
           :: now >= held_until &&
              (has_grant(0) && who != 0) + (has_grant(1) && who != 1) < CAPACITY ->
               granted_until[who] = now + TTL; say(to_callers, GRANT, who, number)
           :: else -> skip
           fi }
    :: atomic { died < 1 && now > 0 && now < HORIZON - 1 ->
           died++; granted_until[0] = 0; granted_until[1] = 0;
#ifndef NO_HOLD
           held_until = now + TTL
#endif
       }
    :: now >= HORIZON -> break
    od
}
