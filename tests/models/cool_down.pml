/* Cool-down and back-off: ages of what was done, by the clock of the machine, over restarts of
 * the agent, reboots, and a wall clock that jumps.
 *
 * Abstracts
 *   learn      guard/history.cpp (learn_intent, start_cool_downs, move_back)
 *   may_use    guard/rules_pace.cpp (cool_down), may_restart: the same (back_off)
 *   recover    heal/executor_memory.cpp (recover), heal/earlier_boots.cpp (reach): where a boot
 *              ends, its latest group is taken as written at instant 0 of the next one
 *   boot_time  adapters/system/system_clock.cpp: CLOCK_BOOTTIME, from 0 at each boot
 *
 * Proves, in true time
 *   - two incidents do not use the same remedy on the same target within the cool-down;
 *   - a reflex restart follows the one before it no sooner than the back-off for as many restarts
 *     as the window holds, and the window holds ATTEMPTS at most;
 *   - both end: once the machine has been up, since the boot and since the last event, for as
 *     long as the cool-down (the window), the remedy is permitted, however often the agent was
 *     restarted.
 *
 * What the executor remembers is what it learned from the ledger, live or at replay, group by
 * group and in order (history_test.cpp: both are equal). So one copy of it stands for both here:
 * it survives the agent, is used only while the agent is up, and each new group is learned as it
 * is written.
 *
 * Left out: an undo and a reflex know no cool-down, by intent; other rules; a second use by the
 * same incident, which the limit of attempts bounds. Time off does not count for us and only adds
 * to the true distance. Suspension to memory counts in CLOCK_BOOTTIME as in true time.
 *
 * Bounds: three boots, so that what was moved once is moved again; a horizon of four cool-downs
 * and two windows. Spans are small numbers because only their order matters: back-off < cool-down
 * < window.
 *
 * Must fail: -DWALL_CLOCK (ages by a clock that jumps), -DAGES_FROM_START (what an earlier boot
 * did is as young as the agent; it was so once), -DIGNORES_REBOOTS (instants of another boot
 * taken as of this one), -DFROM_CLOSE_ONLY (an incident that is open and has nothing in hand
 * cools nothing).
 */

#define COOL_DOWN 3
#define WINDOW 5
#define ATTEMPTS 3
#define BACK_OFF_FIRST 1
#define BACK_OFF_MAX 2
#define HORIZON 12
#define BOOTS 3
#define JUMP 4
#define NEVER (-100)
#define OF_EARLIER (-50)

/* The machine. */
byte now;                     /* True time, in ticks. */
byte boot, boot_at;
byte jumps = 1;
byte wall_ahead = JUMP;       /* So that a jump back does not get below zero. */
#define later(one, other) (one > other -> one : other)
#define boot_time (now - boot_at)
#define wall_time (now + wall_ahead)
#ifdef WALL_CLOCK
#define clock wall_time
#else
#define clock boot_time
#endif

/* The ledger, and what is learned from it, in instants of the boot that it was last written in. */
bool is_up;
byte boot_last;               /* That boot. */
short at_last;                /* The latest group's instant in it. */
bool in_hand;                 /* The open incident's remedy has no proof yet. */
short using = NEVER;          /* When the open incident used it. */
short cooling = NEVER;        /* Since when the remedy cools at its target. */
short restart[ATTEMPTS] = NEVER;    /* Reflex restarts, the latest first. */

/* Ghosts, in true time. */
short used_at = NEVER, ended_at = NEVER;
short restarted_at[ATTEMPTS] = NEVER;

#define remember_restart(list, instant) \
    list[2] = list[1]; list[1] = list[0]; list[0] = instant

inline move_back(instant) {
#ifdef AGES_FROM_START
    if :: instant != NEVER -> instant = OF_EARLIER :: else fi
#else
    if :: instant != NEVER -> instant = instant - at_last :: else fi
#endif
}

inline write() {              /* A group, of this instant. */
    at_last = clock
}

inline recover() {
    if
    :: boot_last != boot ->
#if !defined(WALL_CLOCK) && !defined(IGNORES_REBOOTS)
        move_back(using); move_back(cooling);
        move_back(restart[0]); move_back(restart[1]); move_back(restart[2]);
#endif
        boot_last = boot
    :: else
    fi;
#ifdef AGES_FROM_START
    start_at = clock;
#endif
    write();                  /* "started" */
    is_up = true
}

/* Of a list of restarts: how many are in the window before `moment`, and the wait after so many. */
#define in_window(list, index, moment) (age_from(list[index]) > moment - WINDOW -> 1 : 0)
#define restarts(list, moment) \
    (in_window(list, 0, moment) + in_window(list, 1, moment) + in_window(list, 2, moment))
#define back_off(number) \
    (number <= 0 -> 0 : (number == 1 -> BACK_OFF_FIRST : BACK_OFF_MAX))

#ifdef AGES_FROM_START
short start_at;
#define age_from(instant) (instant == OF_EARLIER -> start_at : instant)
#else
#define age_from(instant) instant
#endif
#ifdef FROM_CLOSE_ONLY
#define since age_from(cooling)
#else
#define since later(age_from(using), age_from(cooling))
#endif
#define may_use (clock >= since + COOL_DOWN)
#define may_restart (restarts(restart, clock) < ATTEMPTS && \
    clock >= age_from(restart[0]) + back_off(restarts(restart, clock)))
#define up_since(event) later(event, boot_at)

active proctype Machine() {
    bool is_reflex;           /* The two do not touch each other: one is tried, or the other. */

    if
    :: is_reflex = true
    :: is_reflex = false
    fi;
end:
    do
    :: d_step { now < HORIZON -> now++;
        if
        :: is_up ->
            assert(in_hand || may_use || now < up_since(later(used_at, ended_at)) + COOL_DOWN);
            assert(may_restart || now < up_since(restarted_at[0]) + WINDOW)
        :: else
        fi }
    :: d_step { !is_up ->
        recover(); printf("%d: the agent begins in boot %d; cooling since %d\n", now, boot, since) }
    :: d_step { is_up -> is_up = false; printf("%d: the agent ends\n", now) }
    :: d_step { boot < BOOTS - 1 ->
        is_up = false; boot++; boot_at = now; printf("%d: the machine boots\n", now) }
    :: d_step { jumps > 0 -> jumps--; wall_ahead = 0;
        printf("%d: the wall clock jumps back\n", now) }
    :: d_step { jumps > 0 -> jumps--; wall_ahead = 2 * JUMP;
        printf("%d: the wall clock jumps ahead\n", now) }
    :: d_step { is_up -> write() }           /* Anything else: a checkpoint. */

    :: d_step { is_up && !is_reflex && !in_hand && may_use ->
        printf("%d: an incident uses the remedy\n", now);
        assert(now >= used_at + COOL_DOWN);
        used_at = now; write(); in_hand = true; using = clock }
    :: d_step { is_up && in_hand ->
        write(); in_hand = false; printf("%d: it has its proof, and stays open\n", now) }
    :: d_step { is_up && using != NEVER ->
        ended_at = now; write(); in_hand = false; using = NEVER; cooling = clock;
        printf("%d: it ends\n", now) }

    :: d_step { is_up && is_reflex && may_restart ->
        printf("%d: a reflex restarts the process\n", now);
        assert(restarts(restarted_at, now) < ATTEMPTS);
        assert(now >= restarted_at[0] + back_off(restarts(restarted_at, now)));
        write(); remember_restart(restarted_at, now); remember_restart(restart, clock) }
    od
}
