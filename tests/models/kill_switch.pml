/* The kill switch: incidents that act, and a person who suspends and resumes at any moment.
 *
 * Abstracts
 *   Incident  heal/executor_role.cpp (take_turn, take_step, write_step), heal/executor_world.cpp
 *             (read_facts and perform, which both look at the switch), heal/healing_nodes.cpp
 *             (guard, turn_down: what has not begun waits and is judged again, what has begun may
 *             go on for a while and is left to a person then), guard/rules_world.cpp
 *             (kill_switch)
 *   Person    app/live_commands.cpp (flip): asks the agent (ExecutorRole::flip_switch: the file,
 *             then the entry, then the answer) or, if that is slow, writes the file
 *   engaged   adapters/system/switch_file.cpp; docs/adr/0005
 *
 * Proves
 *   - once `suspend` has returned no effect begins until `resume` is called;
 *   - a remedy that saw the switch before its first step begins on a judgement from after the
 *     release;
 *   - at last every incident is through or with a person (<>, under weak fairness).
 * An effect begins with the last look at the switch: from there nothing is waited for until the
 * actuator has it. One that has begun may end at any time later.
 *
 * Left out: facts and their age, refusals of other rules, reflexes (they go on without a new
 * judgement: guard looks whether the process is down still), a crash (the file outlives it, and a
 * successor begins by looking), what an effect does.
 *
 * Bounds: two incidents, because one waits for its turn while another writes; two steps, because
 * the first one is judged otherwise than those after it; two suspensions, so that what was
 * permitted before one may wake after a release, or in the next.
 *
 * Must fail: -DCACHED (the switch is read when the incident opens only), -DONLY_WITH_FACTS (it is
 * not looked at again just before the effect), also with -DONLY_VIA_AGENT (the person waits for
 * the agent's answer), and -DKEEPS_JUDGEMENT (what waited begins as it was judged).
 */

#define INCIDENTS 2
#define STEPS 2
#define SUSPENSIONS 2
#define PERSON (INCIDENTS + 1)

bool engaged;                 /* The file is there. */
bool has_returned;            /* Ghost: `suspend` has returned, and `resume` was not called since. */
byte era;                     /* Ghost: how often it was released. */
byte turn;                    /* Whose superstep it is: is_advancing_. */
chan ledger = [INCIDENTS + 1] of { byte };    /* Groups being written, in their order. */
byte through;                 /* Incidents that are over. */
#define switch (engaged -> 1 + era : 0)

proctype Incident(byte me) {
    byte judged;              /* The era in which it was proposed. */
    byte seen;                /* By the facts: 1 + the era in which it is engaged; 0: not. */
    byte waited;              /* `seen` when it last had to wait; 0: judged since. */
    byte steps;
    bool begun;

#ifdef CACHED
    seen = switch;
#endif
look:
    atomic {
#ifndef CACHED
        seen = switch;
#endif
        printf("incident %d reads the facts; engaged: %d\n", me, engaged);
        if
        :: turn == 0 -> turn = me            /* No wait between the facts and the turn. */
        :: else -> printf("incident %d waits for its turn\n", me); turn == 0 -> turn = me
        fi;
        if
        :: seen && !begun -> waited = seen; turn = 0; goto look
        :: seen && begun -> turn = 0; goto look
        :: seen && begun -> turn = 0; goto over              /* Left to a person. */
#ifndef KEEPS_JUDGEMENT
        :: !seen && !begun && waited ->
            waited = 0; judged = era; turn = 0;
            printf("incident %d is judged again\n", me); goto look
#endif
        :: else -> printf("incident %d has a permit\n", me); ledger!me
        fi
    };
    atomic {                                 /* No wait between the intent and the effect. */
        ledger?eval(me) -> begun = true; turn = 0;
        if
#if !defined(CACHED) && !defined(ONLY_WITH_FACTS)
        :: engaged -> printf("incident %d: refused, the switch is engaged\n", me)
        :: else ->
#else
        :: true ->
#endif
            printf("incident %d: its effect begins; engaged: %d\n", me, engaged);
            assert(!has_returned);
            assert(steps > 0 || waited <= judged);
            steps++
        fi
    };
    if
    :: steps < STEPS -> goto look
    :: else
    fi;
over:
    through++
}

proctype Person() {
    byte round;

    for (round : 1 .. SUSPENSIONS) {
        if
        :: atomic { engaged = true; printf("the agent engages the switch\n"); ledger!PERSON };
            ledger?eval(PERSON)                              /* Then it answers. */
#ifndef ONLY_VIA_AGENT
        :: d_step { engaged = true; printf("the person engages the switch\n") }
#endif
        fi;
        d_step { has_returned = true; printf("suspend has returned\n") };
        d_step { has_returned = false; engaged = false; era++; printf("released\n") }
    }
}

init {
    atomic {
        byte each;
        for (each : 1 .. INCIDENTS) { run Incident(each) }
        run Person()
    }
}

#ifdef LIVENESS
ltl ends { <> (through == INCIDENTS) }
#endif
