/* A pledge between two neighbours: a caller goes into a reduced mode, and its struggling callee
 * counts on it.
 *
 * Abstracts
 *   Caller     mesh/provider.cpp, mesh/provider_promise.cpp (ask_callee, hear, begin, leave,
 *              end_promise); after a restart Found: the mode is in the data plane, the promise not
 *   Callee     mesh/relier.cpp: OFFER, ACCEPT, RELEASE, REVOKE; reliance_for (mesh/limits.hpp)
 *   pledge     the number that an OFFER carries; a later one of the callee is larger, in each life
 *
 * Proves
 *   - while the callee counts on the mode the caller is in it;
 *   - when the clock stops the caller is out of it, whatever was lost: no pledge is for ever.
 *
 * Both ways lose, reorder and repeat messages. The caller is killed once at any point and starts
 * again without memory. A clock may be one tick off, which is the margin.
 *
 * Left out: terms and renewals (a renewal is an OFFER with the same promise behind it), capacity
 * (capacity.pml), signatures, who is sick himself.
 *
 * Bounds: three pledges, one death, nine ticks with promises of three.
 *
 * Must fail: -DFROM_ASKING (the caller's time runs from its question, not from when the mode was
 * read back), -DANY_PLEDGE (an ACCEPT of an earlier pledge counts), -DLEAVES_UNANSWERED (the caller
 * leaves without hearing that nobody counts on it), -DRESTART_RESTORES (a new process ends the mode
 * that it finds), -DNO_MARGIN (the callee counts on the whole time).
 */

#define TTL 3
#define HORIZON 9
#define PLEDGES 3
#ifdef NO_MARGIN
#define RELIANCE TTL
#else
#define RELIANCE (TTL - 1)
#endif

mtype = { CFP, OFFER, ACCEPT, RELEASE, REVOKE };
chan to_callee = [3] of { mtype, byte };
chan to_caller = [3] of { mtype, byte };
byte now;

/* The caller. */
bool is_reduced, is_leaving;
byte pledge, until, asked_at;
byte asked, died;

/* The callee. */
bool is_relying;
byte offered, relying_until;

#define relies (is_relying && now < relying_until)
#define is_honest assert(!relies || is_reduced)

/* What is not sent is lost. */
#define say(way, kind, number) if :: nfull(way) -> way!kind,number :: skip fi

active proctype Clock() {
    do
    :: atomic { now < HORIZON -> now++; is_honest }
    :: now >= HORIZON -> break
    od
}

active proctype Caller() {
    byte number;
    do
    :: atomic { now < HORIZON - TTL - 1 && !is_reduced && asked < PLEDGES ->
           asked++; asked_at = now; say(to_callee, CFP, pledge) }
    :: atomic { to_caller??[OFFER, number] && now < HORIZON - TTL -> to_caller??OFFER,number;
           if
           :: number > pledge ->
               pledge = number; is_reduced = true; is_leaving = false;
#ifdef FROM_ASKING
               until = asked_at + TTL;
#else
               until = now + TTL;
#endif
               say(to_callee, ACCEPT, number)
           :: else -> skip
           fi }
    :: atomic { is_reduced && nfull(to_callee) -> to_callee!ACCEPT,pledge }   /* Said again. */
    :: atomic { is_reduced && !is_leaving && now + 1 < until ->
           is_leaving = true; say(to_callee, RELEASE, pledge)
#ifdef LEAVES_UNANSWERED
           ; is_reduced = false; is_honest
#endif
       }
    :: atomic { to_caller??[REVOKE, number] -> to_caller??REVOKE,number;
           if
           :: number == pledge && is_leaving -> is_reduced = false; is_honest
           :: else -> skip
           fi }
    :: atomic { is_reduced && now + 1 >= until -> is_reduced = false; is_honest }  /* Or early. */
    :: atomic { died < 1 && is_reduced && now < HORIZON - TTL - 1 ->
           died++; is_leaving = false;
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

active proctype Callee() {
    byte number;
    do
    :: atomic { to_callee??[CFP, number] && offered < PLEDGES -> to_callee??CFP,number;
           offered++; is_relying = false; relying_until = now + RELIANCE;
           say(to_caller, OFFER, offered) }
    :: atomic { to_callee??[ACCEPT, number] -> to_callee??ACCEPT,number;
           if
#ifdef ANY_PLEDGE
           :: now < relying_until -> is_relying = true
#else
           :: number == offered && now < relying_until -> is_relying = true
#endif
           :: else -> skip
           fi;
           is_honest }
    :: atomic { to_callee??[RELEASE, number] -> to_callee??RELEASE,number;
           if
           :: number == offered ->
               is_relying = false; relying_until = 0; say(to_caller, REVOKE, number)
           :: else -> skip
           fi }
    :: atomic { is_relying && now >= relying_until -> is_relying = false }
    :: now >= HORIZON -> break
    od
}
