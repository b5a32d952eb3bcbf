#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/strict_yaml.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

const std::string keys_known =
    "known here: service, runtime, flags, signals, journey, edge, neighbours, caches, tasks, mesh, "
    "block_sources, changes, notes, glosses, goals, model, guard, autonomy, approvals, record, "
    "control, metrics, roles, console, notify, oracle\n";

struct Case {
    std::string_view what;
    std::string text;
    std::string problems;
};

void check_cases(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        CAPTURE(one.what);
        CHECK(problems_of(one.text) == one.problems);
    }
}

/// A cache with what is right and nothing more but `more`.
std::string cache_for_test(const std::string& more) {
    return "caches: [ { name: c, entries: [a], redis: { address: \"127.0.0.1:1\", key: "
           "\"{entry}\" }, source: { url: \"http://127.0.0.1/{entry}\", field: f }" +
           more + " } ]\n";
}

}  // namespace

TEST_CASE("text that is not a configuration is refused with its place") {
    check_cases({
        {"empty", "", "0:0: the file is empty — it needs at least service, runtime and signals\n"},
        {"only a comment", "# nothing\n",
         "0:0: the file is empty — it needs at least service, runtime and signals\n"},
        {"a NUL byte", std::string("service: a\nb\0c: 1\n", 18),
         "2:2: a NUL byte — is this a text file in UTF-8?\n"},
        {"a list", "- service\n", "1:1: a list stands here — write keys with values\n"},
        {"a word", "payments\n", "1:1: one value stands here — write keys with values\n"},
        {"a tab", "service:\n\tname: x\n", "2:1: a tab in the indentation — write spaces\n"},
        {"a bracket that stays open", with("notes: [ \"a\"\n"),
         "6:1: not valid YAML: end of sequence flow not found — look at colons, quotes, brackets "
         "and indentation\n"},
        {"a second document", with("---\nservice: other\n"),
         "5:1: a second document (---) — one file configures one service\n"},
        {"too large", std::string(yaml_bytes_max + 1, '#'),
         "0:0: 262145 bytes — a configuration has at most 262144\n"},
        {"too many values", "notes: [" + std::string(8192, ',') + "]\n",
         "1:4104: more than 4096 values — a configuration never has so many\n"},
        {"too deep", "service: " + std::string(100'000, '['),
         "1:16: nested deeper than 12 levels — a configuration never is\n"},
    });
}

TEST_CASE("what YAML allows and hides is refused: duplicates, anchors, aliases, tags") {
    check_cases({
        {"a key twice", with("oracle: rules\noracle: both\n"),
         "6:1: 'oracle' stands twice, first in line 5 — keep one of them\n"},
        {"a key twice inside", with("guard: { min_healthy: 1, min_healthy: 0 }\n"),
         "5:26: 'min_healthy' stands twice, first in line 5 — keep one of them\n"},
        {"an anchor and its alias", with("notes: [ &a \"x\", *a ]\n"),
         "5:10: an anchor (&) is not read here — write the value out\n"
         "5:18: an alias (*) is not read here — write the value out\n"},
        {"a merge key", with("guard: &g { min_healthy: 1 }\nautonomy: { <<: *g }\n"),
         "5:8: an anchor (&) is not read here — write the value out\n"
         "6:13: autonomy: unknown key '<<' — known here: eject, open_circuit, invalidate_cache, "
         "reroute, restart, rolling_restart, scale, rollback, resize, pause_rollout, reduce_mode, "
         "block_source, tasks\n"
         "6:17: an alias (*) is not read here — write the value out\n"},
        {"a tag", with("oracle: !!str rules\n"),
         "5:9: a tag (!) is not read here — write the value without it\n"},
        {"a line break", with("notes: [ \"one\\ntwo\" ]\n"),
         "5:10: a control character or line break inside a value — write it on one line\n"},
    });
}

TEST_CASE("unknown keys are refused, with the one that was probably meant") {
    check_cases({
        {"near", with("gaurd: { min_healthy: 1 }\n"),
         "5:1: unknown key 'gaurd' — did you mean 'guard'? " + keys_known},
        {"near, inside", with("guard: { min_helthy: 1 }\n"),
         "5:10: guard: unknown key 'min_helthy' — did you mean 'min_healthy'? known here: "
         "cool_down, attempts_max, min_healthy, taken_back_max, freeze_above, effects_max, "
         "effects_window, "
         "back_off_first, back_off_max, demote, successes_max, successes_window, destructive, "
         "proof_time, hold_for, question_for, fleet, undo_for, maintenance\n"},
        {"far", with("frobnicate: 1\n"), "5:1: unknown key 'frobnicate' — " + keys_known},
        {"in an item",
         "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
         "signals: [ { htpp: { path: / } } ]\n",
         "3:14: signals: unknown key 'htpp' — did you mean 'http'? known here: http, prometheus, "
         "logs\n"},
        {"in the wrong place", with("min_healthy: 1\n"),
         "5:1: unknown key 'min_healthy' — it belongs to guard\n"},
    });
}

TEST_CASE("values of the wrong type or size say what belongs there") {
    check_cases({
        {"nothing", with("guard:\n"),
         "5:1: guard: nothing stands here — write keys with values, or leave the key out\n"},
        {"a list for a section", with("guard: [1]\n"),
         "5:8: guard: a list stands here — write keys with values\n"},
        {"a value for a section", with("guard: strict\n"),
         "5:8: guard: one value stands here — write keys with values\n"},
        {"a section for a value", with("oracle: { a: b }\n"),
         "5:9: oracle: a section stands here — write one value\n"},
        {"a note that is too long", with("notes: [ " + std::string(115, 'x') + " ]\n"),
         "5:10: notes[0]: a text of 115 bytes — write at most 114\n"},
        {"an empty list", with("notes: []\n"), "5:8: notes: a list of 0 — write 1 to 8\n"},
        {"a duration without its unit", with("guard: { cool_down: 120 }\n"),
         "5:21: guard.cool_down: '120' is not a duration — write the unit too, 120s or 120ms\n"},
        {"no duration", with("guard: { cool_down: soon }\n"),
         "5:21: guard.cool_down: 'soon' is not a duration — write a whole number with a unit, as "
         "in 500ms, 2s, 5m, 1h or 7d\n"},
        {"a negative duration", with("guard: { cool_down: -2s }\n"),
         "5:21: guard.cool_down: '-2s' is not a duration — write a whole number with a unit, as in "
         "500ms, 2s, 5m, 1h or 7d\n"},
        {"a fraction of a duration", with("guard: { cool_down: 1.5s }\n"),
         "5:21: guard.cool_down: '1.5s' is not a duration — write a whole number with a unit, as "
         "in 500ms, 2s, 5m, 1h or 7d\n"},
        {"an endless duration", with("guard: { cool_down: 99999999999999h }\n"),
         "5:21: guard.cool_down: '99999999999999h' is out of range — write 0s to 24h\n"},
        {"records kept for less than a month", with("record: { keep: 30d }\n"),
         "5:17: record.keep: '30d' is out of range — write 31d to 3660d\n"},
        {"a name that is a secret",
         with("neighbours: [ { service: sk-abcdefghijklmnopqrstuvwx, backend: b } ]\n"),
         "5:1: neighbours: neighbours are seen through the edge only — add edge: { haproxy: … }\n"
         "5:26: neighbours[0].service: a name that looks like a secret: in every record it would "
         "be "
         "replaced, and be no name any more — write another one\n"},
        {"no time for the model", with("model: { url: \"http://127.0.0.1:1\", deadline: 0ms }\n"),
         "5:47: model.deadline: '0ms' is out of range — write 1ms to 10s\n"},
        {"a negative number", with("guard: { attempts_max: -1 }\n"),
         "5:24: guard.attempts_max: '-1' is out of range — write a whole number from 0 to 100\n"},
        {"a fraction", with("guard: { attempts_max: 1.5 }\n"),
         "5:24: guard.attempts_max: '1.5' is out of range — write a whole number from 0 to 100\n"},
        {"a word for a number", with("guard: { attempts_max: many }\n"),
         "5:24: guard.attempts_max: 'many' is not a number — write a whole number from 0 to 100\n"},
        {"a large number", with("guard: { attempts_max: 99999999999999999999 }\n"),
         "5:24: guard.attempts_max: '99999999999999999999' is out of range — write a whole number "
         "from 0 to 100\n"},
        {"a ratio without its %", with("goals: { availability: 99.9 }\n"),
         "5:24: goals.availability: a ratio of 99.9 — did you mean 99.9%?\n"},
        {"more than everything", with("goals: { availability: 200% }\n"),
         "5:24: goals.availability: '200%' is out of range — write more than 0% and less than "
         "100%\n"},
        {"no ratio", with("goals: { availability: high }\n"),
         "5:24: goals.availability: 'high' is not a ratio — write it as 99.9% or 0.999\n"},
        {"an unknown level", with("autonomy: { restart: acts }\n"),
         "5:22: autonomy.restart: unknown value 'acts' — did you mean 'act'? known here: watch, "
         "inform, recommend, ask, act\n"},
        {"not quite true", with("changes: [ { http: yes } ]\n"),
         "5:20: changes.http: 'yes' is neither true nor false — write one of them\n"},
        {"a name with a space",
         with("edge: { haproxy: { socket: s, backend: my backend, servers: \"p{index}\" } }\n"),
         "5:40: edge.haproxy.backend: 'my backend' is not a plain name — write 1 to 64 of A-Z a-z "
         "0-9 _ . -, beginning with a letter, a digit or _\n"},
        {"a path with a tilde", with("record: { ledger: ~/ledger }\n"),
         "5:19: record.ledger: '~/ledger' is taken as it stands here, without a shell — write the "
         "path out\n"},
        {"a host that is a name", with("journey: { url: \"http://shop.example/\" }\n"),
         "5:17: journey.url: address 'http://shop.example/': the host must be an IP address or "
         "localhost; names are not resolved — write an address as in http://127.0.0.1:8080/path\n"},
        {"a path of a request with a host",
         "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
         "signals: [ { http: { path: \"http://a/b\" } } ]\n",
         "3:28: signals.http.path: 'http://a/b' is not a path of a request — begin with a slash, "
         "as in /healthz, and leave out host and spaces\n"},
        {"a port over the last",
         "service: a\nruntime: { process: { command: [x], ports: [65536] "
         "} }\nsignals: [ { logs: { from: stdout } } ]\n",
         "2:45: runtime.process.ports[0]: '65536' is out of range — write a whole number from 1 to "
         "65535\n"},
        {"a port that is none",
         "service: a\nruntime: { process: { command: [x], ports: [0] } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:45: runtime.process.ports[0]: '0' is out of range — write a whole number from 1 to "
         "65535\n"},
        {"no instances",
         "service: a\nruntime: { process: { command: [x], first_port: 1, instances: 0 } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:63: runtime.process.instances: '0' is out of range — write a whole number from 1 to "
         "64\n"},
        {"an army of instances",
         "service: a\nruntime: { process: { command: [x, \"{port}\"], first_port: 1, instances: "
         "65 } }\nsignals: [ { logs: { from: stdout } } ]\n",
         "2:73: runtime.process.instances: '65' is out of range — write a whole number from 1 to "
         "64\n"},
        {"a service that is no name",
         "service: ../etc\nruntime: { process: { command: [x], ports: [1] } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "1:10: service: '../etc' is not a plain name — write 1 to 60 of A-Z a-z 0-9 _ . -, "
         "beginning with a letter, a digit or _\n"},
    });
}

TEST_CASE("keys that contradict each other are refused together") {
    check_cases({
        {"nothing but a name", "service: a\n",
         "1:1: runtime: missing — write it: what runs the instances\n"
         "1:1: signals: nothing is looked at — add signals: [ { http: { path: /healthz } } ]\n"},
        {"no ports",
         "service: a\nruntime: { process: { command: [x], instances: 1 } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:12: runtime.process: ports are missing — write ports: [8080, 8081], one for each "
         "instance, or instances: 2 with first_port: 8080\n"},
        {"ports in two ways",
         "service: a\nruntime: { process: { command: [x], ports: [1], first_port: 1 } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:49: runtime.process.first_port: ports are listed already — keep one of both\n"},
        {"a port twice",
         "service: a\nruntime: { process: { command: [x, \"{port}\"], ports: [1, "
         "1] } }\nsignals: [ { logs: { from: stdout } } ]\n",
         "2:47: runtime.process.ports: 1 stands twice — each instance needs its own\n"},
        {"not a port for each",
         "service: a\nruntime: { process: { command: [x, \"{port}\"], ports: [1, 2], instances: 3 "
         "} }\nsignals: [ { logs: { from: stdout } } ]\n",
         "2:62: runtime.process.instances: 3 instances and 2 ports — write one port for each, or "
         "leave instances out\n"},
        {"ports beyond the last",
         "service: a\nruntime: { process: { command: [x, \"{port}\"], first_port: 65535, "
         "instances: 3 } }\nsignals: [ { logs: { from: stdout } } ]\n",
         "2:47: runtime.process.first_port: the last instance would have port 65537 — write at "
         "most 65533\n"},
        {"the same command for all",
         "service: a\nruntime: { process: { command: [x], ports: [1, 2] } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:23: runtime.process.command: every instance would be told the same — write {port} "
         "where the port belongs\n"},
        {"an unknown word in the command",
         "service: a\nruntime: { process: { command: [x, \"{prot}\"], ports: [1] } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:23: runtime.process.command: unknown word '{prot}' — did you mean '{port}'? known "
         "here: {port}, {name}, {version_dir}, {config_dir}\n"},
        {"a version that is none",
         "service: a\nruntime: { process: { command: [\"{version_dir}/x\"], ports: [1] } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:23: runtime.process.command: {version_dir} without versions — add versions: { root: … "
         "}\n"},
        {"a configuration that is none",
         "service: a\nruntime: { process: { command: [x, \"{config_dir}\"], ports: [1] } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:23: runtime.process.command: {config_dir} without config — add config: { root: … }\n"},
        {"a configuration that the program is not told",
         "service: a\nruntime: { process: { command: [x], ports: [1], config: { root: c } } }\n"
         "signals: [ { logs: { from: stdout } } ]\n",
         "2:23: runtime.process.command: the program is not told where its configuration is — "
         "write {config_dir} where it belongs, or leave config out\n"},
        {"one root for two",
         "service: a\nruntime: { process: { command: [x, \"{config_dir}\"], ports: [1], versions: "
         "{ root: r }, config: { root: ./r } } }\nsignals: [ { logs: { from: stdout } } ]\n",
         "2:98: runtime.process.config.root: versions.root is the same directory — give the "
         "configuration one of its own\n"},
        {"two directories",
         "service: a\nruntime: { process: { command: [x], ports: [1], directory: d, versions: { "
         "root: r } } }\nsignals: [ { logs: { from: stdout } } ]\n",
         "2:49: runtime.process.directory: with versions a program starts in its version's "
         "directory — leave this out\n"},
        {"nothing to look at", "service: a\nruntime: { process: { command: [x], ports: [1] } }\n",
         "1:1: signals: nothing is looked at — add signals: [ { http: { path: /healthz } } ]\n"},
        {"a timeout longer than the interval",
         "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
         "signals: [ { http: { every: 100ms, timeout: 200ms } } ]\n",
         "3:36: signals.http.timeout: 200ms is longer than every (100ms) — write less\n"},
        {"two keys in an item",
         "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
         "signals: [ { http: { path: / }, logs: { from: stdout } } ]\n",
         "3:12: signals: 2 keys in one item of the list — begin each with a dash of its own\n"},
        {"an item twice",
         "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
         "signals: [ { http: { path: / } }, { http: { path: /b } } ]\n",
         "3:37: signals: 'http' stands twice — keep one of them\n"},
        {"a server too few",
         with("edge: { haproxy: { socket: s, backend: b, servers: [p0, p1] } }\n"),
         "5:43: edge.haproxy.servers: 2 servers for 3 instances — write one for each, or one with "
         "{index} in it\n"},
        {"a server twice",
         with("edge: { haproxy: { socket: s, backend: b, servers: [p0, p1, p1] } }\n"),
         "5:43: edge.haproxy.servers: 'p1' stands twice — each instance has its own\n"},
        {"a neighbour twice, and itself",
         with("edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
              "neighbours: [ { service: a, backend: a }, { service: a, backend: b },\n"
              "              { service: payments, backend: c } ]\n"),
         "6:1: neighbours: 'a' stands twice — keep one of them\n"
         "6:1: neighbours: 'payments' is the guarded service itself — leave it out\n"},
        {"neighbours without an edge", with("neighbours: [ { service: a, backend: a } ]\n"),
         "5:1: neighbours: neighbours are seen through the edge only — add edge: { haproxy: … }\n"},
        {"a model in two ways",
         with("model: { url: \"http://127.0.0.1:1\", llama_server: { file: m } }\n"),
         "5:1: model: both llama_server and url — keep one of both\n"},
        {"a model in no way", with("model: { deadline: 50ms }\n"),
         "5:1: model: neither llama_server nor url — write one, or leave model out\n"},
        {"an API that the server we start does not have",
         with("model: { llama_server: { file: m }, api: openai }\n"),
         "5:37: model.api: the server that the agent starts is a llama-server — leave api out\n"},
        {"a model by its name where there is one",
         with("model: { url: \"http://127.0.0.1:1\", name: m }\n"),
         "5:37: model.name: a llama-server serves one model — write api: openai, or leave name "
         "out\n"},
        {"the opinion of no model", with("oracle: model\n"),
         "5:1: oracle: 'model' without a model — add model: { … }, or write rules\n"},
        {"a floor that forbids everything",
         with("guard: { min_healthy: 3 }\nautonomy: { restart: act }\n"),
         "5:10: guard.min_healthy: 3 of 3 must remain, so that no remedy could ever be done — "
         "write at most 2, or keep autonomy at recommend\n"},
        {"a floor that forbids everything, and nothing is wanted",
         with("guard: { min_healthy: 3 }\n"), ""},
        {"a rollback to nothing", with("autonomy: { rollback: act }\n"),
         "5:13: autonomy.rollback: there is nothing to roll back to — add versions: { root: … } or "
         "config: { root: … } to runtime.process, flags: { flagd: { file: … } }, or leave this "
         "out\n"},
        {"a circuit that nobody declares",
         with("edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
              "neighbours: [ { service: a, backend: a } ]\nautonomy: { open_circuit: act }\n"),
         "7:13: autonomy.open_circuit: no neighbour declares a circuit — add circuit: STICK_TABLE "
         "to one, or leave this out\n"},
        {"a circuit that a neighbour declares",
         with("edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
              "neighbours: [ { service: a, backend: a, circuit: circuits } ]\n"
              "autonomy: { open_circuit: act }\n"),
         ""},
        {"a circuit whose table is no name",
         with("edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
              "neighbours: [ { service: a, backend: a, circuit: \"a;quit\" } ]\n"),
         "6:50: neighbours[0].circuit: 'a;quit' is not a plain name — write 1 to 64 of A-Z a-z 0-9 "
         "_ . -, beginning with a letter, a digit or _\n"},
        {"a cache that nobody declares", with("autonomy: { invalidate_cache: act }\n"),
         "5:13: autonomy.invalidate_cache: there is no cache — add caches: [ … ], or leave this "
         "out\n"},
        {"a reroute that no cache declares",
         with(cache_for_test("") + "autonomy: { invalidate_cache: act, reroute: act }\n"),
         "6:36: autonomy.reroute: no cache declares a reroute — add reroute: { table: …, source: … "
         "} to one, or leave this out\n"},
        {"a reroute that stands higher than the invalidation it comes with",
         with("edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n" +
              cache_for_test(", reroute: { table: t, source: s }") +
              "autonomy: { invalidate_cache: ask, reroute: act }\n"),
         "7:36: autonomy.reroute: it comes with invalidate_cache, which stands lower — raise that, "
         "or lower this\n"},
        {"a reroute without an edge", with(cache_for_test(", reroute: { table: t, source: s }")),
         "5:1: caches: c: readers are rerouted at the edge only — add edge: { haproxy: … }\n"},
        {"an entry that stands twice",
         with("caches: [ { name: c, entries: [a, a], redis: { address: \"127.0.0.1:1\", key: "
              "\"{entry}\" }, source: { url: \"http://127.0.0.1/{entry}\", field: f } } ]\n"),
         "5:1: caches: c: the entry 'a' stands twice — keep one of them\n"},
        {"addresses of a cache that say nothing of the entry, or are none",
         with("caches: [ { name: c, entries: [a], redis: { address: \"127.0.0.1:1\", key: fx },\n"
              "  source: { url: \"http://127.0.0.1/\", field: f }, readers: \"ftp://{entry}\" } "
              "]\n"),
         "5:74: caches[0].redis.key: 'fx' does not say where the entry stands — write {entry} in "
         "it, "
         "once\n"
         "6:18: caches[0].source.url: 'http://127.0.0.1/' does not say where the entry stands — "
         "write "
         "{entry} in it, once\n"
         "6:60: caches[0].readers: address 'ftp://x': only http: and unix: are supported — write "
         "an "
         "address as in http://127.0.0.1:8080/path\n"},
        {"a back-off that begins over its end",
         with("guard: { back_off_first: 1m, back_off_max: 30s }\n"),
         "5:10: guard.back_off_first: 1m is longer than back_off_max (30s) — write less\n"},
        {"a sink inside the ledger", with("record: { ledger: var/l, sink: var/l/copy.jsonl }\n"),
         "5:26: record.sink: inside the ledger's directory, and lost with it — write a path "
         "somewhere else\n"},
        {"a socket with too long a path",
         with("control: { socket: " + std::string(120, 's') + " }\n"),
         "5:12: control.socket: address "
         "'/srv/shop/"
         "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
         "sssssssssssssssssssssssssssssss': the path of a UNIX socket has at most 107 bytes, this "
         "has 130; use a shorter or a relative one\n"},
    });
}

TEST_CASE(
    "nothing of a file reaches the terminal as it stands: escapes, turned writing, bad UTF-8") {
    check_cases({
        {"an escape in an unknown key", with("\"\\e[31mred\": 1\n"),
         "5:1: a control character or line break inside a value — write it on one line\n"
         "5:1: unknown key '\\x1b[31mred' — " +
             keys_known},
        {"the same key twice", with("\"\\u202E\": 1\n\"\\u202E\": 2\n"),
         "5:1: unknown key '\\xe2\\x80\\xae' — " + keys_known +
             "6:1: '\\xe2\\x80\\xae' stands twice, first in line 5 — keep one of them\n"},
        {"an eight-bit escape in a value", with("oracle: \"\\x9b31m\"\n"),
         "5:9: oracle: unknown value '\\xc2\\x9b31m' — known here: rules, model, both\n"},
    });
    const ConfigReport report = parse_config("x", "a\033[2J.yaml");
    CHECK(describe(report) ==
          "a\\x1b[2J.yaml:1:1: one value stands here — write keys with values\n");
}

TEST_CASE("a model elsewhere is refused without a token, and one with a path of its own always") {
    const auto model = [](std::string_view url, std::string_view more = "") {
        return with(fmt::format("model: {{ url: \"{}\"{} }}\n", url, more));
    };
    const std::string mend =
        " — write an address as in http://127.0.0.1:8080, or unix:/run/model.sock\n";
    check_cases({
        {"another machine", model("http://10.0.0.7:8080"),
         "5:10: model.url: 'http://10.0.0.7:8080' is not on this machine, and a server that others "
         "can reach has to know us — name its token in token_file, or write an address as in "
         "http://127.0.0.1:8080, or unix:/run/model.sock\n"},
        {"another machine that knows us", model("http://10.0.0.7:8080", ", token_file: t"), ""},
        {"this machine, and it asks for a token", model("http://127.0.0.1:1", ", token_file: t"),
         ""},
        {"a token and no server to give it to",
         with("model: { llama_server: { file: m.gguf }, token_file: t }\n"),
         "5:42: model.token_file: the server that the agent starts has a socket of its own — "
         "leave token_file out\n"},
        {"every address", model("http://0.0.0.0:8080", ", token_file: t"),
         "5:15: model.url: 'http://0.0.0.0:8080' is where a server listens, not where it is "
         "asked" +
             mend},
        {"every address of the sixth version", model("http://[::]:8080", ", token_file: t"),
         "5:15: model.url: 'http://[::]:8080' is where a server listens, not where it is asked" +
             mend},
        {"a path", model("http://127.0.0.1:8080/v1"),
         "5:15: model.url: 'http://127.0.0.1:8080/v1' names a path, and llama-server's own are "
         "asked" +
             mend},
        {"a question", model("http://127.0.0.1:8080/?a=b"),
         "5:15: model.url: 'http://127.0.0.1:8080/?a=b' names a path, and llama-server's own are "
         "asked" +
             mend},
        {"no address", model("127.0.0.1:8080"),
         "5:15: model.url: address '127.0.0.1:8080': this is no URL; write "
         "http://127.0.0.1:8080/path" +
             mend},
        {"this machine", model("http://127.0.0.1:8080"), ""},
        {"this machine, with the slash", model("http://localhost:8080/"), ""},
        {"this machine, by its sixth version", model("http://[::1]:8080"), ""},
        {"a socket", model("unix:/run/model.sock"), ""},
    });
}

TEST_CASE("a cache's address says its port: nothing is guessed") {
    const auto redis = [](std::string_view address) {
        std::string caches = cache_for_test("");
        caches.replace(caches.find("127.0.0.1:1"), std::string_view("127.0.0.1:1").size(), address);
        return with(caches);
    };
    const auto refused = [](std::string_view address) {
        return fmt::format(
            "5:54: caches[0].redis.address: '{}' is not an address with a port — "
            "write one as in 127.0.0.1:6379, or unix:/run/redis.sock\n",
            address);
    };
    for (const std::string_view address : {"localhost", "127.0.0.1", "[::1]", "[::80]",
                                           "127.0.0.1:", "127.0.0.1:80/x", "127.0.0.1:0"}) {
        CAPTURE(address);
        CHECK(problems_of(redis(address)) == refused(address));
    }
    for (const std::string_view address :
         {"127.0.0.1:6379", "127.0.0.1:80", "localhost:6379", "[::1]:6379", "unix:/run/r.sock"}) {
        CAPTURE(address);
        CHECK(problems_of(redis(address)).empty());
    }
}

TEST_CASE("all problems of a file are told at once, in its order") {
    CHECK(
        problems_of(R"(servce: payments
runtime:
  process: { comand: [x], ports: [80, 80, 99999], stop_grace: 3 }
guard: { cool_down: -1s, min_healthy: none }
guard: {}
)") == "1:1: service: missing — write it: the guarded service's name\n"
       "1:1: signals: nothing is looked at — add signals: [ { http: { path: /healthz } } ]\n"
       "1:1: unknown key 'servce' — did you mean 'service'? " +
            keys_known +
            "3:12: runtime.process.command: missing — write it: program and arguments; {port}, "
            "{name}, {version_dir} and {config_dir} are replaced\n"
            "3:14: runtime.process: unknown key 'comand' — did you mean 'command'? known here: "
            "command, directory, instances, spares, ports, first_port, versions, config, run, "
            "stop_grace\n"
            "3:43: runtime.process.ports[2]: '99999' is out of range — write a whole number from 1 "
            "to 65535\n"
            "3:63: runtime.process.stop_grace: '3' is not a duration — write the unit too, 3s or "
            "3ms\n"
            "4:21: guard.cool_down: '-1s' is not a duration — write a whole number with a unit, as "
            "in 500ms, 2s, 5m, 1h or 7d\n"
            "4:39: guard.min_healthy: 'none' is not a number — write a whole number from 0 to 64\n"
            "5:1: 'guard' stands twice, first in line 4 — keep one of them\n");
}

}  // namespace homeostat::app
