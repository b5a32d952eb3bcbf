#include "homeostat/console/html.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/plain.hpp"

#include <utility>

namespace homeostat::console {

namespace {

std::string_view entity_of(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        default:
            return {};
    }
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : plain(text, page_text_bytes_max)) {
        const std::string_view entity = entity_of(c);
        if (entity.empty()) {
            out += c;
        } else {
            out += entity;
        }
    }
    return out;
}

void Html::begin(Word tag, std::initializer_list<Attribute> attributes) {
    out_ += '<';
    out_ += tag.text();
    for (const auto& [name, value] : attributes) {
        out_ += ' ';
        out_ += name.text();
        out_ += "=\"" + escaped(value) + "\"";
    }
    out_ += '>';
}

Html& Html::open(Word tag, std::initializer_list<Attribute> attributes) {
    begin(tag, attributes);
    open_.push_back(tag);
    return *this;
}

Html& Html::close() {
    ensure(!open_.empty(), "an element is ended that was begun");
    out_ += "</";
    out_ += open_.back().text();
    out_ += '>';
    open_.pop_back();
    return *this;
}

Html& Html::text(std::string_view text) {
    out_ += escaped(text);
    return *this;
}

Html& Html::line(Word tag, std::string_view text, std::initializer_list<Attribute> attributes) {
    open(tag, attributes).out_ += escaped(text);
    close().out_ += '\n';
    return *this;
}

Html& Html::single(Word tag, std::initializer_list<Attribute> attributes) {
    begin(tag, attributes);
    return *this;
}

std::string Html::take() {
    ensure(open_.empty(), "every element has been ended");
    return std::move(out_);
}

}  // namespace homeostat::console
