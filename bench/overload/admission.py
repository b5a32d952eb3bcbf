"""Who lets a call through: the two rules of others that are measured beside ours, by their
published formulas, and nothing else of them.

Pure: times and chance are parameters.
"""

from collections import deque


class ClientThrottle:
    """Drops a call before it is sent, the likelier the fewer of the last ones were accepted.

    SOURCE: Site Reliability Engineering (O'Reilly 2016), chapter 21, "Client-Side Throttling":
    max(0, (requests - K * accepts) / (requests + 1)), K = 2. The book looks at two minutes; here
    an overload lasts seconds, and with its two minutes it would begin after the overload.
    """

    K = 2.0

    def __init__(self, window_s=10.0):
        self.window_s = window_s
        self.asked, self.accepted = deque(), deque()  # When.

    def drop_chance(self, now):
        for times in (self.asked, self.accepted):
            while times and times[0] <= now - self.window_s:
                times.popleft()
        return max(0.0, (len(self.asked) - self.K * len(self.accepted)) / (len(self.asked) + 1))

    def note_asked(self, now):
        """Also of a call that was dropped here: the formula counts what the application wanted."""
        self.asked.append(now)

    def note_accepted(self, now):
        self.accepted.append(now)


class AdmissionLevel:
    """At the callee: users above a level are told no, and queueing time moves the level.

    SOURCE: Zhou et al., "Overload Control for Scaling WeChat Microservices" (SoCC 2018), algorithm
    1: a window ends after a second or 2,000 requests; it was too much if requests waited 20 ms on
    average; then 5 % fewer than were admitted are to be admitted, else 1 % more. There is one
    business priority here and 128 user priorities. Its other half, in which callers hear of the
    level and drop calls themselves, is left out: this is admission at the callee alone.
    """

    WINDOW_S, WINDOW_REQUESTS = 1.0, 2_000
    WAIT_S_MAX = 0.020
    FEWER, MORE = 0.05, 0.01
    USERS = 128

    def __init__(self, now):
        self.level = self.USERS - 1  # The last priority that is admitted.
        self._begin(now)

    def _begin(self, now):
        self.began_at = now
        self.asked = [0] * self.USERS
        self.asked_count = self.admitted_count = 0
        self.waits_s, self.waits_count = 0.0, 0

    def admits(self, user, now):
        if (now - self.began_at >= self.WINDOW_S
                or self.asked_count >= self.WINDOW_REQUESTS):
            self.level = self._next_level()
            self._begin(now)
        self.asked[user] += 1
        self.asked_count += 1
        is_admitted = user <= self.level
        self.admitted_count += is_admitted
        return is_admitted

    def note_wait(self, seconds):
        self.waits_s += seconds
        self.waits_count += 1

    def _next_level(self):
        is_overloaded = self.waits_s > self.WAIT_S_MAX * self.waits_count
        wanted = self.admitted_count * (1 - self.FEWER if is_overloaded else 1 + self.MORE)
        admitted = 0
        for user, count in enumerate(self.asked):
            admitted += count
            if admitted > wanted:
                return max(0, user - 1)
        return self.USERS - 1
