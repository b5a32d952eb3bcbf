/* Upgrade: two versions of the program take turns at one ledger, in the middle of incidents: there,
 * back, and there again.
 *
 * Abstracts
 *   Executor  heal/open_incidents.cpp (a thread comes from commits of this program's graph and
 *             layout, or is parked), heal/executor_memory.cpp (recover), heal/executor_world.cpp
 *             (read_back_parked), guard/history.cpp (what of an entry is learned),
 *             guard/rules_pace.cpp (one_in_hand), base/fields.hpp (what is not known is refused, as
 *             a whole),
 *             app/agent_command.cpp (agent.lock)
 *   layout    graph/delta.hpp (layout_of), graph/shape.cpp (digest_of): each remedy, field and node
 *             more makes another one
 *   World     an order that was given is carried out at any time later, or never
 *   a ban     something in the ledger that keeps from acting: in an entry of a kind that the older
 *             program does not know, or in a body that it cannot read
 *
 * Proves
 *   - no program performs what it does not know;
 *   - no order is given twice, and no intent has two effects;
 *   - no incident goes on while nobody has looked what became of its latest effect, nor beside
 *     another one's, also of an intent that this program cannot read;
 *   - nothing is done against a ban of a kind that this program does not know: it does not begin;
 *   - at last each incident is closed, or a person was told of it.
 *
 * Left out: what passes within one program (intent_act_outcome.pml); a format of segments that the
 * older one cannot read, which ends as an unknown kind does; retention.
 *
 * Bounds: two incidents at one target, three intents, four lives of either program (for what
 * happens at last two and three).
 *
 * Must fail: -DGUESSES (what cannot be read is gone on with as if it could), -DGOES_BACK with
 * -DUNREAD_IS_NOTHING (it is gone on with from the latest commit that can be read), -DREPEATS (what has no outcome is ordered
 * again), -DNO_LOCK (both at once), -DSKIPS_ENTRIES (entries of an unknown kind are passed over),
 * -DSILENT (what is parked is not told: in a cycle), -DUNREAD_IS_NOTHING (an intent that this
 * program cannot read keeps nobody from acting; so it was in the code until this model found it).
 * Limits, and fail too: -DBODIES_BIND (a ban in a body that it cannot read does not bind it),
 * -DPARKED_IS_FINAL (whoever wrote it goes on with it when it is back, though a person was told
 * that it is parked), -DONE_OUTCOME (and reads its effect back once more).
 */

#define OLD 0
#define NEW 1
#define INCIDENTS 2
#define EFFECTS 3
#ifdef LIVENESS
#define LIVES 3
#define INTENTS 2
#define tell(which) is_told[which] = true
#define is_untold(which) !is_told[which]
#else
#define LIVES 4
#define INTENTS EFFECTS
#define tell(which) skip
#define is_untold(which) false
#endif

mtype = { none, pending, done, refused };
mtype = { out, over };
mtype = { in_kind, in_body };

bool is_same_layout;                     /* Then nothing in the ledger is new. */
byte lives;
byte lock = NEW + 1;                     /* Who runs; else nobody does. */
#ifdef NO_LOCK
#define may_begin true
#else
#define may_begin (lock == NEW + 1)
#endif

/* The ledger. */
byte intents;
mtype fate[EFFECTS + 1] = none;
bool is_new[EFFECTS + 1];                /* Of a kind of remedy that only NEW knows. */
byte author[INCIDENTS + 1];              /* Who wrote its latest commit, */
byte in_hand[INCIDENTS + 1];             /* and the effect without outcome in that; 0: none. */
byte latest[INCIDENTS + 1];              /* Ghost: its latest effect. */
bool wants_new[INCIDENTS + 1];           /* Its remedy is of such a kind. */
bool is_open[INCIDENTS + 1], is_closed[INCIDENTS + 1];
bool is_told[INCIDENTS + 1], was_parked[INCIDENTS + 1];
mtype ban = none;

/* The world. */
mtype order[EFFECTS + 1] = none;
byte effects[EFFECTS + 1];

#define reads(which) (me == NEW || !is_new[which])
#ifdef UNREAD_IS_NOTHING
#define is_in_way(which) (fate[which] == pending && reads(which))
#else
#define is_in_way(which) (fate[which] == pending)
#endif
#ifdef SKIPS_ENTRIES
#define obeys (ban != none && me == NEW)
#define begins_with_ban true
#else
#define obeys (ban != none && me == NEW)
#define begins_with_ban (me == NEW || ban != in_kind)
#endif
#define is_anybodys(which) (is_open[which] && !is_closed[which])
#define is_mine(which) (is_anybodys(which) && !parks[which])

inline write_outcome(which) {
#ifdef ONE_OUTCOME
    assert(fate[which] == pending);
#endif
    fate[which] = (effects[which] > 0 -> done : refused);
    printf("%d: effect %d is %e\n", me, which, fate[which])
}

inline begin_with(which) {
#if defined(GUESSES) || defined(GOES_BACK)
    if
    :: is_anybodys(which) && author[which] != me && !is_same_layout -> author[which] = me;
#ifdef GOES_BACK
        in_hand[which] = 0; wants_new[which] = false
#endif
    :: else
    fi
#else
    parks[which] = is_anybodys(which) && author[which] != me && !is_same_layout;
#ifdef PARKED_IS_FINAL
    was_parked[which] = was_parked[which] || parks[which];
#endif
#ifndef SILENT
    if
    :: parks[which] -> tell(which)
    :: else
    fi
#endif
#endif
}

inline intend(which) {
    assert(fate[latest[which]] != pending);
    intents++; latest[which] = intents; fate[intents] = pending; is_new[intents] = wants_new[which];
    in_hand[which] = intents; author[which] = me; asks = intents;
    printf("%d: intent %d of incident %d, new: %d\n", me, intents, which, is_new[intents]);
    assert(intents == 1 || fate[1] != pending);
    assert(intents <= 2 || fate[2] != pending);
    assert(me == NEW || !is_new[intents]);
    assert(ban != in_kind || me == NEW);
#ifdef BODIES_BIND
    assert(ban == none);
#endif
#ifdef PARKED_IS_FINAL
    assert(!was_parked[which]);
#endif
}

#define of_incident(which) \
    :: d_step { is_up && !is_open[which] && is_open[which - 1] && lives < LIVES -> \
        is_open[which] = true; author[which] = me; \
        printf("%d: incident %d\n", me, which) } \
    :: d_step { is_up && !is_open[which] && is_open[which - 1] && me == NEW && !is_same_layout && \
            lives < LIVES -> \
        is_open[which] = true; author[which] = me; wants_new[which] = true; \
        printf("%d: incident %d, of a new remedy\n", me, which) } \
    :: d_step { is_up && asks == 0 && is_mine(which) && in_hand[which] > 0 -> \
        write_outcome(in_hand[which]); in_hand[which] = 0; author[which] = me } \
    :: d_step { is_up && asks == 0 && is_mine(which) && in_hand[which] == 0 && !obeys && \
            intents < INTENTS && !is_in_way(1) && !is_in_way(2) -> intend(which) } \
    :: d_step { is_up && asks == 0 && is_mine(which) && in_hand[which] == 0 -> \
        is_closed[which] = true } \
    :: d_step { is_up && is_mine(which) && obeys && is_untold(which) -> tell(which) }

proctype Executor(byte me) {
    bool is_up;
    bool parks[INCIDENTS + 1];
    byte asks;                           /* The effect that it is about to order. */

end:
    do
    :: d_step { !is_up && lives < LIVES && may_begin && begins_with_ban ->
        is_up = true; lives++; lock = me; printf("%d begins\n", me);
        begin_with(1); begin_with(2)
#ifdef REPEATS
        ;
        if
        :: is_mine(1) && in_hand[1] > 0 && fate[in_hand[1]] == pending -> asks = in_hand[1]
        :: else
        fi
#endif
        }
    :: d_step { !is_up && lives < LIVES && may_begin && !begins_with_ban &&
            ((is_anybodys(1) && is_untold(1)) || (is_anybodys(2) && is_untold(2))) ->
        tell(1); tell(2);
        printf("%d does not begin, and says so\n", me) }

    of_incident(1)
    of_incident(2)

    :: d_step { is_up && asks > 0 ->
        assert(order[asks] == none); order[asks] = out; asks = 0 }
    :: d_step { is_up && asks == 0 && fate[1] == pending && reads(1) &&
            ((parks[1] && in_hand[1] == 1) || (parks[2] && in_hand[2] == 1)) -> write_outcome(1) }
    :: d_step { is_up && asks == 0 && fate[2] == pending && reads(2) &&
            ((parks[1] && in_hand[1] == 2) || (parks[2] && in_hand[2] == 2)) -> write_outcome(2) }
    :: d_step { is_up && asks == 0 && fate[3] == pending && reads(3) &&
            ((parks[1] && in_hand[1] == 3) || (parks[2] && in_hand[2] == 3)) -> write_outcome(3) }

    :: d_step { is_up && me == NEW && !is_same_layout && ban == none -> ban = in_kind }
    :: d_step { is_up && me == NEW && !is_same_layout && ban == none -> ban = in_body }

    :: d_step { is_up && lives < LIVES ->
        is_up = false; asks = 0; parks[1] = false; parks[2] = false; lock = NEW + 1;
        printf("%d ends\n", me) }
    od
}

active proctype World() {
end:
    do
    :: d_step { order[1] == out -> order[1] = over; effects[1]++; assert(effects[1] == 1) }
    :: d_step { order[2] == out -> order[2] = over; effects[2]++; assert(effects[2] == 1) }
    :: d_step { order[3] == out -> order[3] = over; effects[3]++; assert(effects[3] == 1) }
    :: d_step { order[1] == out -> order[1] = over }
    :: d_step { order[2] == out -> order[2] = over }
    :: d_step { order[3] == out -> order[3] = over }
    od
}

init {
    atomic {
        is_open[0] = true; is_closed[0] = true;    /* Of no incident: so that the first may open. */
        if
        :: is_same_layout = true
        :: is_same_layout = false
        fi;
        run Executor(OLD); run Executor(NEW)
    }
}

#ifdef LIVENESS
ltl ends { [] (is_open[1] -> <> (is_closed[1] || is_told[1])) }    /* So does the other one. */
#endif
