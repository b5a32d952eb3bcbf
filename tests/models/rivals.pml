/* Rivals: we, a GitOps reconciler, a person and an autoscaler at the same Deployment.
 *
 * Abstracts
 *   Agent     heal/healing_nodes.cpp (guard, act, escalate), guard/rules_pace.cpp (taken_back),
 *             guard/lasting.cpp (announce, settle, see_gone, outlive, taken_back_count),
 *             act/resolve.cpp (SwapVersion), adapters/kubernetes/kubernetes_runtime.cpp (roll_back)
 *   Wire      adapters/kubernetes/rollback.cpp (rollback_patch: the template that we saw is tested
 *             in the patch), write_outcome.cpp. A request that was sent may arrive late, or never,
 *             and so may its answer
 *   Watch     what views lag behind; the agent decides by one, or by a read of its own
 *   GitOps    writes what is declared whenever it is otherwise, without a look at whose that was
 *   Person    changes the template by hand, and what is declared, once each
 *   Scaler    changes the number of replicas in the same object
 *
 * The bad version is declared, so that whoever is right about it is in a fight.
 *
 * Proves
 *   - a write of ours takes the place of what we saw, and of nothing else: never of what a rival
 *     has made of it since, nor of anything in the object beside the template;
 *   - it is taken back twice at most, and once more for each death of ours: then we yield;
 *   - at last it is well, or a person was told (<>, under weak fairness).
 *
 * Left out: the window (what somebody takes back after more than ten minutes is no fight, by
 * intent); attempts, budgets and cool-downs, which would end it as well; the autoscaler as a rival
 * for the template; other artifacts.
 *
 * Bounds: one death, between an intent and its outcome or anywhere; two requests on their way at
 * once; two changes of the replicas.
 *
 * Must fail: -DNO_PRECONDITION (the patch does not test the template), -DWHOLE_OBJECT (it writes
 * back all that was read), -DNO_YIELD (what was taken back is not counted: also at last, in a
 * cycle), -DLOST_IS_NOTHING (an effect that is looked for and not found was not taken back),
 * -DFORGETS (it is counted in memory), -DSILENT (we yield and tell nobody: in a cycle). A limit,
 * and fails too: -DSAME_IS_UNTOUCHED. The template alone is tested: a request that comes late takes the
 * place of what a rival has put there again, if it is what we saw.
 */

#define DEATHS 1
#define TAKEN_BACK_MAX 2
#define SLOTS 2
#define MANY 6                /* More than may be: counted no further. */

mtype = { bad, good, third };
mtype = { off, looks, judges, gets, waits, yields };
mtype = { none, out, done, refused };

/* The object, as the server has it. */
mtype template = bad;
byte replicas = 1;
mtype declared = bad;
mtype view = bad;             /* What a watch has told of it. */

/* The wire: patches from bad to good. */
mtype wire[SLOTS] = none;
byte replicas_read[SLOTS];
bool is_newer[SLOTS];         /* Ghost: a rival has written since we read. */

/* The ledger: durable. */
bool has_intent;              /* The latest has no outcome. */
bool may_be_unborn;           /* And we have died since. */
bool stands;                  /* Our version is in force, as far as we know. */
byte certain, unborn;         /* How often it was taken back. */
bool told;
#define count_taken_back (certain == 0 -> 0 : certain + unborn)
#ifdef NO_YIELD
#define is_fight false
#else
#define is_fight (count_taken_back >= TAKEN_BACK_MAX)
#endif

/* The process. */
mtype phase = off, seen = good;
byte slot;                    /* Of the patch that it waits for. */
byte deaths = DEATHS;

byte swaps;                   /* Ghost: by us. */
byte scales = 2;
byte set_to = 1;              /* Ghost: by the autoscaler. */
bool may_edit = true, may_declare = true;

inline note_taken_back() {
    if
    :: may_be_unborn && unborn < TAKEN_BACK_MAX -> unborn++
    :: !may_be_unborn && certain < TAKEN_BACK_MAX -> certain++
    :: else
    fi;
    printf("taken back: %d, and %d that may never have been\n", certain, unborn)
}

inline look_again() { phase = looks; seen = good; slot = 0 }

active proctype Agent() {
    do
    :: d_step { phase == off -> phase = looks; may_be_unborn = has_intent }
    :: d_step { phase == looks -> seen = template; phase = judges }
    :: d_step { phase == looks && view != template -> seen = view; phase = judges }

    :: d_step { phase == judges && has_intent ->                     /* Read back. */
        has_intent = false;
        if
        :: seen == good -> stands = true
#ifndef LOST_IS_NOTHING
        :: seen != good -> note_taken_back()
#else
        :: seen != good
#endif
        fi;
        printf("it is read back: %e\n", seen);
        may_be_unborn = false; look_again() }
    :: d_step { phase == judges && !has_intent && stands && seen != good ->
        stands = false; note_taken_back(); phase = judges }
    :: d_step { phase == judges && !has_intent && !(stands && seen != good) && seen != bad ->
        look_again() }
    :: d_step { phase == judges && !has_intent && !stands && seen == bad && is_fight ->
        phase = yields; seen = good;
#ifndef SILENT
        told = true;
#endif
        printf("we yield\n") }
    :: d_step { phase == judges && !has_intent && !stands && seen == bad && !is_fight &&
            (wire[0] == none || wire[1] == none) ->
        has_intent = true; slot = (wire[0] == none -> 0 : 1); seen = good; phase = gets;
        printf("intent\n") }
    :: d_step { phase == judges && !has_intent && !stands && seen == bad && !is_fight &&
            wire[0] != none && wire[1] != none -> look_again() }

    :: d_step { phase == gets && template != bad -> has_intent = false; look_again() }
    :: d_step { phase == gets && template == bad ->
        wire[slot] = out; replicas_read[slot] = replicas; is_newer[slot] = false; phase = waits }
    :: d_step { phase == waits && wire[slot] == done ->
        wire[slot] = none; has_intent = false; stands = true; look_again(); printf("done\n") }
    :: d_step { phase == waits && wire[slot] == refused ->
        wire[slot] = none; has_intent = false; look_again(); printf("refused\n") }
    :: d_step { phase == waits && wire[slot] != done && wire[slot] != refused -> look_again() }

    :: d_step { phase != off && phase != yields && deaths > 0 ->
        deaths--; look_again(); phase = off;
#ifdef FORGETS
        certain = 0; unborn = 0;
#endif
        printf("the agent dies\n") }
    :: phase == yields -> break
    od
}

#define waited_for(which) (phase == waits && slot == which)

inline arrive(which) {
    if
#ifndef NO_PRECONDITION
    :: template != bad -> wire[which] = (waited_for(which) -> refused : none)
    :: else ->
#else
    :: true ->
#endif
        assert(template == bad);
#ifdef SAME_IS_UNTOUCHED
        assert(!is_newer[which]);
#endif
        template = good;
#ifdef WHOLE_OBJECT
        replicas = replicas_read[which];
#endif
        assert(replicas == set_to);
        swaps = (swaps < MANY -> swaps + 1 : swaps);
#ifndef LIVENESS
        assert(swaps <= TAKEN_BACK_MAX + DEATHS - deaths);
#endif
        wire[which] = (waited_for(which) -> done : none);
        printf("we make it good\n")
    fi;
    replicas_read[which] = 0; is_newer[which] = false
}

active proctype Wire() {
end:
    do
    :: d_step { wire[0] == out -> arrive(0) }
    :: d_step { wire[1] == out -> arrive(1) }
    :: d_step { wire[0] == out -> wire[0] = none; replicas_read[0] = 0; is_newer[0] = false }
    :: d_step { wire[1] == out -> wire[1] = none; replicas_read[1] = 0; is_newer[1] = false }
    :: d_step { (wire[0] == done || wire[0] == refused) -> wire[0] = none }    /* The answer. */
    :: d_step { (wire[1] == done || wire[1] == refused) -> wire[1] = none }
    od
}

inline set(what) {
    template = what;
    is_newer[0] = is_newer[0] || wire[0] == out;
    is_newer[1] = is_newer[1] || wire[1] == out
}

active proctype Watch() {
end:
    do
    :: d_step { view != template -> view = template }
    od
}

active proctype GitOps() {
end:
    do
    :: d_step { template != declared -> set(declared); printf("gitops: %e again\n", declared) }
    od
}

active proctype Person() {
end:
    do
    :: d_step { may_edit -> may_edit = false; set(third); printf("somebody tries a third\n") }
    :: d_step { may_declare -> may_declare = false; declared = good; printf("declared good\n") }
    :: d_step { may_declare -> may_declare = false }                 /* Nobody sees to that. */
    od
}

active proctype Scaler() {
end:
    do
    :: d_step { scales > 0 -> scales--; replicas = 3 - replicas; set_to = replicas }
    od
}

#ifdef LIVENESS
ltl ends { <> (told || (template == good && declared == good)) }
#endif
