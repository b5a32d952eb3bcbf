#pragma once

// SharedWatch: one watch of a kind in a namespace, of which several Deployments take a share each.
//
// A process that guards many Deployments would hold three streams for each of them. It holds three
// for all: this one lists and follows the whole kind, and hands each object to whoever selects it.
// What nobody selects is not kept. A share is told as a watch of its own would tell it: its version
// is that of its own last change, so that nobody reads again what has not changed.
//
// The price: the right to list and watch the whole kind, and objects of others in the namespace
// that are read and thrown away.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/label_selector.hpp"
#include "homeostat/adapters/kubernetes/object_watch.hpp"
#include "homeostat/adapters/kubernetes/watched_kind.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// Drops what is large and nobody here reads: of any object what kubectl remembers of it, of a pod
/// its environment, mounts, probes and the like, of an EndpointSlice zones and hints. Of a pod
/// template the images stay, and a digest: two of them are equal if and only if they were, but for
/// the label that a ReplicaSet's has more.
void trim_object(json::value& object);

class SharedWatch final : private ObjectSink {
  public:
    /// As of ObjectWatch; `options.path` without a selector.
    SharedWatch(ApiClient& api,
                WatchSource& source,
                ports::Clock& clock,
                boost::asio::any_io_executor strand,
                WatchOptions options,
                Rng rng);
    SharedWatch(const SharedWatch&) = delete;
    SharedWatch& operator=(const SharedWatch&) = delete;
    SharedWatch(SharedWatch&&) = delete;
    SharedWatch& operator=(SharedWatch&&) = delete;
    ~SharedWatch() override = default;

    /// The object of that name, or none. REQUIRES: run() has not begun; this outlives it.
    [[nodiscard]] std::unique_ptr<WatchedKind> share_of(const std::string& name);
    /// Those whose labels fit. REQUIRES: likewise.
    [[nodiscard]] std::unique_ptr<WatchedKind> share_of(LabelSelector selector);

    /// Follows the server for all shares until stop(). Once, in a task of its own.
    Task<void> run() { return watch_.run(); }
    void stop() { watch_.stop(); }

  private:
    class Share;

    [[nodiscard]] bool wants(const std::string& name, const json::value& object) const override {
        return !whose(name, object).empty();
    }
    void trim(json::value& object) const override { trim_object(object); }
    void replace(std::map<std::string, json::value> objects, std::uint64_t version) override;
    void put(const std::string& name, json::value object, std::uint64_t version) override;
    void erase(const std::string& name, std::uint64_t version) override;
    void tell_trouble() override;

    [[nodiscard]] std::set<Share*> whose(const std::string& name, const json::value& object) const;
    void remove(Share& share);

    boost::asio::any_io_executor strand_;
    std::set<Share*> shares_;
    std::map<std::string, std::set<Share*>> by_name_;
    /// By one label that their selector wants, "app=payments": so that an object is held against
    /// few of them. Empty: their selector wants none in particular.
    std::map<std::string, std::set<Share*>> by_label_;
    std::map<std::string, std::set<Share*>> holders_;  ///< Of each object that is kept.
    ObjectWatch watch_;                                ///< The last: it hands on to all of these.
};

}  // namespace homeostat::adapters::kubernetes
