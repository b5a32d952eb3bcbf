#include "homeostat/adapters/segment_log/bounded_witness.hpp"

#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace homeostat::adapters::segment_log {

template <class T, class Call>
Result<T> BoundedWitness::bounded(Call call) const {
    const auto silent = [this] {
        return fail(Fault::unreachable, file_.path().string() + " does not answer");
    };
    if (is_asked_->exchange(true)) {
        return silent();
    }
    std::promise<Result<T>> promise;
    std::future<Result<T>> answer = promise.get_future();
    try {
        // Everything that the thread touches is its own: this may be gone when the call comes back.
        std::thread([call = std::move(call), promise = std::move(promise),
                     asked = is_asked_] mutable {
            Result<T> result = call();
            asked->store(false);
            promise.set_value(std::move(result));
        }).detach();
    } catch (const std::system_error&) {  // No room for a thread.
        is_asked_->store(false);
        return silent();
    }
    if (answer.wait_for(answers_within_) != std::future_status::ready) {
        return silent();
    }
    return answer.get();
}

Result<std::optional<SignedHead>> BoundedWitness::last() const {
    return bounded<std::optional<SignedHead>>([file = file_] { return file.last(); });
}

Result<void> BoundedWitness::append(const SignedHead& head) const {
    return bounded<void>([file = file_, head] { return file.append(head); });
}

Result<void> BoundedWitness::append_first(const SignedHead& head) const {
    return bounded<void>([file = file_, head] { return file.append_first(head); });
}

}  // namespace homeostat::adapters::segment_log
