"""Log lines with known truth: which template each is of, and what it means.

`service_lines` draws a service's templates from a seed (words, slots, siblings that differ in one
word) and writes lines of them in one of four formats. `trouble_lines` has wordings of troubles that
served nobody to write the lexicon: they were written after it and are never added to it.
"""

import random

FORMATS = ("plain", "logfmt", "json", "syslog")
SUBJECTS = ("order", "payment", "invoice", "shipment", "session", "basket", "voucher", "customer",
            "refund", "price list", "stock level", "catalogue", "delivery", "account", "report",
            "message", "lease", "snapshot", "index", "replica", "shard", "token", "document")
VERBS = ("accepted", "rejected", "stored", "loaded", "expired", "replayed", "merged", "skipped",
         "queued", "forwarded", "archived", "recomputed", "validated", "assigned", "locked",
         "published", "delayed", "restored", "imported", "compacted")
SIBLINGS = (("opened", "closed"), ("started", "finished"), ("added", "removed"),
            ("enabled", "disabled"), ("created", "deleted"), ("acquired", "released"),
            ("up", "down"), ("awake", "asleep"), ("hot", "cold"), ("high", "low"))
TAILS = ("for {name}", "by {name}", "after {dur}", "in {dur}", "with {num} items", "from {ip}",
         "at {path}", "because of {quoted}", "on host {host}", "as version {num}",
         "to queue {quoted}",
         "with ids {list}", "under key {id}", "while reading {path}", "by user {name} of {host}",
         "in batch {id}", "without further notice", "as planned", "once more", "of {num} bytes",
         "for tenant {name}", "after {num} of {num} attempts", "since {quoted} is gone",
         "and {num} others", "before the deadline", "outside of the window")
HEADS = ("", "", "", "now ", "finally the ", "background job: ", "{name} says: ", "the ")
NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy",
         "mallory", "niaj", "olivia", "peggy", "quentin", "rupert", "sybil", "trent", "ursula",
         "victor", "walter", "xenia", "yvonne", "zoe", "acme", "globex", "initech", "umbrella",
         "hooli", "wonka", "stark", "wayne", "tyrell", "cyberdyne", "soylent", "vandelay")
LOGGERS = ("com.shop.Orders", "com.shop.Stock", "com.shop.web.Api", "com.shop.jobs.Nightly")


def value_of(slot, rng):
    if slot == "num":
        return str(rng.choice((rng.randrange(10), rng.randrange(10 ** 6))))
    if slot == "dur":
        return rng.choice((f"{rng.randrange(999)}ms", f"{rng.randrange(99)} s",
                           f"{rng.random() * 9:.2f} seconds"))
    if slot == "id":
        return rng.choice((f"{rng.getrandbits(64):016x}", f"o-{rng.randrange(10 ** 5)}",
                           f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}"))
    if slot == "ip":
        return ".".join(str(rng.randrange(256)) for _ in range(4)) + f":{rng.randrange(65536)}"
    if slot == "path":
        return "/" + "/".join(rng.sample(("srv", "data", "tmp", "a", "logs", "2026"), 3))
    if slot == "quoted":
        return "'" + " ".join(rng.sample(NAMES, rng.randrange(1, 4))) + "'"
    if slot == "host":
        return f"node-{rng.randrange(40)}.{rng.choice(('eu', 'us'))}.example.com"
    if slot == "list":
        numbers = (str(rng.randrange(10 ** 4)) for _ in range(rng.randrange(1, 6)))
        return "[" + ", ".join(numbers) + "]"
    return rng.choice(NAMES)


def filled(pattern, rng):
    parts = pattern.split("{")
    return parts[0] + "".join(value_of(part.split("}")[0], rng) + part.split("}")[1]
                              for part in parts[1:])


def draw_templates(rng, count):
    """Patterns, none of which has the words of another."""
    patterns, seen = [], set()
    while len(patterns) < count:
        subject = f"{rng.choice(HEADS)}{rng.choice(SUBJECTS)}{rng.choice((' {num}', ' {id}', ''))}"
        tails = " ".join(rng.sample(TAILS, rng.choice((1, 1, 2))))
        verbs = rng.choice(SIBLINGS) if rng.random() < 0.15 else (rng.choice(VERBS),)
        for verb in verbs:
            pattern = f"{subject} {verb} {tails}"
            words = tuple(word for word in pattern.split() if "{" not in word)
            if words not in seen:
                seen.add(words)
                patterns.append(pattern)
    return patterns[:count]


def formatted(form, level, logger, message, rng):
    second, milli = rng.randrange(60), rng.randrange(1000)
    stamp = f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    if form == "plain":
        return (f"{stamp} 20:{rng.randrange(60):02}:{second:02}.{milli:03} {level} "
                f"[worker-{rng.randrange(8)}] {logger} - {message}")
    if form == "logfmt":
        return (f"time={stamp}T20:00:{second:02}.{milli:03}Z level={level.lower()} "
                f'msg="{message}" trace={rng.getrandbits(64):016x} tenant={rng.choice(NAMES)}')
    if form == "json":
        return (f'{{"time":"{stamp}T20:00:{second:02}.{milli:03}Z","level":"{level.lower()}",'
                f'"logger":"{logger}","msg":"{message}","tenant":"{rng.choice(NAMES)}",'
                f'"took_ms":{milli}}}')
    month = rng.choice(("Jan", "Feb", "Jun", "Nov"))
    return (f"{month} {rng.randrange(1, 29):2} 20:00:{second:02} node-{rng.randrange(9)} "
            f"shop[{rng.randrange(30000)}]: {level}: {message}")


def service_lines(seed, form, lines_count=10_000, templates_count=60):
    """(line, message, number of its template) for each line."""
    rng = random.Random(f"{seed} {form}")
    patterns = draw_templates(rng, templates_count)
    levels = [rng.choice(("INFO", "INFO", "INFO", "WARN", "ERROR")) for _ in patterns]
    loggers = [rng.choice(LOGGERS) for _ in patterns]
    weights = [1 / (rank + 1) for rank in range(len(patterns))]
    for number in rng.choices(range(len(patterns)), weights, k=lines_count):
        message = filled(patterns[number], rng)
        yield formatted(form, levels[number], loggers[number], message, rng), message, number


# Of each wording the glosses that are right.
TROUBLES = (
    ("peer turned us away on connect: Connection refused", "connection_refused"),
    ("could not talk to ledger-db, tcp connect got ECONNREFUSED", "connection_refused"),
    ("upstream slammed the door (connection reset by peer) after 3 bytes", "connection_reset"),
    ("the socket was torn down in mid-sentence by the other side", "connection_reset"),
    ("no answer from rates within 500 ms, the budget is used up", "read_timeout timed_out"),
    ("waited 2 s for fraud, then gave up: request timed out", "read_timeout timed_out"),
    ("call to inventory ran into its deadline", "grpc_deadline_exceeded timed_out read_timeout"),
    ("java.util.concurrent.TimeoutException: Did not observe any item", "timed_out read_timeout"),
    ("lookup of rates.internal came back empty: no such host", "dns_not_found"),
    ("name resolution for queue.internal keeps failing", "dns_failing dns_not_found"),
    ("the certificate of the peer ran out yesterday (certificate has expired)",
     "certificate_expired"),
    ("peer shows a certificate by an unknown authority", "certificate_untrusted"),
    ("tls: handshake failure while greeting the bank", "tls_failed"),
    ("login to the database bounced: password authentication failed", "authentication_failed"),
    ("our API key is not valid any more, the provider says 401 Unauthorized", "http_401 "
     "authentication_failed token_expired"),
    ("access token too old: jwt expired", "token_expired"),
    ("open /etc/shop/key.pem: permission denied", "permission_denied"),
    ("we may not write there: Operation not permitted", "permission_denied"),
    ("cannot append to the journal, no space left on device", "disk_full"),
    ("writing the report failed with ENOSPC", "disk_full"),
    ("the volume has 0 bytes free", "disk_full"),
    ("accept4 failed, too many open files", "too_many_files"),
    ("ran out of file handles (EMFILE)", "too_many_files"),
    ("fatal: could not get 64 MiB, cannot allocate memory", "out_of_memory"),
    ("MemoryError while building the index", "out_of_memory"),
    ("the kernel's OOM killer took worker 4", "out_of_memory"),
    ("heap is at 99 %, collecting did not help", "out_of_memory gc_pause"),
    ("all 20 connections of the pool are taken, waited 30 s for one", "pool_exhausted"),
    ("sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached",
     "pool_exhausted"),
    ("the database lets nobody in any more: sorry, too many clients already",
     "too_many_connections"),
    ("transaction rolled back as the victim of a deadlock", "deadlock"),
    ("two transactions wait for each other, one was ended", "deadlock"),
    ("lock on row 7 not granted: Lock wait timeout exceeded", "lock_timeout"),
    ("sqlite3.OperationalError: database is locked", "lock_timeout"),
    ("statement cancelled by its timeout after 5 s", "query_timeout timed_out"),
    ("insert broke a rule: duplicate key value violates unique constraint", "duplicate_key"),
    ("no column named colour in table items", "column_missing"),
    ("psycopg2.errors.UndefinedTable: relation \"coupons\" does not exist", "relation_missing"),
    ("the statement is no SQL: syntax error at or near \"FORM\"", "sql_syntax"),
    ("cache said READONLY You can't write against a read only replica.", "read_only_store"),
    ("redis.exceptions.BusyLoadingError: Redis is loading the dataset in memory",
     "database_starting"),
    ("redis.exceptions.ConnectionError: Connection closed by server.", "connection_reset "
     "connect_failed network_trouble"),
    ("kafka: client has run out of available brokers to talk to", "broker_unavailable"),
    ("org.apache.kafka.common.errors.NotLeaderOrFollowerException", "not_leader"),
    ("message could not be produced: Local: Message timed out", "delivery_failed"),
    ("consumer left the group, rebalancing", "consumer_rebalanced"),
    ("rabbit: connection.blocked: low on memory", "broker_blocked"),
    ("channel/connection closed, code 404, no queue 'invoices'", "topic_missing"),
    ("MongoNetworkError: failed to connect to server on first connect", "server_selection "
     "connect_failed"),
    ("elasticsearch: all shards failed", "replicas_out_of_sync"),
    ("index is frozen, flood stage disk watermark exceeded", "disk_full"),
    ("fraud answered with status 503", "http_503"),
    ("HTTP 500 from pricing, body of 0 bytes", "http_500"),
    ("bad gateway between us and shipping", "http_502"),
    ("they throttle us: 429 Too Many Requests", "http_429 rate_limited"),
    ("rpc error: code = ResourceExhausted desc = quota", "grpc_resource_exhausted"),
    ("io.grpc.StatusRuntimeException: UNAVAILABLE: io exception", "grpc_unavailable"),
    ("grpc: the server is not there (code = Unavailable)", "grpc_unavailable"),
    ("circuit breaker for rates is now OPEN", "circuit_open"),
    ("tried 5 times and gave up on shipping", "retries_exhausted"),
    ("no backend left to send this to: no server available", "no_server_available"),
    ("java.lang.NullPointerException: Cannot invoke \"Order.total()\"", "null_dereference"),
    ("AttributeError: 'NoneType' object has no attribute 'total'", "null_dereference "
     "attribute_missing"),
    ("TypeError: order.total is not a function", "type_error"),
    ("panic: runtime error: index out of range [5] with length 3", "index_out_of_range"),
    ("System.IndexOutOfRangeException: Index was outside the bounds of the array.",
     "index_out_of_range"),
    ("java.lang.StackOverflowError", "stack_overflow"),
    ("ZeroDivisionError: division by zero", "arithmetic_error type_mismatch"),
    ("ImportError: cannot import name 'total' from 'shop'", "import_failed"),
    ("Error: Cannot find module './prices'", "import_failed"),
    ("worker 3 died of SIGSEGV", "segmentation_fault"),
    ("java.util.ConcurrentModificationException", "concurrency_fault"),
    ("invalid character 'x' looking for beginning of value", "json_malformed"),
    ("com.fasterxml.jackson.core.JsonParseException: Unrecognized token", "json_malformed"),
    ("payload is not what the schema wants: failed to deserialize", "schema_mismatch"),
    ("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff", "encoding_invalid"),
    ("config.yaml: mapping values are not allowed in this context", "yaml_malformed"),
    ("refusing to start: environment variable DB_URL is not set", "setting_missing"),
    ("unknown setting 'retires' in shop.conf", "config_invalid invalid_input"),
    ("FileNotFoundError: [Errno 2] No such file or directory: '/srv/x'", "file_missing"),
    ("listen tcp :8080: bind: address already in use", "address_in_use"),
    ("migration 0042 did not go through: table \"users\" already exists", "migration_failed "
     "already_exists"),
    ("clock of this host is 40 s ahead of the issuer's, token used before issued", "clock_skew"),
    ("the queue holds 10000 of 10000 messages, dropping new ones", "queue_full"),
    ("work refused: all 64 threads busy", "threads_exhausted"),
    ("RejectedExecutionException: pool size = 8, active threads = 8", "threads_exhausted"),
    ("java.lang.OutOfMemoryError: unable to create native thread", "threads_exhausted "
     "out_of_memory"),
    ("the replica lags 90 s behind its source", "replication_broken"),
    ("page 17 of the index fails its checksum", "data_corrupted"),
    ("client hung up before we had an answer", "client_gone"),
    ("body of 12 MB is above the limit of 1 MB: payload too large", "request_too_large http_413"),
    ("serving an older price, the source does not answer", "health_degraded read_timeout timed_out "
     "unavailable"),
    ("card was declined by the issuer", "business_refused"),
    ("job nightly-export failed after 3 attempts", "job_failed retries_exhausted"),
    ("unhandled exception in request handler", "unhandled_exception"),
    ("Unhandled rejection at: Promise", "unhandled_exception"),
    ("could not serialize access due to concurrent update", "serialization_conflict deadlock"),
    ("org.hibernate.StaleObjectStateException: Row was updated by another transaction",
     "serialization_conflict"),
)


def trouble_lines():
    """(line, glosses that are right) for each wording, in each format."""
    rng = random.Random("troubles")
    for message, right in TROUBLES:
        for form in FORMATS:
            text = message.replace('"', '\\"') if form in ("logfmt", "json") else message
            yield formatted(form, "ERROR", "com.shop.Orders", text, rng), set(right.split())
