#include "homeostat/adapters/flagd/flags.hpp"

namespace homeostat::adapters::flagd {

Result<const FlagFile*> Flags::look() {
    Result<std::string> text = read_flag_file(options_.file);
    if (!text) {
        return std::unexpected(std::move(text.error()));
    }
    if (!parsed_ || *text != text_) {
        text_ = *std::move(text);
        parsed_ = parse_flag_file(text_);
    }
    if (!parsed_) {
        return fail(options_.file, parsed_.error());
    }
    take();
    return &*parsed_;
}

void Flags::take() {
    const Result<void> taken = history_.take(*parsed_);
    if (!taken && is_kept_ && options_.log) {
        options_.log(taken.error().text + "; what flags were is not kept until then");
    }
    is_kept_ = taken.has_value();
}

}  // namespace homeostat::adapters::flagd
