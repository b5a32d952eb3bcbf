#include "homeostat/console/notice.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace homeostat::console {

namespace {

std::string bounded(std::string_view text) {
    return plain(text, notice_line_bytes_max);
}

std::span<const std::string> details_of(const Notice& notice) {
    return std::span(notice.details).first(std::min(notice.details.size(), notice_details_max));
}

// --- CloudEvents 1.0, structured mode ------------------------------------------------------------

json::object data_of(const Notice& notice) {
    json::array details;
    for (const std::string& line : details_of(notice)) {
        details.push_back(json::value(bounded(line)));
    }
    json::array links;
    for (const PersonLink& link : notice.links) {
        json::object one;
        one["person"] = json::value(link.person);
        one["url"] = json::value(link.url);
        links.push_back(std::move(one));
    }
    json::object data;
    data["service"] = json::value(notice.service.text());
    data["incident"] = json::value(notice.incident.text());
    data["question"] = json::value(notice.question);
    data["text"] = json::value(bounded(notice.text));
    data["details"] = std::move(details);
    data["until"] = json::value(notice.until ? to_timestamp(*notice.until) : std::string());
    data["links"] = std::move(links);
    data["link_worth"] =
        json::value(notice.links.empty() ? std::string() : std::string(what_a_link_is_worth()));
    data["advice"] = json::value(bounded(notice.advice));
    return data;
}

json::value cloud_event_of(const Notice& notice) {
    json::object event;
    event["specversion"] = json::value("1.0");
    event["id"] = json::value(notice.id);
    event["source"] = json::value("/homeostat/" + notice.service.text());
    event["type"] = json::value("homeostat.notice." + std::string(to_text(notice.kind)));
    if (!notice.incident.empty()) {
        event["subject"] = json::value(notice.incident.text());
    }
    event["time"] = json::value(to_timestamp(notice.at));
    event["datacontenttype"] = json::value("application/json");
    event["data"] = data_of(notice);
    return event;
}

// --- Slack ---------------------------------------------------------------------------------------

/// What begins a link, a mention or an entity there. SOURCE: Slack, "Formatting text".
std::string for_slack(std::string_view text) {
    std::string out;
    for (const char c : bounded(text)) {
        out += c == '&'   ? std::string("&amp;")
               : c == '<' ? std::string("&lt;")
               : c == '>' ? std::string("&gt;")
                          : std::string(1, c);
    }
    return out;
}

/// `verbatim`: nothing in it becomes a link or a mention by itself.
json::object slack_text(const std::string& text) {
    json::object object;
    object["type"] = json::value("mrkdwn");
    object["text"] = json::value(text);
    object["verbatim"] = true;
    return object;
}

json::object section(const std::string& text) {
    json::object block;
    block["type"] = json::value("section");
    block["text"] = slack_text(text);
    return block;
}

json::object context(const std::string& text) {
    json::array elements;
    elements.push_back(slack_text(text));
    json::object block;
    block["type"] = json::value("context");
    block["elements"] = std::move(elements);
    return block;
}

json::object buttons(const Notice& notice) {
    json::array elements;
    // With the longest name, too: a label of more than 75 has Slack refuse the whole message.
    const std::string does = notice.kind == NoticeKind::acted ? "Undo as " : "Answer as ";
    for (const PersonLink& link : notice.links) {
        json::object label;
        label["type"] = json::value("plain_text");
        label["text"] = json::value(does + for_slack(link.person));
        label["emoji"] = false;
        json::object button;
        button["type"] = json::value("button");
        button["text"] = std::move(label);
        button["url"] = json::value(link.url);
        elements.push_back(std::move(button));
    }
    json::object block;
    block["type"] = json::value("actions");
    block["elements"] = std::move(elements);
    return block;
}

std::string headline(const Notice& notice) {
    const std::string what = notice.incident.empty() ? "" : " " + notice.incident.text();
    return for_slack(notice.service.text() + what + ": " + notice.text);
}

json::value slack_of(const Notice& notice) {
    json::array blocks;
    blocks.push_back(section(headline(notice)));
    std::string details;
    for (const std::string& line : details_of(notice)) {
        details += (details.empty() ? "" : "\n") + for_slack(line);
    }
    if (!details.empty()) {
        blocks.push_back(section(details));
    }
    if (notice.until) {
        const std::string at = to_timestamp(*notice.until);
        blocks.push_back(context(notice.kind == NoticeKind::acted
                                     ? fmt::format("It may be taken back until {}.", at)
                                     : fmt::format("Silence until {} is no.", at)));
    }
    if (!notice.links.empty()) {
        blocks.push_back(buttons(notice));
        blocks.push_back(context(for_slack(what_a_link_is_worth())));
    }
    if (!notice.advice.empty()) {
        blocks.push_back(context(for_slack(notice.advice)));
    }
    json::object message;
    message["text"] = json::value(headline(notice));
    message["blocks"] = std::move(blocks);
    message["unfurl_links"] = false;  // Or Slack would fetch the links to show what is behind.
    message["unfurl_media"] = false;
    return message;
}

}  // namespace

std::string body_of(const Notice& notice, Shape shape) {
    return to_text(shape == Shape::slack ? slack_of(notice) : cloud_event_of(notice));
}

std::string_view content_type_of(Shape shape) {
    return shape == Shape::slack ? "application/json" : "application/cloudevents+json";
}

std::string_view what_a_link_is_worth() {
    return "Whoever opens a link answers in the name on it, once: it is no signature. Use your own "
           "and pass it on to nobody.";
}

}  // namespace homeostat::console
