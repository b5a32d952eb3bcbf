#include "homeostat/adapters/kubernetes/shared_watch.hpp"

#include "homeostat/adapters/kubernetes/endpoint_slices.hpp"
#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::array<std::string_view, 18> pod_parts_dropped{"volumes",
                                                             "tolerations",
                                                             "affinity",
                                                             "initContainers",
                                                             "topologySpreadConstraints",
                                                             "dnsConfig",
                                                             "dnsPolicy",
                                                             "enableServiceLinks",
                                                             "hostAliases",
                                                             "imagePullSecrets",
                                                             "preemptionPolicy",
                                                             "priority",
                                                             "restartPolicy",
                                                             "schedulerName",
                                                             "securityContext",
                                                             "serviceAccount",
                                                             "serviceAccountName",
                                                             "terminationGracePeriodSeconds"};
constexpr std::array<std::string_view, 5> pod_status_dropped{"hostIP", "hostIPs", "podIPs",
                                                             "qosClass", "startTime"};
constexpr std::array<std::string_view, 14> container_parts_dropped{"env",
                                                                   "envFrom",
                                                                   "volumeMounts",
                                                                   "volumeDevices",
                                                                   "livenessProbe",
                                                                   "readinessProbe",
                                                                   "startupProbe",
                                                                   "lifecycle",
                                                                   "command",
                                                                   "args",
                                                                   "imagePullPolicy",
                                                                   "securityContext",
                                                                   "terminationMessagePath",
                                                                   "terminationMessagePolicy"};
constexpr std::string_view hash_label = "pod-template-hash";
constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";

json::value* member_of(json::value* value, std::string_view name) {
    json::object* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? nullptr : object->if_contains(name);
}

template <class Names>
void drop(json::value* value, const Names& names) {
    if (json::object* object = value == nullptr ? nullptr : value->if_object()) {
        for (const std::string_view name : names) {
            object->erase(name);
        }
    }
}

/// The same for two objects that are equal, whatever the order of their members.
json::value sorted(const json::value& value) {
    if (const json::array* array = value.if_array()) {
        json::array out;
        for (const json::value& one : *array) {
            out.push_back(sorted(one));
        }
        return out;
    }
    const json::object* object = value.if_object();
    if (object == nullptr) {
        return value;
    }
    std::map<std::string_view, const json::value*> members;
    for (const auto& member : *object) {
        members.emplace(member.key(), &member.value());
    }
    json::object out;
    for (const auto& [name, member] : members) {
        out.emplace(name, sorted(*member));
    }
    return out;
}

std::string digest_of(const json::value& value) {
    const std::string text = to_text(sorted(value));
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    ensure(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
           "OpenSSL hashes");
    std::string hex;
    for (unsigned int index = 0; index < size; ++index) {
        hex += fmt::format("{:02x}", digest[index]);
    }
    return hex;
}

/// A template is compared, and its images are looked at: what is to be written is read anew.
void trim_template(json::value& whole) {
    json::value* labels = member_of(member_of(&whole, "metadata"), "labels");
    drop(labels, std::array<std::string_view, 1>{hash_label});
    json::object kept;
    kept.emplace("digest", digest_of(whole));
    json::value* containers = member_of(member_of(&whole, "spec"), "containers");
    json::array shortened;
    if (containers != nullptr && containers->is_array()) {
        for (json::value& container : containers->get_array()) {
            drop(&container, container_parts_dropped);
            shortened.push_back(std::move(container));
        }
    }
    json::object spec;
    spec.emplace("containers", std::move(shortened));
    kept.emplace("spec", std::move(spec));
    whole = std::move(kept);
}

const json::object* labels_of(const json::value& object) {
    const json::object* root = object.if_object();
    const json::value* metadata = root == nullptr ? nullptr : root->if_contains("metadata");
    const json::object* fields = metadata == nullptr ? nullptr : metadata->if_object();
    const json::value* labels = fields == nullptr ? nullptr : fields->if_contains("labels");
    return labels == nullptr ? nullptr : labels->if_object();
}

/// One label that is wanted with one value; empty: there is none such.
std::string label_wanted(const LabelSelector& selector) {
    const auto found = std::ranges::find_if(selector.terms, [](const LabelTerm& term) {
        return term.test == LabelTest::in && term.values.size() == 1;
    });
    return found == selector.terms.end() ? std::string() : found->key + "=" + found->values.front();
}

}  // namespace

void trim_object(json::value& object) {
    drop(member_of(member_of(&object, "metadata"), "annotations"),
         std::array<std::string_view, 1>{last_applied});
    trim_slice(object);
    json::value* spec = member_of(&object, "spec");
    if (json::value* whole = member_of(spec, "template"); whole != nullptr && whole->is_object()) {
        trim_template(*whole);
    }
    const json::value* pod_parts = member_of(spec, "containers");
    if (pod_parts == nullptr || !pod_parts->is_array()) {
        return;
    }
    drop(spec, pod_parts_dropped);
    drop(member_of(&object, "status"), pod_status_dropped);
    // Looked for afterwards: what is dropped moves what stays.
    json::value* containers = member_of(spec, "containers");
    for (json::value& container : containers->get_array()) {
        drop(&container, container_parts_dropped);
    }
}

/// What one Deployment is told of. Unregisters itself when it goes.
class SharedWatch::Share final : public WatchedKind {
  public:
    Share(SharedWatch& watch, std::string name, LabelSelector selector)
        : watch_(watch),
          name_(std::move(name)),
          selector_(std::move(selector)),
          label_(label_wanted(selector_)),
          bell_(watch.strand_) {}
    ~Share() override { watch_.remove(*this); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    Share(Share&&) = delete;
    Share& operator=(Share&&) = delete;

    /// The watch is run by whoever shares it out.
    Task<void> run() override { co_return; }
    void stop() override { bell_.stop(); }
    [[nodiscard]] const ObjectsSeen& seen() const override { return seen_; }
    [[nodiscard]] const ObjectsSeen& heard() const override { return watch_.watch_.seen(); }
    [[nodiscard]] const std::optional<Error>& trouble() const override {
        return watch_.watch_.trouble();
    }
    [[nodiscard]] std::uint64_t changes_count() const override { return bell_.rings_count(); }
    Task<void> wait_for_change(std::uint64_t known) override { return bell_.wait(known); }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& label() const { return label_; }
    [[nodiscard]] bool fits(const json::object& labels) const { return selector_.fits(labels); }

    void begin(std::uint64_t version) {
        seen_.objects.clear();
        seen_.resource_version = version;
    }
    void put(const std::string& name, KeptObject object, std::uint64_t version) {
        seen_.objects.insert_or_assign(name, std::move(object));
        seen_.resource_version = version;
    }
    void erase(const std::string& name, std::uint64_t version) {
        seen_.objects.erase(name);
        seen_.resource_version = version;
    }
    void ring() { bell_.ring(); }

  private:
    SharedWatch& watch_;
    std::string name_;        ///< Of the one object; empty: by the selector.
    LabelSelector selector_;  ///< Without terms: by the name.
    std::string label_;
    ObjectsSeen seen_;  ///< `heard_at` stays empty: see heard().
    ChangeBell bell_;
};

// NOLINTNEXTLINE(readability-function-size): four parts of the world, what to watch, and chance.
SharedWatch::SharedWatch(ApiClient& api,
                         WatchSource& source,
                         ports::Clock& clock,
                         boost::asio::any_io_executor strand,
                         WatchOptions options,
                         Rng rng)
    : strand_(std::move(strand)),
      watch_(
          api,
          source,
          clock,
          strand_,
          [&] {
              options.sink = this;
              return std::move(options);
          }(),
          rng) {}

std::unique_ptr<WatchedKind> SharedWatch::share_of(const std::string& name) {
    auto share = std::make_unique<Share>(*this, name, LabelSelector{});
    shares_.insert(share.get());
    by_name_[name].insert(share.get());
    return share;
}

std::unique_ptr<WatchedKind> SharedWatch::share_of(LabelSelector selector) {
    auto share = std::make_unique<Share>(*this, std::string(), std::move(selector));
    shares_.insert(share.get());
    by_label_[share->label()].insert(share.get());
    return share;
}

void SharedWatch::remove(Share& share) {
    shares_.erase(&share);
    by_name_[share.name()].erase(&share);
    by_label_[share.label()].erase(&share);
    for (auto& [name, holders] : holders_) {
        holders.erase(&share);
    }
}

std::set<SharedWatch::Share*> SharedWatch::whose(const std::string& name,
                                                 const json::value& object) const {
    std::set<Share*> found;
    if (const auto named = by_name_.find(name); named != by_name_.end()) {
        found = named->second;
    }
    const json::object* labels = labels_of(object);
    if (labels == nullptr) {
        return found;
    }
    const auto take = [&](const std::string& label) {
        if (const auto wanting = by_label_.find(label); wanting != by_label_.end()) {
            std::ranges::copy_if(wanting->second, std::inserter(found, found.end()),
                                 [&](const Share* share) { return share->fits(*labels); });
        }
    };
    take(std::string());
    for (const auto& label : *labels) {
        if (const auto* value = label.value().if_string()) {
            take(std::string(label.key()) + "=" + std::string(*value));
        }
    }
    return found;
}

void SharedWatch::replace(std::map<std::string, json::value> objects, std::uint64_t version) {
    holders_.clear();
    for (Share* share : shares_) {
        share->begin(version);
    }
    for (auto& [name, object] : objects) {
        std::set<Share*> holders = whose(name, object);
        for (Share* share : holders) {
            share->put(name, object, version);
        }
        if (!holders.empty()) {
            holders_.emplace(name, std::move(holders));
        }
    }
    for (Share* share : shares_) {
        share->ring();
    }
}

void SharedWatch::put(const std::string& name, json::value object, std::uint64_t version) {
    std::set<Share*> holders = whose(name, object);
    const auto known = holders_.find(name);
    const std::set<Share*> before = known == holders_.end() ? std::set<Share*>() : known->second;
    for (Share* share : before) {
        if (!holders.contains(share)) {
            share->erase(name, version);  // Its labels fit no more.
            share->ring();
        }
    }
    for (Share* share : holders) {
        share->put(name, object, version);
        share->ring();
    }
    if (holders.empty()) {
        holders_.erase(name);
    } else {
        holders_.insert_or_assign(name, std::move(holders));
    }
}

void SharedWatch::erase(const std::string& name, std::uint64_t version) {
    const auto known = holders_.find(name);
    if (known == holders_.end()) {
        return;
    }
    for (Share* share : known->second) {
        share->erase(name, version);
        share->ring();
    }
    holders_.erase(known);
}

void SharedWatch::tell_trouble() {
    for (Share* share : shares_) {
        share->ring();
    }
}

}  // namespace homeostat::adapters::kubernetes
