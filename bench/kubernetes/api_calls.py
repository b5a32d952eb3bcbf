"""What an account asked of the API server, by the server's own audit log."""

import datetime
import json
from collections import Counter


def calls_of(audit_log, account, since, until):
    """"verb resource" and how often, of requests that were begun between the two instants (seconds
    of Unix time). A watch counts once, when it is opened."""
    counts = Counter()
    with open(audit_log, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            is_answered = entry["stage"] == ("ResponseStarted" if entry["verb"] == "watch"
                                             else "ResponseComplete")
            if is_answered and entry["user"]["username"].endswith(f":{account}") and (
                    since <= seconds_of(entry["requestReceivedTimestamp"]) < until):
                counts[f"{entry['verb']} {resource_of(entry.get('objectRef'))}"] += 1
    return dict(sorted(counts.items()))


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def resource_of(target):
    if not target:
        return "itself"  # /readyz, /version …
    resource, part = target.get("resource", ""), target.get("subresource")
    return f"{resource}/{part}" if part else resource
