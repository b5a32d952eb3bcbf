#include "homeostat/adapters/kubernetes/kept_object.hpp"

#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

/// Above what a reply and a line of a watch may have.
constexpr std::size_t depth_max = 64;

}  // namespace

json::value KeptObject::parsed() const {
    if (text_.empty()) {
        return {};
    }
    Result<json::value> value =
        parse_json(text_, {.bytes_max = text_.size(), .depth_max = depth_max});
    ensure(value.has_value(), "what was written from JSON is JSON");
    return *std::move(value);
}

}  // namespace homeostat::adapters::kubernetes
