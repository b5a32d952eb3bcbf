/* Intent, act, outcome: one incident replaces one process, and whoever does it may die at any
 * point.
 *
 * Abstracts
 *   Agent     heal/healing_nodes.cpp (guard, act, escalate), heal/executor_role.cpp (take_step:
 *             the group is durable, then its commands are carried out), heal/executor_memory.cpp
 *             (recover), act/resolve.cpp (Replace), heal/port_calls.cpp (a call that is given
 *             up), and app/agent_command.cpp (agent.lock: one agent at a time, whoever else is
 *             started)
 *   Actuator  adapters/process/runtime.cpp (replace): the part that dies with the agent
 *   Shim      shim/: a start that is on its way lives on when the agent dies, and may come late
 *   World     the old process ends some time after its SIGTERM; other hands start and end
 *             processes
 *
 * Proves
 *   - no effect begins without a durable intent, and an intent has one effect at most;
 *   - what is ended is what was decided about, and nothing is started beside what runs;
 *   - when "done" is written it has happened, and when "refused" is written it has not;
 *   - at last the incident is closed or a person is told (<> over, under weak fairness).
 *
 * Left out: a ledger that takes nothing; other steps than Replace (their precondition is as
 * atomic, and they start no process of their own); other incidents; time. A person who is told
 * ends it here.
 *
 * Bounds: two agents, because the lock knows only "one" and "another"; INTENTS as many as act
 * tries before it calls a person; two kills reach a death during the recovery from a death; two
 * strokes of other hands reach a process that comes and goes while nobody looks. A third one would
 * be a limit: a process that an effect started where nobody ran ends, another hand's starts and ends,
 * and a successor reads "nobody runs there, as before" and writes "refused" of what has happened.
 *
 * Replayed: replay.py holds what the simulator's agents did against it, with -DREPLAY and the
 * events of one incident in events.h: they must be a way through the model, too.
 *
 * Must fail: -DNO_PRECONDITION (the actuator does not compare), -DNO_AFTER (the shim does not),
 * -DNO_READ_BACK (a successor performs again instead of looking), -DNO_LOCK (two agents at once),
 * -DACT_FIRST (the intent is written after the call). A limit, and fails too: -DREFUSED_IS_FINAL.
 * A shim that comes late starts its process after a successor has read "still no process runs
 * there" and written "refused".
 */

#define AGENTS 2
#define INTENTS 3
#ifndef KILLS
#define KILLS 2
#endif
#ifndef STROKES
#define STROKES 2
#endif

mtype = { off, looks, judges, writes, asks, waits, tells, strays };
mtype = { idle, asked, ending, starting, underway, back };
mtype = { none, out, started, busy };
mtype = { pending, done, refused, unknown };

/* The world: the record of the one process, and what the record says. */
bool alive, dying;
byte record = 1;              /* Rises with each start, as pid and start time do. */
byte carries;                 /* The effect that started it; 0: another hand. */
byte effects[INTENTS + 1];    /* Ghost: how often each has happened. */
byte strokes = STROKES;
byte kills = KILLS;
mtype shim[INTENTS + 1];
byte after_record[INTENTS + 1];

/* The ledger: durable. */
byte intents;
mtype fate[INTENTS + 1];
byte expected[INTENTS + 1];   /* The record that is to be replaced; 0: nobody runs there. */
bool escalated, closed, told;
#define over (closed || told)

/* What an agent does that can be seen: in the ledger, and by its process coming and going. */
#define BEGINS 1
#define IS_KILLED 2
#define CLOSES 3
#define WRITES_INTENT(effect, is_alive) (10 + 2 * (effect) + (is_alive))
#define WRITES_OUTCOME(effect, outcome) (30 + 4 * (effect) + \
    (outcome == done -> 0 : (outcome == refused -> 1 : 2)))
#ifdef REPLAY
#include "events.h"           /* EVENTS_COUNT, and a value of `event` for each place. */
byte at;
/* An agent that does what was not seen goes no further, and nor does who waits for its lock. */
inline tell(what) {
    if
    :: event(at) == what -> at++; assert(at < EVENTS_COUNT)    /* Broken: all was replayed. */
    :: else -> phase = strays
    fi
}
#define proves(what) skip     /* A history may need more deaths and strokes than the proof has, */
#define may_go_on true        /* and what was replaced may be as ill as before. */
#else
#define tell(what)
#define proves(what) assert(what)
#define may_go_on !goal
#endif

byte lock;                    /* Who holds agent.lock; the kernel frees it with its holder. */

/* What an agent and its call to the actuator share; gone with the agent. */
mtype call[AGENTS + 1];
byte call_effect[AGENTS + 1], call_expected[AGENTS + 1];
mtype reply[AGENTS + 1];

#ifdef NO_LOCK
#define may_begin true
#else
#define may_begin (lock == 0)
#endif
#define present (alive -> record : 0)

inline write_outcome(effect, outcome, has_happened) {
    proves(outcome != done || has_happened);
    proves(outcome != refused || !has_happened);
    fate[effect] = outcome;
    tell(WRITES_OUTCOME(effect, outcome));
    printf("agent %d writes that effect %d is %e\n", me, effect, outcome)
}

inline forget_facts() {       /* What is not needed any more only multiplies the states. */
    seen = 0; seen_carries = 0; goal = false; seen_happened = false
}

inline read_back(effect) {    /* act::resolve */
    if
    :: seen_carries == effect -> write_outcome(effect, done, seen_happened)
    :: else ->
        if
        :: seen == expected[effect] -> write_outcome(effect, refused, seen_happened)
        :: else -> write_outcome(effect, unknown, seen_happened)
        fi
    fi
}

proctype Agent(byte me) {
    mtype phase = off;
    byte known, open, seen, seen_carries;    /* Intents known; the one without outcome; facts. */
    bool goal, seen_happened;                /* The latter is a ghost. */

    do
    :: d_step { phase == off && !over && may_begin ->
        lock = me; known = intents;
        open = (known > 0 && fate[known] == pending -> known : 0);
        phase = (escalated -> tells : looks);
#ifdef NO_READ_BACK
        if
        :: open > 0 && !escalated ->
            call_effect[me] = open; call_expected[me] = expected[open]; phase = asks
        :: else
        fi;
#endif
        tell(BEGINS);
        printf("agent %d begins; effect without outcome: %d\n", me, open) }
    :: phase == off && over -> break

    :: d_step { phase == looks && (call[me] == idle || call[me] == back) ->
        call[me] = idle; reply[me] = unknown; call_effect[me] = 0;    /* Too late: dropped. */
        seen = present; seen_carries = carries; goal = alive && record > 1;
        seen_happened = effects[open] > 0; phase = judges;
        printf("agent %d sees process %d, started by effect %d\n", me, seen, seen_carries) }
    :: d_step { phase == looks && call[me] != idle && call[me] != back ->
        escalated = true; phase = tells;
        printf("agent %d gives up: no call comes back\n", me) }

    :: d_step { phase == judges && open > 0 -> phase = looks; read_back(open); open = 0;
        forget_facts() }
    :: d_step { phase == judges && open == 0 && goal ->
        closed = true; lock = 0;
        tell(CLOSES);
        printf("agent %d closes\n", me) } -> break
    :: d_step { phase == judges && open == 0 && may_go_on && known == INTENTS ->
        escalated = true; phase = tells }
    :: d_step { phase == judges && open == 0 && may_go_on && known < INTENTS ->
        open = known + 1; call_effect[me] = open; call_expected[me] = seen; forget_facts();
#ifdef ACT_FIRST
        phase = asks
#else
        phase = writes
#endif
        }

    :: d_step { phase == writes ->
        known = open; intents = open; fate[open] = pending; expected[open] = call_expected[me];
        printf("agent %d has written intent %d: replace process %d\n", me, open, expected[open]);
#ifdef ACT_FIRST
        phase = waits;
#else
        phase = asks;
#endif
        tell(WRITES_INTENT(open, expected[open] > 0)) }
    :: d_step { phase == asks ->
        call[me] = asked;
#ifdef ACT_FIRST
        phase = writes
#else
        phase = waits
#endif
        }
    :: d_step { phase == waits && call[me] == back ->
        call[me] = idle; call_effect[me] = 0; phase = looks;
        if
        :: reply[me] != unknown -> write_outcome(open, reply[me], effects[open] > 0); open = 0
        :: else
        fi;
        reply[me] = unknown }
    :: d_step { phase == waits && call[me] != back ->
        phase = looks;                       /* Still pending, and no look until it is back. */
        printf("agent %d waits no longer for effect %d\n", me, open) }

    :: d_step { phase == tells -> told = true; printf("agent %d tells a person\n", me) } -> break

    :: d_step { phase != off && phase != strays && kills > 0 ->
        kills--; lock = (lock == me -> 0 : lock);
        call[me] = idle; call_effect[me] = 0; call_expected[me] = 0;
        reply[me] = unknown; phase = off; known = 0; open = 0; forget_facts();
        tell(IS_KILLED);
        printf("agent %d is killed\n", me) }
    od
}

inline answer(outcome) {
    reply[me] = outcome; call[me] = back; call_expected[me] = 0; effect = 0; was_alive = false
}

proctype Actuator(byte me) {
    byte effect;
    bool was_alive;

end:
    do
    :: d_step { call[me] == asked ->
        effect = call_effect[me]; was_alive = alive;
        if
#ifndef NO_PRECONDITION
        :: present != call_expected[me] || carries == effect -> answer(refused)
        :: else ->
#else
        :: true ->
#endif
            proves(effect <= intents);                        /* Its intent is durable. */
            proves(!alive || record == call_expected[me]);    /* It is what was decided about. */
            dying = alive; call[me] = ending;
            printf("effect %d begins on process %d\n", effect, present)
        fi }
    :: d_step { call[me] == ending && !(alive && record == call_expected[me]) ->
        call[me] = starting }
    :: d_step { call[me] == ending && alive && record == call_expected[me] ->
        answer(unknown) }                                     /* Told to end, and still runs. */
    :: d_step { call[me] == starting ->
        if
        :: alive -> answer((was_alive -> unknown : refused))
        :: else -> shim[effect] = out; after_record[effect] = record; call[me] = underway
        fi }
    :: d_step { call[me] == underway && shim[effect] == started -> answer(done) }
    :: d_step { call[me] == underway && shim[effect] == busy ->
        answer((was_alive -> unknown : refused)) }
    :: d_step { call[me] == underway && shim[effect] == out -> answer(unknown) }
    od
}

proctype Shim(byte effect) {
end:
    do
    :: d_step { shim[effect] == out ->
        if
#ifndef NO_AFTER
        :: alive || record != after_record[effect] -> shim[effect] = busy; after_record[effect] = 0
        :: else ->
#else
        :: true ->
#endif
            proves(effect <= intents);
            proves(!alive);
#ifdef REFUSED_IS_FINAL
            proves(fate[effect] != refused);
#endif
            alive = true; dying = false; record++; carries = effect; shim[effect] = started;
            after_record[effect] = 0;
            effects[effect]++;
            proves(effects[effect] == 1);
            printf("effect %d starts process %d\n", effect, record)
        fi }
        :: d_step { shim[effect] == out ->       /* The program cannot be started. */
        shim[effect] = busy; after_record[effect] = 0 }
    od
}

proctype World() {
end:
    do
    :: d_step { dying -> alive = false; dying = false; printf("process %d ends\n", record) }
    :: d_step { strokes > 0 && alive ->
        strokes--; alive = false; dying = false;
        printf("process %d ends by itself\n", record) }
    :: d_step { strokes > 0 && !alive ->
        strokes--; alive = true; record++; carries = 0;
        printf("another hand starts process %d\n", record) }
    od
}

init {
    byte each;
    atomic {
        for (each : 1 .. INTENTS) { shim[each] = none; fate[each] = pending; run Shim(each) }
        for (each : 1 .. AGENTS) {
            call[each] = idle; reply[each] = unknown;
            run Agent(each); run Actuator(each)
        }
        run World();
        if                                   /* It has ended, or it runs and is not well. */
        :: alive = true
        :: alive = false
        fi
    }
}

#ifdef LIVENESS
ltl ends { <> over }
#endif
