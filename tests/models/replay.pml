/* What pledge.pml, capacity.pml and approval.pml share when they are replayed: the events of one
 * history, read from the file `events`, four numbers each: kind, one, other, and the size of what
 * is asked for by such a question. They are no part of the state. */

#define EVENTS_MAX 6000
hidden short kinds[EVENTS_MAX];
hidden short ones[EVENTS_MAX];
hidden short others[EVENTS_MAX];
hidden short events_count;
hidden short sizes[512];    /* Of a question: 256 to each who asks. */
short at;                   /* Of the next event; 0: nothing is read yet. */
#define is_next(kind) (at > 0 && kinds[at] == kind)
#define seen_one ones[at]

c_decl { \#include <stdio.h> }

active proctype Reading() {
    d_step { at == 0;
        c_code {
            FILE *file = fopen("events", "r");
            events_count = 1;
            short size = 0;
            while (file && events_count < 6000 - 1 &&
                   fscanf(file, "%hd %hd %hd %hd", &kinds[events_count], &ones[events_count],
                          &others[events_count], &size) == 4) {
                if (size > 0) {
                    sizes[ones[events_count] * 256 + others[events_count]] = size;
                }
                events_count++;
            }
            if (file) { fclose(file); }
        };
        at = 1 }
}

/* Who does what was not seen goes no further. */
inline tell(kind, one, other) {
    if
    :: is_next(kind) && ones[at] == one && others[at] == other ->
        at++; assert(at < events_count)    /* Broken: all was replayed. */
    :: else -> false
    fi
}
