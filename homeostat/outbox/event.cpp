#include "homeostat/outbox/event.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"

namespace homeostat::outbox {

std::string to_event(const Batch& batch, const BatchEntry& entry) {
    json::object event;
    event["specversion"] = "1.0";
    event["id"] = json::value(key_of(batch.ledger, entry.place));
    event["source"] = json::value("/homeostat/" + batch.service);
    event["type"] = json::value("homeostat." + entry.kind);
    if (!entry.incident.empty()) {
        event["subject"] = json::value(entry.incident);
    }
    event["time"] = json::value(to_timestamp(entry.wall_at));
    event["datacontenttype"] = "application/json";
    event["ledger"] = json::value(batch.ledger);
    event["ledgergroup"] = entry.place.group;
    event["ledgerposition"] = entry.place.entry;
    event["ledgerhash"] = json::value(entry.hash);
    if (!entry.remedy.empty()) {
        event["remedykind"] = json::value(entry.remedy);
    }
    std::string text = to_text(json::value(std::move(event)));
    text.pop_back();
    return text + R"(,"data":)" + entry.body + "}";
}

std::string to_events(const Batch& batch, std::span<const BatchEntry> entries) {
    std::string text = "[";
    for (const BatchEntry& entry : entries) {
        text += text.size() > 1 ? "," : "";
        text += to_event(batch, entry);
    }
    return text + "]";
}

}  // namespace homeostat::outbox
