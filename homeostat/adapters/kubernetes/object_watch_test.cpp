#include "homeostat/adapters/kubernetes/object_watch.hpp"

#include "homeostat/adapters/kubernetes/scripted_server_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

const std::string path = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dpay";

std::string pod(const std::string& name, int version, const std::string& phase = "Running") {
    return fmt::format(
        R"({{"metadata":{{"name":"{}","resourceVersion":"{}"}},"status":{{"phase":"{}"}}}})", name,
        version, phase);
}

std::string event(const std::string& type, const std::string& object) {
    return fmt::format(R"({{"type":"{}","object":{}}})", type, object);
}

std::string bookmark(int version) {
    return event("BOOKMARK", fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}}}})", version));
}

std::string expired() {
    return event("ERROR", R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})");
}

ApiReply reply(const std::string& body, int status = 200) {
    return {.status = status, .body = *parse_json(body)};
}

ApiReply page(int version, const std::vector<std::string>& objects, std::string more = "") {
    return reply(
        fmt::format(R"({{"kind":"PodList","metadata":{{"resourceVersion":"{}","continue":"{}"}},)"
                    R"("items":[{}]}})",
                    version, more, fmt::join(objects, ",")));
}

ApiReply refusal(int status, const std::string& message = "no", Duration retry_after = {}) {
    ApiReply said = reply(fmt::format(R"({{"kind":"Status","message":"{}"}})", message), status);
    said.retry_after = retry_after;
    return said;
}

struct World {
    boost::asio::io_context context;
    WaitedClock clock;
    ScriptedServer server{clock};
    ObjectWatch watch;

    explicit World(WatchOptions options = {})
        : watch(server,
                server,
                clock,
                context.get_executor(),
                with_path(std::move(options)),
                Rng(7)) {
        server.when_over = [this] { watch.stop(); };
    }
    static WatchOptions with_path(WatchOptions options) {
        options.path = path;
        return options;
    }
    void run() { net::run_for_test(context, watch.run()); }

    [[nodiscard]] std::string names() const {
        std::string names;
        for (const auto& [name, object] : watch.seen().objects) {
            names += name + " ";
        }
        return names;
    }
    [[nodiscard]] std::string phase(const std::string& name) const {
        const auto found = watch.seen().objects.find(name);
        return found == watch.seen().objects.end()
                   ? "gone"
                   : std::string(found->second.parsed().at("status").at("phase").as_string());
    }
    [[nodiscard]] Fault trouble() const {
        REQUIRE(watch.trouble());
        return watch.trouble()->fault;
    }
};

/// Wants what begins with a "w", and remembers what it was given.
class PickySink final : public ObjectSink {
  public:
    [[nodiscard]] bool wants(const std::string& name,
                             const json::value& /*object*/) const override {
        return name.starts_with('w');
    }
    void trim(json::value& object) const override { trimmed.push_back(to_text(object)); }
    void replace(std::map<std::string, json::value> objects, std::uint64_t /*version*/) override {
        for (const auto& [name, object] : objects) {
            given += name + " ";
        }
    }
    void put(const std::string& name, json::value /*object*/, std::uint64_t /*version*/) override {
        given += name + " ";
    }
    void erase(const std::string& /*name*/, std::uint64_t /*version*/) override {}
    void tell_trouble() override {}

    mutable std::vector<std::string> trimmed;
    std::string given;
};

}  // namespace

TEST_CASE("of a list that is for a sink nothing is kept that it does not want") {
    PickySink sink;
    World world({.sink = &sink});
    world.server.pages = {page(10, {pod("a1", 5), pod("w1", 6)}, "more"),
                          page(10, {pod("a2", 7), pod("w2", 8)})};
    world.server.streams = {{{ends}}};
    world.run();
    CHECK(sink.given == "w1 w2 ");
    CHECK(sink.trimmed.size() == 2);
}

TEST_CASE("objects that a sink does not want are counted all the same") {
    PickySink sink;
    World world({.objects_max = 2, .sink = &sink});
    world.server.pages = {page(10, {pod("a1", 5), pod("a2", 6), pod("w1", 7)})};
    world.run();
    CHECK(sink.given.empty());
    CHECK(world.trouble() == Fault::full);
}

TEST_CASE("nothing is known before the first list, and absence then means nothing") {
    const World world;
    CHECK(world.watch.seen().resource_version == 0);
    CHECK_FALSE(world.watch.seen().heard_at);
    CHECK(world.watch.changes_count() == 0);
}

TEST_CASE("a list, and then events from its version on, are what is seen") {
    World world;
    world.server.pages = {page(10, {pod("a", 4), pod("b", 9)})};
    world.server.streams = {{{
        look_at([&] { CHECK(world.names() == "a b "); }, event("ADDED", pod("c", 11))),
        look_at([&] { CHECK(world.names() == "a b c "); },
                event("MODIFIED", pod("a", 12, "Failed"))),
        look_at([&] { CHECK(world.phase("a") == "Failed"); }, event("DELETED", pod("b", 13))),
        look_at([&] { CHECK(world.names() == "a c "); }, bookmark(20)),
        ends,
    }}};
    world.run();
    CHECK(world.server.story() == "L W10 W20 ");
    CHECK(world.server.asked()[0] == path + "&limit=500");
    CHECK(world.server.asked()[1].starts_with(
        path + "&watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds="));
    CHECK(world.clock.slept.empty());  // A stream that ends as it may is no failure.
    CHECK(world.watch.seen().resource_version == 20);
}

TEST_CASE("an empty list is an answer") {
    World world;
    world.server.pages = {page(10, {})};
    world.run();
    CHECK(world.watch.seen().resource_version == 10);
    CHECK(world.watch.seen().objects.empty());
}

TEST_CASE("a list counts only when its last page is there") {
    World world;
    world.server.pages = {page(10, {pod("a", 4)}, "next="), fail(Fault::late, "no reply"),
                          page(11, {pod("a", 4)}, "more"),  refusal(410, "the mark is too old"),
                          page(12, {pod("a", 4)}, "more"),  page(12, {pod("b", 5)})};
    std::vector<std::string> seen_at_pauses;
    world.run();
    CHECK(world.server.story() == "L L L L L L W12 ");
    CHECK(world.server.asked()[1] == path + "&limit=500&continue=next%3D");
    CHECK(world.server.asked()[2] == path + "&limit=500");
    CHECK(world.server.asked()[4] == path + "&limit=500");
    CHECK(world.names() == "a b ");
    CHECK(world.watch.changes_count() >= 1);
    CHECK(world.clock.slept.size() == 2);
}

TEST_CASE("what was known stays known until a new list is whole") {
    World world;
    world.server.pages = {page(10, {pod("a", 4), pod("b", 5)}), page(20, {pod("b", 5)}, "more"),
                          fail(Fault::unreachable, "away"), page(30, {pod("b", 5)})};
    world.server.streams = {{{look_at({}, expired())}},
                            {{look_at([&] { CHECK(world.names() == "b "); }, bookmark(31)), ends}}};
    // The first page of the second list lacks `a`, which was deleted meanwhile.
    bool was_looked_at = false;
    const std::uint64_t first = 1;
    boost::asio::co_spawn(world.context, world.watch.wait_for_change(first),
                          [&](const std::exception_ptr&) { was_looked_at = true; });
    world.run();
    CHECK(world.server.story() == "L W10 L L L W30 W31 ");
    CHECK(world.names() == "b ");
    CHECK(was_looked_at);
}

TEST_CASE("a failed second list leaves what the first one said, and a trouble") {
    World world;
    world.server.pages = {page(10, {pod("a", 4)}), refusal(403, "forbidden")};
    world.server.streams = {{{look_at({}, expired())}}};
    world.run();
    CHECK(world.names() == "a ");
    CHECK(world.watch.seen().resource_version == 10);
    CHECK(world.trouble() == Fault::refused);
    CHECK(world.watch.trouble()->text.contains("403: forbidden"));
}

TEST_CASE("a version that is too old leads to a new list, told in the stream or by status") {
    for (const bool is_told_by_status : {false, true}) {
        World world;
        world.server.pages = {page(10, {pod("a", 4)}), page(30, {pod("b", 22)})};
        world.server.streams = {is_told_by_status ? StreamScript{.opening = refusal(410)}
                                                  : StreamScript{{look_at({}, expired())}}};
        world.run();
        CHECK(world.server.story() == "L W10 L W30 ");
        CHECK(world.names() == "b ");
    }
}

TEST_CASE("a stream that is cut or silent is opened again from the last version, without a list") {
    for (const Said& said : {is_cut, is_silent}) {
        World world;
        world.server.pages = {page(10, {})};
        world.server.streams = {{{look_at({}, event("ADDED", pod("a", 11))), said}}, {{ends}}};
        const Instant began_at = world.clock.now();
        world.run();
        CHECK(world.server.story() == "L W10 W11 W11 ");
        CHECK(world.names() == "a ");
        const bool has_waited = said.what == Said::What::silence;
        // A bookmark was due and none promised: that it goes on from there is as good as one.
        CHECK(world.watch.seen().heard_at == (has_waited ? began_at + 90s : began_at));
        CHECK(world.clock.slept.size() == (has_waited ? 0 : 1));
        CHECK((world.clock.now() - began_at >= 5min + 90s) == has_waited);
    }
}

TEST_CASE("a silent stream is a trouble only once it cannot be opened again") {
    World world;
    world.server.pages = {page(10, {pod("a", 4)})};
    const auto look = [&] { CHECK(world.watch.changes_count() == 1); };  // Of the list alone.
    world.server.streams = {{{is_silent}},
                            {{look_at(look, bookmark(10)), is_silent}},
                            StreamScript{.opening = refusal(503, "not now")}};
    const Instant began_at = world.clock.now();
    world.run();
    CHECK(world.server.story() == "L W10 W10 W10 W10 ");
    CHECK(world.trouble() == Fault::refused);
    CHECK(world.names() == "a ");
    CHECK(world.watch.seen().heard_at == began_at + 90s);
}

TEST_CASE("another error in the stream costs a pause and no list") {
    World world;
    world.server.pages = {page(10, {})};
    world.server.streams = {
        {{look_at({}, event("ERROR", R"({"code":500,"message":"etcd \u001b is away"})"))}}};
    world.run();
    CHECK(world.server.story() == "L W10 W10 ");
    CHECK(world.watch.trouble()->text.contains("500: etcd \\x1b is away"));
    CHECK(world.clock.slept.size() == 1);
}

TEST_CASE("what was told already changes nothing") {
    World world;
    world.server.pages = {page(10, {pod("a", 8)})};
    std::uint64_t changes = 0;
    world.server.streams = {{{
        look_at([&] { changes = world.watch.changes_count(); }, event("ADDED", pod("a", 8, "Old"))),
        look_at({}, event("MODIFIED", pod("a", 7, "Older"))),
        look_at({}, event("DELETED", pod("a", 6))),
        look_at({}, event("DELETED", pod("z", 9))),
        look_at({}, event("DELETED", pod("z", 12))),
        look_at({}, bookmark(5)),
        look_at(
            [&] {
                CHECK(world.phase("a") == "Running");
                CHECK(world.watch.changes_count() == changes);
                CHECK(world.watch.seen().resource_version == 12);
            },
            bookmark(13)),
        ends,
    }}};
    world.run();
    CHECK(world.server.story() == "L W10 W13 ");
}

TEST_CASE("an event that has no place in the order is not guessed about: the list is asked anew") {
    for (const std::string& line : {event("ADDED", pod("b", 9)), event("MODIFIED", pod("a", 9)),
                                    event("DELETED", pod("a", 9))}) {
        CAPTURE(line);
        World world;
        world.server.pages = {page(10, {pod("a", 8)}), page(11, {pod("c", 11)})};
        world.server.streams = {{{look_at({}, line)}}};
        world.run();
        CHECK(world.server.story() == "L W10 L W11 ");
        CHECK(world.names() == "c ");
    }
}

TEST_CASE("a line that is no event leads to a new list") {
    for (const std::string& line :
         {std::string("rubbish"), std::string(), std::string("[]"), event("RENAMED", pod("a", 11)),
          event("ADDED", "7"), event("ADDED", R"({"metadata":{"name":"a"}})"),
          event("BOOKMARK", "{}")}) {
        CAPTURE(line);
        World world;
        world.server.pages = {page(10, {}), page(11, {})};
        world.server.streams = {{{look_at({}, line)}}};
        world.run();
        CHECK(world.server.story() == "L W10 L W11 ");
    }
}

TEST_CASE("an answer that is no list is an error and no emptiness") {
    for (const char* body :
         {"{}", "null", R"({"kind":"PodList","metadata":{}})",
          R"({"kind":"Pod","metadata":{"resourceVersion":"1"},"items":[]})",
          R"({"kind":"PodList","metadata":{"resourceVersion":"1"},"items":{}})"}) {
        CAPTURE(body);
        World world;
        world.server.pages = {reply(body)};
        world.run();
        CHECK(world.watch.seen().resource_version == 0);
        CHECK(world.trouble() == Fault::broken);
    }
    World world;
    world.server.pages = {page(10, {}, "more")};
    world.run();
    CHECK(world.watch.seen().resource_version == 0);
}

TEST_CASE("more objects or bytes than allowed are an error, never a part") {
    World objects({.objects_max = 2});
    objects.server.pages = {page(10, {pod("a", 1), pod("b", 2), pod("c", 3)})};
    objects.run();
    CHECK(objects.watch.seen().resource_version == 0);
    CHECK(objects.trouble() == Fault::full);

    const std::size_t one_pod = pod("a", 1).size();
    World bytes({.bytes_max = 2 * one_pod});
    bytes.server.pages = {page(10, {pod("a", 1), pod("b", 2)}), page(20, {pod("a", 11)})};
    bytes.server.streams = {{{
        look_at({}, event("MODIFIED", pod("a", 3))),   // Told already.
        look_at({}, event("MODIFIED", pod("a", 11))),  // One byte longer.
    }}};
    bytes.run();
    CHECK(bytes.server.story() == "L W10 L W20 ");
    CHECK(bytes.names() == "a ");
}

TEST_CASE("an object that goes makes room for another") {
    World world({.objects_max = 1});
    world.server.pages = {page(10, {pod("a", 1)})};
    world.server.streams = {{{look_at({}, event("DELETED", pod("a", 11))),
                              look_at({}, event("ADDED", pod("b", 12))), ends}}};
    world.run();
    CHECK(world.server.story() == "L W10 W12 ");
    CHECK(world.names() == "b ");
}

TEST_CASE("pauses grow to their maximum, and are drawn") {
    World world;
    for (int round = 0; round < 9; ++round) {
        world.server.pages.emplace_back(fail(Fault::unreachable, "away"));
    }
    world.run();
    REQUIRE(world.clock.slept.size() == 9);
    Duration longest = 500ms;
    for (int round = 0; round < 9; ++round) {
        CAPTURE(round);
        const Duration slept = world.clock.slept[static_cast<std::size_t>(round)];
        CHECK(slept >= longest / 2);
        CHECK(slept <= longest);
        longest = std::min<Duration>(longest * 2, 30s);
    }
}

TEST_CASE("a pause is at least what the server asks for, once") {
    World world;
    world.server.pages = {refusal(429, "slowly", 47s), fail(Fault::unreachable, "away")};
    world.run();
    REQUIRE(world.clock.slept.size() == 2);
    CHECK(world.clock.slept[0] == 47s);
    CHECK(world.clock.slept[1] <= 1s);
}

TEST_CASE("a server that asks for an hour is listed again after a minute") {
    for (const bool is_of_stream : {false, true}) {
        CAPTURE(is_of_stream);
        World world;
        if (is_of_stream) {
            world.server.pages = {page(10, {})};
            world.server.streams = {{.opening = refusal(503, "maintenance", 1h)}, {{ends}}};
        } else {
            world.server.pages = {refusal(503, "maintenance", 1h), page(10, {})};
        }
        world.run();
        REQUIRE_FALSE(world.clock.slept.empty());
        CHECK(world.clock.slept[0] == 60s);
    }
}

TEST_CASE("streams that end as soon as they begin are a failure, and after three there is a list") {
    World world;
    world.server.pages = {page(10, {}), page(12, {})};
    const StreamScript nothing{{Said{.what = Said::What::end}}};
    world.server.streams = {nothing, nothing, nothing, {{ends}}};
    world.run();
    CHECK(world.server.story() == "L W10 W10 W10 L W12 W12 ");
    CHECK(world.clock.slept.size() == 3);
}

TEST_CASE("a stream that has held for long makes an old failure forgotten") {
    World world;
    world.server.pages = {page(10, {})};
    for (int round = 0; round < 6; ++round) {
        world.server.streams.push_back({{Said{.line = bookmark(11), .after = 60s}, is_cut}});
    }
    world.run();
    CHECK(world.server.story() == "L W10 W11 W11 W11 W11 W11 W11 ");
    for (const Duration slept : world.clock.slept) {
        CHECK(slept <= 500ms);
    }
}

TEST_CASE("a trouble is told when it comes and when it goes") {
    World world;
    world.server.pages = {page(10, {})};
    std::uint64_t changes = 0;
    world.server.streams = {
        {{look_at([&] { changes = world.watch.changes_count(); }, bookmark(11)), is_cut}},
        {{look_at(
              [&] {
                  CHECK_FALSE(world.watch.trouble());
                  CHECK(world.watch.changes_count() == changes + 2);
              },
              bookmark(12)),
          ends}}};
    world.run();
    CHECK(changes > 0);
}

TEST_CASE("all who wait for a change are woken by it, and by the end") {
    World world;
    int woken_count = 0;
    const auto wait = [&](std::uint64_t known) {
        boost::asio::co_spawn(world.context, world.watch.wait_for_change(known),
                              [&](const std::exception_ptr&) { ++woken_count; });
    };
    wait(0);
    wait(0);
    world.context.poll();
    CHECK(woken_count == 0);
    world.server.pages = {page(10, {})};
    world.run();
    world.context.restart();
    world.context.poll();
    CHECK(woken_count == 2);
    wait(world.watch.changes_count() - 1);  // That one is over.
    wait(world.watch.changes_count());      // It is stopped: there is no more.
    world.context.restart();
    world.context.poll();
    CHECK(woken_count == 4);
}

TEST_CASE("whoever waits ends when the watch is gone") {
    boost::asio::io_context context;
    WaitedClock clock;
    ScriptedServer server(clock);
    bool is_woken = false;
    {
        ObjectWatch watch(server, server, clock, context.get_executor(), {.path = path}, Rng(1));
        boost::asio::co_spawn(context, watch.wait_for_change(0),
                              [&](const std::exception_ptr&) { is_woken = true; });
        context.poll();
    }
    net::run_until_for_test(context, [&] { return is_woken; });
}

TEST_CASE("a watch that is stopped while it reads asks for nothing more") {
    World world;
    world.server.pages = {page(10, {})};
    world.server.streams = {{{look_at([&] { world.watch.stop(); }, bookmark(11)), ends}}, {{ends}}};
    world.run();
    CHECK(world.server.story() == "L W10 ");
}
