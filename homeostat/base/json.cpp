#include "homeostat/base/json.hpp"

#include "homeostat/base/ensure.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace homeostat {

namespace {

// Boost.JSON multiplies powers of ten and misses some doubles by a bit, so that a number which was
// written would not be read again. `rough` is its result; where a double ends, it tells which end.
double nearest_double(std::string_view digits, double rough) {
    double nearest = rough;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), nearest);
    if (error == std::errc::result_out_of_range) {
        const bool is_tiny = std::abs(rough) < 1;
        return is_tiny ? std::copysign(0.0, rough) : std::numeric_limits<double>::infinity();
    }
    ensure(error == std::errc{} && end == digits.data() + digits.size(),
           "a number of JSON is one of from_chars, and comes in one piece");
    return nearest;
}

// Checks keys while Boost.JSON builds the value; `invalid` stops the parse at the second of two
// equal keys. The interface below is the one basic_parser asks for.
class StrictBuilder {
  public:
    static constexpr std::size_t max_object_size = boost::json::object::max_size();
    static constexpr std::size_t max_array_size = boost::json::array::max_size();
    static constexpr std::size_t max_key_size = boost::json::string::max_size();
    static constexpr std::size_t max_string_size = boost::json::string::max_size();

    bool on_document_begin(boost::json::error_code&) { return true; }
    bool on_document_end(boost::json::error_code&) { return true; }
    bool on_object_begin(boost::json::error_code&) {
        keys_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t members_count, boost::json::error_code&) {
        keys_.pop_back();
        stack_.push_object(members_count);
        return true;
    }
    bool on_array_begin(boost::json::error_code&) { return true; }
    bool on_array_end(std::size_t elements_count, boost::json::error_code&) {
        stack_.push_array(elements_count);
        return true;
    }
    bool on_key_part(std::string_view part, std::size_t, boost::json::error_code&) {
        stack_.push_chars(part);
        key_ += part;
        return true;
    }
    bool on_key(std::string_view part, std::size_t, boost::json::error_code& error) {
        stack_.push_key(part);
        key_ += part;
        const bool is_new = keys_.back().insert(std::exchange(key_, {})).second;
        if (!is_new) {
            has_duplicate_ = true;
            error = boost::json::make_error_code(boost::json::error::syntax);
        }
        return is_new;
    }
    bool on_string_part(std::string_view part, std::size_t, boost::json::error_code&) {
        stack_.push_chars(part);
        return true;
    }
    bool on_string(std::string_view part, std::size_t, boost::json::error_code&) {
        stack_.push_string(part);
        return true;
    }
    bool on_number_part(std::string_view, boost::json::error_code&) { return true; }
    bool on_int64(std::int64_t number, std::string_view, boost::json::error_code&) {
        stack_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, std::string_view, boost::json::error_code&) {
        stack_.push_uint64(number);
        return true;
    }
    bool on_double(double number, std::string_view digits, boost::json::error_code& error) {
        const double nearest = nearest_double(digits, number);
        if (!std::isfinite(nearest)) {
            error = boost::json::make_error_code(boost::json::error::exponent_overflow);
            return false;
        }
        stack_.push_double(nearest);
        return true;
    }
    bool on_bool(bool flag, boost::json::error_code&) {
        stack_.push_bool(flag);
        return true;
    }
    bool on_null(boost::json::error_code&) {
        stack_.push_null();
        return true;
    }
    bool on_comment_part(std::string_view, boost::json::error_code&) { return true; }
    bool on_comment(std::string_view, boost::json::error_code&) { return true; }

    void begin() { stack_.reset(); }
    [[nodiscard]] json::value take() { return stack_.release(); }
    [[nodiscard]] bool has_duplicate() const { return has_duplicate_; }

  private:
    boost::json::value_stack stack_;
    std::vector<std::set<std::string, std::less<>>> keys_;
    std::string key_;
    bool has_duplicate_{false};
};

// One writer for both forms, so that they cannot differ in anything but white space.
class Writer {
  public:
    explicit Writer(bool is_pretty) : is_pretty_(is_pretty) {}

    void write(const json::value& value, std::size_t depth) {
        if (value.is_object()) {
            write_members(value.get_object(), depth);
        } else if (value.is_array()) {
            write_elements(value.get_array(), depth);
        } else if (value.is_double()) {
            write_double(value.get_double());
        } else {
            out_ += boost::json::serialize(value);
        }
    }

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    void write_members(const json::object& object, std::size_t depth) {
        out_ += '{';
        bool is_first = true;
        for (const auto& member : object) {
            begin_item(is_first, depth + 1);
            out_ += boost::json::serialize(boost::json::string_view(member.key()));
            out_ += is_pretty_ ? ": " : ":";
            write(member.value(), depth + 1);
            is_first = false;
        }
        end_items(is_first, depth);
        out_ += '}';
    }

    void write_elements(const json::array& array, std::size_t depth) {
        out_ += '[';
        bool is_first = true;
        for (const auto& element : array) {
            begin_item(is_first, depth + 1);
            write(element, depth + 1);
            is_first = false;
        }
        end_items(is_first, depth);
        out_ += ']';
    }

    void begin_item(bool is_first, std::size_t depth) {
        out_ += is_first ? "" : ",";
        break_line(depth);
    }

    void end_items(bool is_empty, std::size_t depth) {
        if (!is_empty) {
            break_line(depth);
        }
    }

    void break_line(std::size_t depth) {
        if (is_pretty_) {
            out_ += '\n';
            out_.append(depth * 2, ' ');
        }
    }

    // The shortest form that reads back as the same number; JSON has none for what is not finite.
    void write_double(double number) {
        if (!std::isfinite(number)) {
            out_ += "null";
            return;
        }
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
        out_ += text;
        if (text.find_first_of(".e") == std::string_view::npos) {
            out_ += ".0";  // Stays a double when it is read again.
        }
    }

    bool is_pretty_;
    std::string out_;
};

std::string write(const json::value& value, bool is_pretty) {
    Writer writer(is_pretty);
    writer.write(value, 0);
    return writer.take();
}

}  // namespace

Result<json::value> parse_json(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.bytes_max) {
        return fail(Fault::invalid, "JSON of " + std::to_string(text.size()) + " bytes; at most " +
                                        std::to_string(limits.bytes_max) + " are read");
    }
    boost::json::parse_options options;
    options.max_depth = limits.depth_max;
    boost::json::basic_parser<StrictBuilder> parser(options);
    parser.handler().begin();
    boost::json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (!error && read < text.size()) {
        error = boost::json::make_error_code(boost::json::error::extra_data);
    }
    if (error) {
        const std::string reason =
            parser.handler().has_duplicate() ? "a key stands twice" : error.message();
        return fail(Fault::invalid,
                    "not valid JSON at byte " + std::to_string(read) + ": " + reason);
    }
    return parser.handler().take();
}

std::string to_text(const json::value& value) {
    return write(value, false);
}

std::string to_pretty_text(const json::value& value) {
    return write(value, true) + "\n";
}

}  // namespace homeostat
