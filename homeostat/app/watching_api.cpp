#include "homeostat/app/watching_api.hpp"

#include "homeostat/app/change_view.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/record/redact.hpp"

#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

/// Without secrets: peers' words are in it, and nothing that somebody signs.
net::HttpResponse reply(int status, json::value document) {
    record::redact(document);
    return {.status = status, .body = to_pretty_text(document), .content_type = "application/json"};
}

std::vector<std::string> standstills(const WatchingContext& context) {
    return context.agent == nullptr ? std::vector<std::string>{}
                                    : context.agent->standstills(context.clock.now());
}

json::value status(const WatchingContext& context) {
    json::object executor;
    executor["is_answering"] = context.executor.is_answering(context.clock.now());
    executor["trouble"] = json::value(context.executor.trouble());
    executor["epoch"] = context.executor.epoch();
    json::object document;
    document["service"] = json::value(context.service.text());
    document["program"] = json::value(std::string(program_version));
    document["role"] = json::value("agent");
    document["scope"] = json::value(describe(context.scope));
    document["executor"] = std::move(executor);
    document["standstills"] = to_json(standstills(context));
    document["oracle"] =
        json::value(context.oracle == nullptr ? std::string("none") : context.oracle->state());
    if (context.agent != nullptr) {
        document["symptoms"] = to_json(context.agent->symptoms_now());
        document["changes"] = to_json(views_of_last(context.agent->changes(), context.clock.now()));
        document["source_troubles"] = to_json(context.agent->source_troubles());
    }
    return document;
}

}  // namespace

net::HttpResponse answer_of_agent(const WatchingContext& context, const net::HttpRequest& request) {
    if (request.method == "GET" && request.path == "/v1/status") {
        return reply(200, status(context));
    }
    if (request.method == "GET" && request.path == "/healthz") {
        const std::vector<std::string> troubles = standstills(context);
        json::object document;
        document["is_healthy"] = troubles.empty();
        document["troubles"] = to_json(troubles);
        return reply(troubles.empty() ? 200 : 503, std::move(document));
    }
    json::object document;
    document["error"] = json::value(
        "this is the agent, which acts on nothing; ask the executor, or GET /v1/status");
    return reply(404, std::move(document));
}

}  // namespace homeostat::app
