/* Approval: a person's leave for one remedy, from the question to the effect, with a quorum of
 * signatures.
 *
 * Abstracts
 *   Executor  heal/healing_nodes.cpp (guard, act), heal/healing_nodes_asking.cpp (ask),
 *             heal/executor_people.cpp (answer), heal/signature_desk.cpp, heal/approvers.cpp
 *             (trouble_with), guard/rules_pace.cpp (approval, trouble_with), guard/history.cpp
 *             (learn_answer, note_attempt, let_go), heal/executor_world.cpp (perform: the last look
 *             at the switch), act/resolve.cpp (Replace)
 *   form      what is signed: the remedy, its target, its world, its end, and a nonce. A process
 *             that takes a question over asks it with another form
 *   Key       one signing key, and all that the network may do with what it has signed: an answer
 *             arrives at any time later, as often as it likes, under any question, or never
 *   A, B      listed approvers, honest: they sign what they were shown. DISHONEST is listed and
 *             signs everything at once. STRANGER's key is not on the list
 *   Person    wants it stopped, at any moment: says no if a question is open, or engages the kill
 *             switch
 *
 * Proves
 *   - no effect without a quorum of distinct approvers who have signed just this form, of whom at
 *     least one is honest and was shown it;
 *   - none once somebody has said no to it; none at another target than was agreed to; and none if,
 *     when guard looked last, its time was over, the rest of the world was another one, or too few
 *     of those who had signed were on the list;
 *   - one leave has one effect at most, whoever dies in between;
 *   - once somebody wants it stopped no effect begins, in whatever state that is;
 *   - at last it is over, or suspended: silence ends in that, too (<>, under weak fairness).
 *
 * The world is the target (the process: its actuator compares it as it acts) and the rest (the
 * versions: guard alone compares them, with the facts). Times of form and leave are one.
 *
 * Left out: that a signature cannot be forged; other incidents, and a no of one that binds others;
 * how many questions an hour may be; remedies of several effects; effects that come late
 * (intent_act_outcome.pml); releases of the switch (kill_switch.pml); reboots, which end a leave
 * that nothing began by.
 *
 * Bounds: three forms; three intents; two kills reach a death during the recovery from a death (for
 * what happens at last two, two and one); each part of the world changes once by other hands; one
 * key is taken from the list, with a restart.
 *
 * Replayed: approval_replay.py holds what the simulator's agents did against it, with -DREPLAY, a
 * quorum of one, and the events of one incident.
 *
 * Must fail: -DCOUNTS_TWICE (answers are counted, not keys), -DANY_KEY (a signature of any key
 * counts), -DUNSIGNED (a yes counts without one), -DANY_FORM (one of an earlier form does),
 * -DSIGNS_UNSEEN (an honest approver signs what they were not shown), -DYES_AFTER_NO (the question
 * stays open after a no), -DACKNOWLEDGES_EARLY (a no is acknowledged before it is durable),
 * -DNO_SECOND_LOOK (act goes by guard's look of before), -DNO_EXPIRY (the time is not looked at
 * again), -DUNLISTED_COUNTS (nor is the list), -DANY_TARGET (the actuator does not compare),
 * -DKEEPS_LEAVE (neither an intent nor a proof ends a leave), -DSILENCE_IS_YES, -DWAITS_FOR_EVER (a
 * question has no end: in a cycle), -DSTOPS_WHILE_ASKING (only an open question can be ended). A
 * limit, and fails too: -DBEGUN_IS_DONE. What has begun is carried through: an intent that came to
 * nothing is repeated by the leave of before, without a new look at the time, the list and the rest
 * of the world.
 */

#ifndef QUORUM
#define QUORUM 2
#endif
#ifndef KILLS
#ifdef LIVENESS
#define KILLS 1
#else
#define KILLS 2
#endif
#endif
#ifndef FORMS
#ifdef LIVENESS
#define FORMS 2
#define INTENTS 2
#else
#define FORMS 3
#define INTENTS 3
#endif
#endif
#define A 1
#define B 2
#define DISHONEST 4
#define STRANGER 8
#define count(keys) (((keys) & 1) + (((keys) >> 1) & 1) + (((keys) >> 2) & 1) + (((keys) >> 3) & 1))

mtype = { guards, asks, acts, over };                         /* Nodes: durable. */
mtype = { off, looks, judges, waits, performs, settles };     /* Where the process is in them. */
mtype = { pending, done, refused };

/* The world. */
bool is_other_process, rest;             /* Changed by other hands. */
byte effects_count;                      /* And the process by us; an undo puts it back. */
bool has_acted;                          /* It carries the remedy in hand. */
bool engaged;
bool is_left_alone;                      /* Nobody stops it, and the symptom lasts, */
bool is_silent;                          /* and nobody says anything at all. */
byte kills = KILLS;
#define target (is_other_process + 2 * effects_count)

/* People. */
byte listed = A + B + DISHONEST;
byte signed_by;                          /* Keys that have signed the latest form, */
byte signed_before;                      /* and those that have signed an earlier one. */
byte agreed;                             /* Ghost: keys whose owners have meant the latest. */
bool is_late;                            /* Its time is over. */
byte effects;                            /* Ghost: by the leave that it gave. */
bool is_denied;                          /* Ghost: a no to it was acknowledged. */
bool is_stopped;                         /* Ghost: somebody wanted it stopped, and was heard. */

/* The ledger: durable. */
mtype node = guards;
byte form;                               /* The latest, and what it is about: */
byte asked_target;
bool asked_rest;
byte signers;                            /* The leave: who has agreed to the form; 0: none. */
bool is_used, is_in_hand;
byte intents;
mtype fate = done;                       /* Of the latest; its target: */
byte expected;

/* The process. */
mtype phase = off;
byte heard, heard_count;                 /* Keys whose yes to the latest form has come. */
bool has_no;                             /* And somebody's no. */
byte seen_target;
bool seen_rest, seen_engaged;
bool is_fit;                             /* Ghost: when we looked, the leave was for that. */

#ifdef COUNTS_TWICE
#define heard_from heard_count
#else
#define heard_from count(heard)
#endif
#if defined(UNLISTED_COUNTS) || defined(ANY_KEY) || defined(COUNTS_TWICE)
#define have_agreed (signers != 0)
#else
#define have_agreed (count(signers & listed) >= QUORUM)
#endif
#ifdef NO_EXPIRY
#define is_in_time true
#else
#define is_in_time !is_late
#endif
#ifdef KEEPS_LEAVE
#define is_unused true
#else
#define is_unused !is_used
#endif
#define is_leave (have_agreed && is_unused && is_in_time && \
    seen_target == asked_target && seen_rest == asked_rest)
#ifdef NO_SECOND_LOOK
#define may_act (signers != 0)
#else
#define may_act (is_leave || (is_used && is_in_hand && seen_target == asked_target))
#endif

/* What can be seen of an executor: in the ledger, and by its process coming and going. */
#define BEGINS 1
#define IS_KILLED 2
#define ASKS 3
#define HEARS_YES 4
#define HEARS_NO 5
#define WRITES_INTENT 6              /* The first by a leave. */
#define IS_OVER 7
#ifdef REPLAY
#include "replay.pml"
bool strays;                             /* Who does what was not seen goes no further. */
#define is_awake (at > 0 && !strays)
#define proves(what) skip
inline see(what) {
    if
    :: is_next(what) -> at++; assert(at < events_count)    /* Broken: all was replayed. */
    :: else -> strays = true
    fi
}
#else
#define is_awake true
#define proves(what) assert(what)
#define see(what) skip
#endif
#define judging (is_awake && phase == judges)
#define deciding (judging && fate != pending && !has_acted && !seen_engaged)
#define asking (is_awake && phase == waits)

inline finish() { node = over; phase = off; see(IS_OVER) }

inline look_again() {
    phase = looks; seen_target = 0; seen_rest = false; seen_engaged = false
}

inline close_question() { heard = 0; heard_count = 0; has_no = false }

inline let_go() {
#ifndef KEEPS_LEAVE
    signers = 0; is_used = false;
#endif
    is_in_hand = false
}

inline ask(its_target, its_rest) {       /* Anew with each process: a new nonce. */
    form++; asked_target = its_target; asked_rest = its_rest; is_late = false; effects = 0;
    signed_before = signed_before | (signed_by & (A + B));
    signed_by = DISHONEST + STRANGER; agreed = DISHONEST;
    printf("form %d: target %d, rest %d\n", form, asked_target, asked_rest)
}

inline take_yes(keys) {
    signers = keys; close_question(); node = guards; look_again();
    see(HEARS_YES);
    printf("form %d is agreed to by %d\n", form, signers)
}

active proctype Executor() {
    do
    :: d_step { is_awake && phase == off && node != over ->
        phase = (node == asks -> waits : looks);
        see(BEGINS);
        printf("the executor begins at %e\n", node);
        if
        :: node == asks && form < FORMS -> ask(asked_target, asked_rest)
        :: node == asks && form == FORMS -> finish()
        :: else
        fi }
    :: phase == off && node == over -> break

    :: d_step { is_awake && phase == looks ->
        seen_target = target; seen_rest = rest; seen_engaged = engaged;
        is_fit = count(signers & listed) >= QUORUM && !is_late && target == asked_target &&
            rest == asked_rest;
        phase = judges }

    :: d_step { judging && fate == pending ->
        fate = (has_acted -> done : refused);
        look_again();
        printf("intent %d is read back: %e\n", intents, fate) }
    :: d_step { judging && fate != pending && has_acted -> printf("it helped\n"); finish() }
    :: d_step { judging && fate != pending && has_acted && intents < INTENTS ->
        let_go(); has_acted = false; effects_count--; node = guards; look_again();
        printf("it did not help, was undone, and is proposed once more\n") }
    :: d_step { judging && fate != pending && !has_acted && seen_engaged -> look_again() }
    :: d_step { judging && fate != pending && seen_engaged && is_in_hand -> finish() }

    :: d_step { deciding && node == guards && is_leave ->
        node = acts; look_again(); printf("guard permits by form %d\n", form) }
    :: d_step { deciding && node == guards && !is_leave && form < FORMS ->
        let_go();
        ask(seen_target, seen_rest);
        node = asks; look_again(); phase = waits;
        see(ASKS) }
    :: d_step { deciding && !is_in_hand && (!is_left_alone || form == FORMS) ->
        finish() }                           /* Another rule refuses, or it is cleared. */
    :: d_step { deciding && node == acts && !may_act && !is_in_hand ->
        let_go(); node = guards; look_again() }
    :: d_step { deciding && node == acts && (intents == INTENTS || is_in_hand) -> finish() }
    :: d_step { deciding && node == acts && may_act && intents < INTENTS ->
#ifndef BEGUN_IS_DONE
        is_fit = is_fit || is_in_hand;       /* What has begun is carried through. */
#endif
        if
        :: is_in_hand
        :: else -> see(WRITES_INTENT)
        fi;
        is_used = true; is_in_hand = true; intents++; fate = pending; expected = seen_target;
        look_again(); phase = performs;
        printf("intent %d by form %d: target %d\n", intents, form, expected) }

    :: d_step { is_awake && phase == performs ->
        phase = settles;
        if
        :: engaged
#ifndef ANY_TARGET
        :: !engaged && target != expected
        :: !engaged && target == expected ->
#else
        :: !engaged ->
#endif
            printf("an effect on target %d by form %d\n", target, form);
            effects++;
            proves(effects == 1);
            proves(signers && target == asked_target);
            proves(count(agreed & signers) >= QUORUM);
            proves((agreed & (A + B)) != 0);
            proves(!is_denied);
            proves(!is_stopped);
            proves(is_fit);
            effects_count++; has_acted = true
        fi;
        is_fit = false; expected = 0 }
    :: d_step { is_awake && phase == settles ->
        fate = (has_acted -> done : refused); look_again();
        printf("intent %d: %e\n", intents, fate) }
    :: d_step { is_awake && phase == settles -> look_again() }       /* No reply: read back. */

    :: d_step { asking && heard_from >= QUORUM -> take_yes(heard) }
    :: d_step { asking && !is_left_alone -> close_question(); finish() }    /* It is cleared. */
#ifndef WAITS_FOR_EVER
    :: d_step { asking && is_late ->
#ifdef SILENCE_IS_YES
        is_late = false; take_yes(listed) }
#else
        printf("silence is no\n"); close_question(); finish() }
#endif
#endif
    :: d_step { asking && has_no ->
        is_denied = true; is_stopped = true; printf("form %d: no\n", form);
        see(HEARS_NO);
#ifdef YES_AFTER_NO
        has_no = false }
#else
        close_question(); finish() }
#endif

    :: d_step { is_awake && phase != off && kills > 0 ->
        kills--; close_question(); look_again(); phase = off; is_fit = false; expected = 0;
        see(IS_KILLED);
        printf("the executor is killed\n") }
    :: d_step { is_awake && phase == off && node != over && kills < KILLS && (listed & B) ->
        listed = listed - B; printf("B is no approver any more\n") }
    od
}

#if defined(UNSIGNED)
#define has_signed true
#elif defined(ANY_FORM)
#define has_signed (((signed_by | signed_before) & key) != 0)
#else
#define has_signed ((signed_by & key) != 0)
#endif
#ifdef ANY_KEY
#define is_listed true
#else
#define is_listed ((listed & key) != 0)
#endif

proctype Key(byte key) {
end:
    do
    :: d_step { node == asks && !(signed_by & key) && !is_silent ->
        signed_by = signed_by | key; agreed = agreed | key;
        printf("%d signs form %d\n", key, form) }
#ifdef SIGNS_UNSEEN
    :: d_step { node == asks && !(signed_by & key) ->
        signed_by = signed_by | key;
        printf("%d signs form %d, and was shown something else\n", key, form) }
#endif
#ifdef COUNTS_TWICE
    :: d_step { asking && has_signed && is_listed && heard_count < QUORUM ->
        heard = heard | key; heard_count++ }
#else
    :: d_step { asking && has_signed && is_listed && !(heard & key) -> heard = heard | key }
#endif
    od
}

active proctype Person() {
end:
    do
    :: d_step { asking && !has_no && !is_left_alone ->
#ifdef ACKNOWLEDGES_EARLY
        is_denied = true; is_stopped = true;
#endif
        has_no = true }
    :: d_step { !is_stopped && node != over && !is_left_alone ->
#ifndef STOPS_WHILE_ASKING
        engaged = true;
#endif
        is_stopped = true; printf("somebody wants it stopped\n") }
    od
}

active proctype World() {
end:
    do
    :: d_step { form > 0 && node != over && !is_late -> is_late = true }
    :: d_step { !is_other_process && node != over -> is_other_process = true }
    :: d_step { !rest && node != over -> rest = true }
    od
}

init {
    atomic {
        if
        :: is_left_alone = true
        :: is_left_alone = true; is_silent = true
        :: skip
        fi;
        run Key(A); run Key(B); run Key(DISHONEST); run Key(STRANGER)
    }
}

#ifdef LIVENESS
ltl ends { <> (node == over || engaged) }
#endif
