#include "homeostat/adapters/a2a/door.hpp"

#include "homeostat/adapters/a2a/desk_for_test.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/server_world_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using namespace homeostat;
using namespace homeostat::adapters::a2a;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;

/// A door with a server in front of it. What is said in words begins the task "said".
struct OpenDoor {
    DeskWorld behind;
    std::optional<Door> door;
    net::ServerWorld world{
        [this](net::HttpRequest request) { return door->answer(std::move(request)); },
        door_limits()};
    net::TcpEndpoint endpoint = world.listen();

    OpenDoor() {
        Desk desk = behind.desk();
        desk.converse = [this](const Message&) -> Said {
            behind.tasks.push_back(task_for_test("said", TaskState::working));
            return Begun{.task_id = "said", .updates_before = 1};
        };
        door.emplace(world.context.get_executor(),
                     DoorSettings{.card = card_settings_for_test(),
                                  .life = "x",
                                  .look_every = 1ms,
                                  .wait_for_max = 50ms},
                     std::move(desk));
    }

    net::HttpResponse ask(net::HttpRequest request) {
        return world
            .ask(endpoint, std::move(request),
                 {.headers_kept = {"ETag", "A2A-Version", "A2A-Extensions"}})
            .value();
    }

    /// Asks, and while the answer is awaited lets `meanwhile` happen.
    net::HttpResponse ask_and(net::HttpRequest request, const std::function<void()>& meanwhile) {
        std::optional<Result<net::HttpResponse>> reply;
        asio::co_spawn(world.context,
                       net::request_once(world.context.get_executor(), endpoint, std::move(request),
                                         net::now_for_test() + 5s),
                       [&](std::exception_ptr, Result<net::HttpResponse> given) {
                           reply.emplace(std::move(given));
                       });
        net::run_until_for_test(world.context, [&] { return !behind.tasks.empty(); });
        meanwhile();
        net::run_until_for_test(world.context, [&] { return reply.has_value(); });
        return reply->value();
    }

    void end_task() {
        behind.tasks.front().updates.emplace_back(
            TaskStatus{.state = TaskState::completed, .at = wall_for_test(9)});
    }
};

}  // namespace

TEST_CASE("the card comes over HTTP, and a second time only its tag") {
    OpenDoor open;
    net::HttpRequest request{.path = "/.well-known/agent-card.json"};
    const net::HttpResponse first = open.ask(request);
    CHECK(first.status == 200);
    CHECK(first.content_type == "application/json");
    request.headers = {{"If-None-Match", std::string(net::header_of(first.headers, "ETag"))}};
    CHECK(open.ask(request).status == 304);
}

TEST_CASE("a pledge goes through the door to the desk") {
    OpenDoor open;
    const net::HttpResponse response =
        open.ask(call_for_test("SendMessage", message_for_test(R"({"data":{"pledge":"a line"}})")));
    CHECK(open.behind.pledges == std::vector<std::string>{"a line"});
    CHECK(response.body.contains(R"({"taken":true})"));
    CHECK(net::header_of(response.headers, "A2A-Version") == "1.0");
    CHECK(net::header_of(response.headers, "A2A-Extensions") == recovery_extension);
}

TEST_CASE("a request without the headers of A2A is refused over HTTP too") {
    OpenDoor open;
    net::HttpRequest request = call_for_test("ListTasks", "{}");
    request.headers.clear();
    CHECK(open.ask(request).body.contains("-32009"));
}

TEST_CASE("a body larger than any call of A2A is not read") {
    OpenDoor open;
    net::HttpRequest request = post_for_test(std::string(std::size_t{65} << 10U, ' '));
    CHECK(open.ask(request).status == 413);
}

TEST_CASE("who waits for a task hears of it when it is at rest") {
    OpenDoor open;
    const net::HttpResponse response =
        open.ask_and(call_for_test("SendMessage", message_for_test(R"({"text":"a"})")),
                     [&] { open.end_task(); });
    CHECK(response.body.contains("TASK_STATE_COMPLETED"));
}

TEST_CASE("who waits too long hears of the task as it stands") {
    OpenDoor open;
    const net::HttpResponse response =
        open.ask(call_for_test("SendMessage", message_for_test(R"({"text":"a"})")));
    CHECK(response.body.contains("TASK_STATE_WORKING"));
}

TEST_CASE("who follows a task hears the whole of it over HTTP, and then the stream ends") {
    OpenDoor open;
    const net::HttpResponse response =
        open.ask_and(call_for_test("SendStreamingMessage", message_for_test(R"({"text":"a"})")),
                     [&] { open.end_task(); });
    CHECK(response.content_type == "text/event-stream");
    const std::size_t task_at = response.body.find(R"({"task":)");
    const std::size_t working_at = response.body.find("TASK_STATE_WORKING");
    const std::size_t completed_at = response.body.find("TASK_STATE_COMPLETED");
    CHECK(task_at < working_at);
    CHECK(working_at < completed_at);
    CHECK(completed_at != std::string::npos);
    CHECK(response.body.ends_with("\n\n"));
}
