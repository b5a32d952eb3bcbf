#include "homeostat/adapters/kubernetes/incident_writer.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/scripted_server_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

const std::string kind_path = "/apis/homeostat.dev/v1alpha1/namespaces/shop/incidents";

IncidentObject object_for_test(const std::string& incident, const std::string& state = "open") {
    IncidentObject object;
    object.ledger = "0b31b1c02ff4";
    object.incident = incident;
    object.state = state;
    object.symptom = "errors on payments";
    object.measured = "errors on payments: 31.0 % of requests failed (limit 0.5 %)";
    object.remedy = "rollback";
    object.described = "rollback payments from v2 to v1";
    object.opened_at = WallTime(1'796'000'000'250ms);
    object.conditions = {{.type = "Healed", .reason = "Open", .since = object.opened_at}};
    return object;
}

ApiReply said(int status, const std::string& message = "") {
    return {.status = status, .body = json::object{{"message", message}}};
}

/// Time passes where the writer waits; what it waits for is told to the test.
class WritersClock final : public ports::Clock {
  public:
    std::function<void(Duration)> on_sleep;
    std::vector<Duration> pauses;  ///< Without those for something new.

    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    Task<void> sleep_until(Instant at) override {
        const Duration asked = at - now_;
        now_ = std::max(now_, at);
        if (asked != 500ms) {
            pauses.push_back(asked);
        }
        on_sleep(asked);
        co_return;
    }

  private:
    Instant now_{instant_of_ns(1'000'000'000'000)};
};

/// A server with the kind Incident: objects by name, and what it says instead, while it does.
struct Cluster {
    boost::asio::io_context context;
    WritersClock clock;
    ScriptedApi api;
    Options place;
    std::string uid{"u-1"};
    std::vector<std::string> log;
    std::vector<std::string> asked;               ///< "PATCH pay-i-1-0b31b1c02ff4/status" …
    std::map<std::string, json::object> objects;  ///< As they were applied, status and all.
    std::function<std::optional<Result<ApiReply>>(const ApiWrite&)> instead;
    std::optional<ApiReply> instead_of_list;
    std::deque<std::function<void()>> when_idle;  ///< One after another; then the writer is ended.
    IncidentWriter writer{api,
                          clock,
                          place,
                          {.uid = [this] { return uid; },
                           .log = [this](const std::string& line) { log.push_back(line); }}};

    Cluster() {
        place.service = ServiceId("payments");
        place.name_space = "shop";
        place.deployment = "pay";
        api.on_write = [this](const ApiWrite& write) {
            REQUIRE(write.path.starts_with(kind_path + "/"));
            asked.push_back(write.method + " " + write.path.substr(kind_path.size() + 1));
            const std::optional<Result<ApiReply>> other = instead ? instead(write) : std::nullopt;
            return other ? *other : Result<ApiReply>(take(write));
        };
        api.on_get = [this](const std::string& path) {
            CHECK(path ==
                  kind_path + "?labelSelector=homeostat.dev%2Fledger%3D0b31b1c02ff4&limit=500");
            asked.emplace_back("LIST");
            return Result<ApiReply>(instead_of_list ? *instead_of_list : list());
        };
    }
    ApiReply take(const ApiWrite& write) {
        const std::string name = write.path.substr(kind_path.size() + 1);
        const std::size_t slash = name.find('/');
        const json::value sent = object_of(write.body);
        if (write.method == "DELETE") {
            CHECK(sent.at("preconditions").at("uid").as_string() == "uid-of-" + name);
            return said(objects.erase(name) == 1 ? 200 : 404);
        }
        CHECK(write.content_type == "application/apply-patch+yaml");
        if (slash == std::string::npos) {
            CHECK(sent.at("metadata").at("name").as_string() == name);
            objects[name]["metadata"] = sent.at("metadata");
            objects[name]["spec"] = sent.at("spec");
            return said(201);
        }
        const auto found = objects.find(name.substr(0, slash));
        if (found == objects.end()) {
            return said(404, "not found");
        }
        found->second["status"] = sent.at("status");
        return said(200);
    }
    [[nodiscard]] ApiReply list() const {
        json::array items;
        for (const auto& [name, object] : objects) {
            json::object metadata;
            metadata["name"] = json::value(name);
            metadata["uid"] = json::value("uid-of-" + name);
            items.push_back(json::object{{"metadata", std::move(metadata)}});
        }
        return {.status = 200, .body = json::object{{"items", std::move(items)}}};
    }
    void run() {
        std::size_t sleeps = 0;
        clock.on_sleep = [&](Duration asked_for) {
            if (asked_for == 500ms && !when_idle.empty()) {
                const std::function<void()> next = std::move(when_idle.front());
                when_idle.pop_front();
                next();
            } else if (asked_for == 500ms || ++sleeps == 1000) {
                writer.stop();
            }
        };
        net::run_for_test(context, writer.run());
        CHECK(sleeps < 1000);
    }
    [[nodiscard]] std::string state_of(const std::string& name) const {
        const auto found = objects.find(name);
        if (found == objects.end() || !found->second.contains("status")) {
            return "absent";
        }
        return std::string(found->second.at("status").at("state").as_string());
    }
};

const std::string first = "pay-i-1-0b31b1c02ff4";
const std::string second = "pay-i-2-0b31b1c02ff4";

}  // namespace

TEST_CASE("an incident is an object that goes with its Deployment, and its status is whole") {
    Cluster cluster;
    cluster.writer.want({object_for_test("i-1")});
    CHECK(cluster.writer.unwritten_count() == 1);
    cluster.run();
    REQUIRE(cluster.objects.contains(first));
    const json::value object = cluster.objects.at(first);
    CHECK(object.at("metadata").at("ownerReferences").at(0).at("uid").as_string() == "u-1");
    CHECK(object.at("metadata").at("labels").at(ledger_label).as_string() == "0b31b1c02ff4");
    CHECK(object.at("spec").at("service").as_string() == "payments");
    const json::value& status = object.at("status");
    CHECK(status.at("symptom").as_string() == "errors on payments");
    CHECK(status.at("openedAt").as_string() == "2026-11-30T00:53:20.250Z");
    CHECK(status.at("conditions").at(0).at("status").as_string() == "False");
    CHECK(cluster.asked ==
          std::vector<std::string>{"PATCH " + first, "PATCH " + first + "/status", "LIST"});
    CHECK(cluster.writer.unwritten_count() == 0);
    CHECK(cluster.log.empty());
}

TEST_CASE("what has changed is written, and nothing else is asked for") {
    Cluster cluster;
    cluster.writer.want({object_for_test("i-1"), object_for_test("i-2")});
    cluster.when_idle.emplace_back([&] {
        cluster.asked.clear();
        cluster.writer.want({object_for_test("i-1"), object_for_test("i-2", "healed")});
    });
    cluster.run();
    CHECK(cluster.asked == std::vector<std::string>{"PATCH " + second + "/status"});
    CHECK(cluster.state_of(second) == "healed");
}

TEST_CASE("a server that was away catches up, and only the latest is written") {
    Cluster cluster;
    int away = 5;
    cluster.instead = [&](const ApiWrite&) -> std::optional<Result<ApiReply>> {
        if (away == 0) {
            return std::nullopt;
        }
        if (--away == 2) {
            cluster.writer.want({object_for_test("i-1", "healed"), object_for_test("i-2")});
        }
        return fail(away % 2 == 0 ? Fault::unreachable : Fault::late, "no route");
    };
    cluster.writer.want({object_for_test("i-1")});
    cluster.run();
    CHECK(cluster.state_of(first) == "healed");
    CHECK(cluster.state_of(second) == "open");
    CHECK(cluster.writer.failures_count() == 5);
    CHECK(cluster.clock.pauses == std::vector<Duration>{2s, 4s, 8s, 16s, 30s});
    CHECK(cluster.log == std::vector<std::string>{"Incident objects are not written: no route",
                                                  "Incident objects are written again"});
}

TEST_CASE(
    "a right or a kind that is missing is told of once, and objects follow once it is there") {
    struct Row {
        int status;
        const char* message;
        const char* told;
    };
    for (const Row& row : {Row{403, "incidents is forbidden", "403: incidents is forbidden"},
                           Row{404, "404 page not found", "whose CRD is to be applied"}}) {
        Cluster cluster;
        int refusals = 20;
        cluster.instead = [&](const ApiWrite&) -> std::optional<Result<ApiReply>> {
            return refusals-- > 0 ? std::optional<Result<ApiReply>>(said(row.status, row.message))
                                  : std::nullopt;
        };
        cluster.writer.want({object_for_test("i-1")});
        cluster.run();
        REQUIRE(cluster.log.size() == 2);
        CHECK_MESSAGE(cluster.log.front().contains(row.told), cluster.log.front());
        CHECK(cluster.state_of(first) == "open");
        CHECK(cluster.clock.pauses.back() == 30s);
    }
}

TEST_CASE("an object that is somebody else's is left to them, and the others are written") {
    Cluster cluster;
    bool is_theirs = true;
    cluster.instead = [&](const ApiWrite& write) -> std::optional<Result<ApiReply>> {
        return is_theirs && write.path.ends_with(first + "/status")
                   ? std::optional<Result<ApiReply>>(said(409, "conflict with \"kubectl\""))
                   : std::nullopt;
    };
    cluster.writer.want({object_for_test("i-1"), object_for_test("i-2")});
    cluster.when_idle.emplace_back([&] {
        CHECK(cluster.state_of(first) == "absent");
        CHECK(cluster.state_of(second) == "open");
        CHECK(cluster.writer.unwritten_count() == 1);
        CHECK(std::ranges::count(cluster.asked, "PATCH " + first + "/status") == 1);
        is_theirs = false;
        cluster.writer.want({object_for_test("i-1", "healed"), object_for_test("i-2")});
    });
    cluster.run();
    CHECK(cluster.state_of(first) == "healed");
    REQUIRE_FALSE(cluster.log.empty());
    CHECK(cluster.log.front().contains(first + " is left as it is: 409: conflict"));
}

TEST_CASE("what a policy does not admit is tried again after a while, and the others do not wait") {
    Cluster cluster;
    int refusals = 2;
    cluster.instead = [&](const ApiWrite& write) -> std::optional<Result<ApiReply>> {
        return write.path.ends_with(first) && refusals-- > 0
                   ? std::optional<Result<ApiReply>>(said(422, "denied request"))
                   : std::nullopt;
    };
    cluster.writer.want({object_for_test("i-1"), object_for_test("i-2")});
    const Instant begun_at = cluster.clock.now();
    Instant written_at{};
    for (int looks = 0; looks < 2000; ++looks) {
        cluster.when_idle.emplace_back([&] {
            CHECK(cluster.state_of(second) == "open");
            if (written_at == Instant{} && cluster.state_of(first) == "open") {
                written_at = cluster.clock.now();
            }
        });
    }
    cluster.run();
    CHECK(written_at - begun_at >= 1min);
    CHECK(written_at - begun_at < 2min);
    CHECK(cluster.clock.pauses.empty());
    CHECK(cluster.log.size() == 1);
}

TEST_CASE("an object that somebody deleted is made anew when there is something to say of it") {
    Cluster cluster;
    cluster.writer.want({object_for_test("i-1")});
    cluster.when_idle.emplace_back([&] {
        cluster.objects.clear();
        cluster.writer.want({object_for_test("i-1", "healed")});
    });
    cluster.run();
    CHECK(cluster.state_of(first) == "healed");
    CHECK(cluster.log.empty());
    CHECK(cluster.clock.pauses.empty());
}

TEST_CASE("a kind without a status of its own is no kind of ours, and not asked without a pause") {
    Cluster cluster;
    int refusals = 5;
    cluster.instead = [&](const ApiWrite& write) -> std::optional<Result<ApiReply>> {
        return write.path.ends_with("/status") && refusals-- > 0
                   ? std::optional<Result<ApiReply>>(said(404, "404 page not found"))
                   : std::nullopt;
    };
    cluster.writer.want({object_for_test("i-1")});
    cluster.run();
    CHECK(cluster.clock.pauses == std::vector<Duration>{2s, 4s, 8s, 16s, 30s});
    CHECK(cluster.log.size() == 2);
    CHECK(cluster.state_of(first) == "open");
}

TEST_CASE("what is wanted no more is deleted, and nothing that is not ours") {
    Cluster cluster;
    cluster.objects["pay-i-0-0b31b1c02ff4"]["status"] = json::object{{"state", "healed"}};
    cluster.objects["cart-i-0-0b31b1c02ff4"]["status"] = json::object{{"state", "healed"}};
    cluster.objects["pay-%2e%2e"]["status"] = json::object{{"state", "healed"}};
    cluster.writer.want({object_for_test("i-1"), object_for_test("i-2")});
    cluster.when_idle.emplace_back([&] {
        CHECK(cluster.state_of("pay-i-0-0b31b1c02ff4") == "absent");
        cluster.writer.want({object_for_test("i-2")});
    });
    cluster.run();
    CHECK(cluster.state_of(first) == "absent");
    CHECK(cluster.state_of(second) == "open");
    CHECK(cluster.state_of("cart-i-0-0b31b1c02ff4") == "healed");
    CHECK(cluster.state_of("pay-%2e%2e") == "healed");
}

TEST_CASE("what is wanted no more is over in the cluster first, also where it may not be deleted") {
    for (const bool may_list : {true, false}) {
        CAPTURE(may_list);
        Cluster cluster;
        if (!may_list) {
            cluster.instead_of_list = said(403, "no right to list incidents");
        }
        cluster.writer.want({object_for_test("i-1")});
        int sleeps = 0;
        cluster.clock.on_sleep = [&](Duration) {
            if (sleeps++ == 0) {  // Before anything is written it is over, and another one is kept.
                CHECK(cluster.state_of(first) == "open");
                cluster.writer.want({object_for_test("i-1", "healed")});
                cluster.writer.want({object_for_test("i-2")});
            } else if (sleeps == 5) {
                cluster.writer.stop();
            }
        };
        net::run_for_test(cluster.context, cluster.writer.run());
        CHECK(cluster.state_of(first) == (may_list ? "absent" : "healed"));
        CHECK(cluster.state_of(second) == "open");
    }
}

TEST_CASE("a list that is none deletes nothing, and is asked for again") {
    Cluster cluster;
    cluster.objects["pay-i-0-0b31b1c02ff4"]["status"] = json::object{{"state", "healed"}};
    cluster.instead_of_list = ApiReply{.status = 200, .body = json::object{{"items", 7}}};
    cluster.writer.want({object_for_test("i-1")});
    cluster.clock.on_sleep = {};
    int pauses = 0;
    cluster.instead = [&](const ApiWrite& write) -> std::optional<Result<ApiReply>> {
        CHECK((write.method != "DELETE" || pauses > 0));
        return std::nullopt;
    };
    cluster.api.on_get = [&](const std::string&) {
        const bool is_bad = pauses++ < 2;
        return Result<ApiReply>(is_bad ? *cluster.instead_of_list : cluster.list());
    };
    cluster.run();
    CHECK(cluster.state_of("pay-i-0-0b31b1c02ff4") == "absent");
    CHECK(pauses == 3);
}

TEST_CASE("objects wait until the Deployment is known") {
    Cluster cluster;
    cluster.uid.clear();
    cluster.writer.want({object_for_test("i-1")});
    cluster.when_idle.emplace_back([&] {
        CHECK(cluster.asked.empty());
        cluster.uid = "u-2";
    });
    cluster.run();
    const json::value object = cluster.objects.at(first);
    CHECK(object.at("metadata").at("ownerReferences").at(0).at("uid").as_string() == "u-2");
}

TEST_CASE("texts are bounded as the CRD bounds them, and on one line") {
    IncidentObject object = object_for_test("i-1");
    object.described = std::string(5000, '\x01');
    object.measured = std::string(5000, 'x') + "\n";
    object.conditions.front().message = std::string(400, '\n') + "end";
    const json::value body = object_of(incident_status_body(object, Options{}));
    const json::value& status = body.at("status");
    CHECK(status.at("described").as_string().size() <= 256);
    CHECK(status.at("measured").as_string().size() <= 256);
    CHECK(status.at("conditions").at(0).at("message").as_string().size() <= 512);
    CHECK_FALSE(to_text(body).contains("\\n"));
}
