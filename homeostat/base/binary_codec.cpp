#include "homeostat/base/binary_codec.hpp"

namespace homeostat::binary_detail {

Result<std::size_t> take_index(BinaryReader& reader, std::size_t count) {
    const std::size_t begin = reader.offset();
    const Result<std::uint64_t> index = reader.take_unsigned();
    if (index && *index >= count) {
        return std::unexpected<Error>(corrupt_at(
            begin, std::to_string(*index) + " is past the " + std::to_string(count) + " known"));
    }
    return index;
}

void describe_name(std::string_view name, std::string& layout) {
    layout += std::to_string(name.size()) + ':';
    layout += name;
}

void BinaryCodec<json::value>::write(const json::value& value, std::string& out) {
    write_text(to_text(value), out);
}

std::optional<Error> BinaryCodec<json::value>::read(BinaryReader& reader, json::value& out) {
    const std::size_t begin = reader.offset();
    const Result<std::string_view> text = reader.take_text();
    if (!text) {
        return text.error();
    }
    Result<json::value> value = parse_json(*text, {.bytes_max = text->size()});
    if (!value) {
        return corrupt_at(begin, value.error().text);
    }
    if (to_text(*value) != *text) {
        return corrupt_at(begin, "JSON in another form than the one which is written");
    }
    out = *std::move(value);
    return std::nullopt;
}

}  // namespace homeostat::binary_detail
