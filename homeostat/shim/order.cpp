#include "homeostat/shim/order.hpp"

#include "homeostat/base/id.hpp"

#include <array>
#include <charconv>
#include <string_view>

namespace homeostat::shim {

namespace {

template <class Number>
bool read_number(std::string_view text, Number low, Number high, Number& out) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_fine =
        error == std::errc{} && end == text.data() + text.size() && number >= low && number <= high;
    out = is_fine ? number : out;
    return is_fine;
}

bool read_path(std::string_view text, std::string& out) {
    out = text;
    return text.starts_with('/');
}

bool read_name(std::string_view text, std::string& out) {
    out = text;
    return text.empty() || is_plain_name(text);
}

bool read_after(std::string_view text, std::optional<Predecessor>& out) {
    Predecessor& after = out.emplace();
    if (text == "none") {
        return true;
    }
    const std::size_t colon = text.find(':');
    after.exists = true;
    return colon != std::string_view::npos &&
           read_number(text.substr(0, colon), std::uint64_t{0}, ~std::uint64_t{0}, after.inode) &&
           read_number(text.substr(colon + 1), std::int64_t{0}, INT64_MAX, after.modified_ns);
}

struct Option {
    std::string_view name;
    std::string_view wants;
    bool (*read)(std::string_view, Order&);
};

constexpr std::array options{
    Option{"--record", "an absolute path",
           [](std::string_view text, Order& order) { return read_path(text, order.record); }},
    Option{"--log", "an absolute path",
           [](std::string_view text, Order& order) { return read_path(text, order.log); }},
    Option{"--log-bytes-max", "a number of bytes, at least 4096",
           [](std::string_view text, Order& order) {
               return read_number(text, std::uint64_t{4096}, std::uint64_t{1} << 40U,
                                  order.log_bytes_max);
           }},
    Option{"--log-files", "a number from 1 to 100",
           [](std::string_view text, Order& order) {
               return read_number(text, 1U, log_files_max, order.log_files);
           }},
    Option{"--name", "a plain name",
           [](std::string_view text, Order& order) { return read_name(text, order.name); }},
    Option{"--effect", "a plain name or nothing",
           [](std::string_view text, Order& order) { return read_name(text, order.effect); }},
    Option{"--version", "a plain name or nothing",
           [](std::string_view text, Order& order) { return read_name(text, order.version); }},
    Option{"--config", "a plain name or nothing",
           [](std::string_view text, Order& order) { return read_name(text, order.config); }},
    Option{"--directory", "an absolute path",
           [](std::string_view text, Order& order) { return read_path(text, order.directory); }},
    Option{"--after", "INODE:NANOSECONDS or 'none'",
           [](std::string_view text, Order& order) { return read_after(text, order.after); }},
};

const Option* find_option(std::string_view name) {
    for (const Option& option : options) {
        if (option.name == name) {
            return &option;
        }
    }
    return nullptr;
}

}  // namespace

Result<Order> parse_order(std::span<const std::string> arguments) {
    Order order;
    while (!arguments.empty() && arguments.front() != "--") {
        const Option* option = find_option(arguments.front());
        if (option == nullptr) {
            return fail(Fault::invalid, "'" + arguments.front() + "' is not an option of this");
        }
        if (arguments.size() < 2 || !option->read(arguments[1], order)) {
            return fail(Fault::invalid,
                        std::string(option->name) + " wants " + std::string(option->wants));
        }
        arguments = arguments.subspan(2);
    }
    if (order.record.empty() || order.log.empty() || order.name.empty()) {
        return fail(Fault::invalid, "--record, --log and --name are needed");
    }
    if (arguments.size() < 2) {
        return fail(Fault::invalid, "the program is missing: write '-- program arguments…' last");
    }
    order.command.assign(arguments.begin() + 1, arguments.end());
    return order;
}

}  // namespace homeostat::shim
