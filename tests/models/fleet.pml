/* The budget of a fleet: agents that ask a store for a place before a remedy begins. Questions are
 * lost, late and in another order, answers are lost, agents die and ask again, or change their
 * minds; the store grants only what it counts.
 *
 * Abstracts
 *   Agent  heal/executor_world.cpp (read_facts, leave_outside), heal/outside_desk.cpp (take,
 *          give_back), guard/rules_outside.cpp (fleet: what has begun is carried through);
 *          PERMIT: an answer in time and a permit that is not too old (permit_for_max)
 *   Store  adapters/postgres/postgres_fleet.cpp (take, give_back): one at a time, under the lock of
 *          the fleet's row, by its own clock; app/fleet_door.cpp and shipper/fleet_clerk.cpp only
 *          carry what is asked
 *
 * Proves
 *   - never are more than AT_ONCE remedies in hand;
 *   - never do more than BEGUN_MAX begin within WINDOW, less what a permit lasts;
 *   - whoever is dead holds no place for ever: once time stops, what was neither given back nor
 *     asked for again has ended (the assertion at the horizon).
 *
 * Left out: limits that differ between agents; a store whose clock jumps ahead, or that comes back
 * without its last commits (docs/fleet.md says what both cost); undos and processes that have
 * ended, which ask for nothing.
 *
 * Bounds: two agents, of two remedies and one, so that a place that is asked for again competes
 * with one of another agent and with an earlier one of its own; room for one in hand and two begun,
 * the least that can be exceeded; one question each beyond what is needed; one agent dies once.
 * Tickets are counted for each place: only grants of the same place are told apart by them.
 *
 * Must fail: -DUNREACHABLE_GRANTS (who hears nothing begins), -DNO_LOCK (counted and written in two
 * steps), -DNO_TICKET (an old return gives back a place that was granted anew), -DKEEPS_BEGIN (a
 * place that is granted again counts from when it was granted first; so it was in the first draft),
 * -DSHORT_HOLD (a place ends before its remedy does), -DOLD_ANSWERS (an answer is good for ever),
 * -DLONG_DEATH (a limit: an agent that is dead for longer than its place is held carries its remedy
 * through).
 */

#define AGENTS 2
#define PLACES 3              /* Two remedies of the first agent, one of the second. */
#define first_of(agent) (agent * 2)
#define rounds_of(agent) (2 - agent)
#define owner(which) (which / 2)
#define AT_ONCE 1
#define BEGUN_MAX 2
#define WINDOW 4
#define PERMIT 1
#define REMEDY 1
#ifdef SHORT_HOLD
#define HOLD 1
#else
#define HOLD (PERMIT + REMEDY + 1)
#endif
#define HORIZON 5
#define asks_of(agent) (rounds_of(agent) + 1)
#define NEVER (-20)

mtype = { take, unused, used };

byte now;                     /* The store's clock; an agent measures spans alone. */

/* The store. */
typedef Place {
    bool is_there;
    short began, ends;
    byte ticket               /* Of the latest grant; outlives the place. */
};
Place place[PLACES];
chan wire = [2] of { mtype, byte, byte };      /* What, the place, the ticket. */

/* The agents, and ghosts. */
byte round[AGENTS];
byte granted[AGENTS];         /* The ticket that it was told since it asked last; 0: none. */
bool acts[AGENTS];
bool is_dead[AGENTS];
short asked_at[AGENTS] = NEVER;
short since[AGENTS] = NEVER;  /* It acts since then. */
short begun_at[PLACES] = NEVER;
byte over;                    /* Agents that want nothing more. */

#define holds(which) (place[which].is_there && place[which].ends > now)
#define counts(which) (place[which].is_there && place[which].began > now - WINDOW)
#define in_hand (holds(0) + holds(1) + holds(2))
#define begun (counts(0) + counts(1) + counts(2))
#define has_room(which) ((holds(which) || in_hand < AT_ONCE) && \
                         (counts(which) || begun < BEGUN_MAX))
#define lately(which) (begun_at[which] > now - (WINDOW - PERMIT) -> 1 : 0)

inline write_place(which) {
    place[which].ticket++;
#ifdef KEEPS_BEGIN
    if :: counts(which) :: else -> place[which].began = now fi;
#else
    place[which].began = now;
#endif
    place[which].is_there = true; place[which].ends = now + HOLD
}

/* It comes at any time, or never: the agent may wait with it as long as it is good. */
inline tell(which) {
    if
    :: which == first_of(owner(which)) + round[owner(which)] && !acts[owner(which)] ->
        granted[owner(which)] = place[which].ticket
    :: true -> printf("the answer about %d is lost\n", which)
    fi
}

proctype Store() {
    byte which, ticket;
    bool room;

end:
    do
    :: atomic { wire??take(which, ticket) ->
#ifdef NO_LOCK
        room = has_room(which) };
       atomic {
#else
        room = has_room(which);
#endif
        if
        :: room -> write_place(which); printf("%d: place %d is granted\n", now, which);
           tell(which)
        :: else -> printf("%d: place %d is refused\n", now, which)
        fi; which = 0; ticket = 0; room = false }
    :: atomic { wire??used(which, ticket) ->
        if
        :: place[which].is_there && place[which].ticket == ticket && place[which].ends > now ->
            place[which].ends = now
        :: else
        fi; which = 0; ticket = 0 }
    :: atomic { wire??unused(which, ticket) ->
        if
#ifdef NO_TICKET
        :: place[which].is_there ->
#else
        :: place[which].is_there && place[which].ticket == ticket ->
#endif
            place[which].is_there = false; place[which].began = 0; place[which].ends = 0;
            printf("%d: place %d is given back unused\n", now, which)
        :: else
        fi; which = 0; ticket = 0 }
    od
}

#ifdef UNREACHABLE_GRANTS
#define has_leave (granted[me] || asked_at[me] != NEVER)
#else
#define has_leave granted[me]
#endif
#ifdef OLD_ANSWERS
#define is_in_time(agent) true
#else
#define is_in_time(agent) (now <= asked_at[agent] + PERMIT)
#endif

proctype Agent(byte me) {
    byte asks;
    bool has_died = (me > 0);

    do
    :: atomic { round[me] < rounds_of(me) && !acts[me] && asks < asks_of(me) && nfull(wire) ->
        asks++; asked_at[me] = now; granted[me] = 0;
        if :: wire!!take, first_of(me) + round[me], 0 :: true /* Lost. */ fi }
    :: atomic { round[me] < rounds_of(me) && !acts[me] && has_leave && is_in_time(me) ->
        acts[me] = true; since[me] = now; begun_at[first_of(me) + round[me]] = now;
        printf("%d: agent %d begins remedy %d\n", now, me, round[me]);
        assert(acts[0] + acts[1] <= AT_ONCE);
        assert(lately(0) + lately(1) + lately(2) <= BEGUN_MAX) }
    :: atomic { granted[me] && !acts[me] && nfull(wire) ->       /* The symptom has gone. */
        wire!!unused, first_of(me) + round[me], granted[me]; granted[me] = 0; asked_at[me] = NEVER }
    :: atomic { acts[me] ->
        if
        :: granted[me] && nfull(wire) -> wire!!used, first_of(me) + round[me], granted[me]
        :: true                                              /* Lost, or it knows no ticket. */
        fi;
        acts[me] = false; since[me] = NEVER; round[me]++; granted[me] = 0; asked_at[me] = NEVER;
        printf("%d: agent %d ends\n", now, me) }
    :: atomic { !has_died ->                                 /* What it has begun it knows again. */
        has_died = true; granted[me] = 0; asked_at[me] = NEVER;
        printf("%d: agent %d dies\n", now, me);
#ifdef LONG_DEATH
        is_dead[me] = true };
       atomic { is_dead[me] = false
#endif
        }
    :: atomic { !acts[me] && (round[me] == rounds_of(me) || asks == asks_of(me)) -> over++; break }
    od
}

/* A remedy takes no longer than REMEDY, with the death of its agent in it. */
#ifdef LONG_DEATH
#define may_pass(agent) (!acts[agent] || is_dead[agent] || now < since[agent] + REMEDY)
#else
#define may_pass(agent) (!acts[agent] || now < since[agent] + REMEDY)
#endif

/* What says nothing any more is all alike. */
inline forget(which) {
    if
    :: place[which].is_there && !holds(which) && !counts(which) ->
        place[which].is_there = false; place[which].began = 0; place[which].ends = 0
    :: else
    fi;
    if :: !lately(which) -> begun_at[which] = NEVER :: else fi
}

inline let_go(agent) {
    if
    :: !acts[agent] && !is_in_time(agent) -> asked_at[agent] = NEVER; granted[agent] = 0
    :: else
    fi
}

active proctype Clock() {
    do
    :: d_step { now < HORIZON && may_pass(0) && may_pass(1) ->
        now++; forget(0); forget(1); forget(2); let_go(0); let_go(1) }
    :: atomic { now == HORIZON && over == AGENTS && empty(wire) -> now = now + HOLD;
        assert(in_hand == 0); break }
    od
}

init {
    atomic {
        run Store();
#ifdef NO_LOCK
        run Store();
#endif
        run Agent(0); run Agent(1)
    }
}
