// Five parcels are weighed side by side and their weights joined. The process ends in the middle;
// the next one weighs nothing twice: it looks for what had been asked for.

#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/runner.hpp"

#include <functional>
#include <iostream>
#include <map>
#include <string>

using namespace homeostat;
using namespace homeostat::graph;

namespace {

struct Post {
    struct State {
        std::uint32_t grams_sum{0};
        std::vector<std::string> lines;
        static constexpr auto channels() {
            return std::tuple{Folded<&State::grams_sum, std::plus<>>{"grams_sum"},
                              Append<&State::lines>{"lines"}};
        }
    };
    struct Argument {
        std::uint32_t parcel{0};
        static void fields(auto& self, auto&& field) { field("parcel", self.parcel); }
    };
    struct Command {
        bool is_look{false};  ///< What the scale showed, instead of weighing.
        std::uint32_t parcel{0};
    };
    using Message = std::uint32_t;  ///< Grams; 0: it was not weighed.
    using Record = Nothing;
    using Question = Nothing;
    using Answer = Nothing;
    using Around = Nothing;
};

Turn<Post> spread(const Post::State&, const Event<Post>&, const Context<Post>&) {
    Turn<Post> turn;
    for (std::uint32_t parcel = 1; parcel <= 5; ++parcel) {
        turn.send("weigh", {parcel});
    }
    return turn;
}

Turn<Post> weigh(const Post::State&, const Event<Post>& event, const Context<Post>& context) {
    const std::uint32_t parcel = context.argument->parcel;
    const auto* heard = std::get_if<Post::Message>(&event);
    if (heard != nullptr && *heard > 0) {
        return Turn<Post>()
            .fold<&Post::State::grams_sum>(*heard)
            .append<&Post::State::lines>("parcel " + std::to_string(parcel) + ": " +
                                         std::to_string(*heard) + " g")
            .done();
    }
    return Turn<Post>().command({std::holds_alternative<Resumed>(event), parcel}).stay();
}

Turn<Post> finish(const Post::State&, const Event<Post>&, const Context<Post>&) {
    return Turn<Post>().done();
}

Result<StateGraph<Post>> post_graph() {
    return StateGraph<Post>::build(
        "post",
        {{.shape = {.name = "spread", .successors = {"weigh"}, .is_choice = true}, .run = spread},
         {.shape = {.name = "weigh", .kind = NodeKind::act, .successors = {"finish"}},
          .run = weigh},
         {.shape = {.name = "finish", .kind = NodeKind::end}, .run = finish}});
}

using Scale = std::map<std::uint32_t, std::uint32_t>;  // What it showed for each parcel, in grams.

struct World {
    Scale* scale;  ///< It outlives the processes that use it.
    int commands_left;
    int replies_left;
    Nothing nothing{};

    static Instant now() { return {}; }
    [[nodiscard]] const Nothing& around() const { return nothing; }
    std::optional<Post::Message> perform(Post::Command command) {
        std::cout << (command.is_look ? "look at " : "weigh ") << command.parcel << "\n";
        if (commands_left-- > 0 && !command.is_look) {
            (*scale)[command.parcel] = 100 * command.parcel;
        }
        return replies_left-- > 0 ? std::optional((*scale)[command.parcel]) : std::nullopt;
    }
    static void keep(Nothing) {}
    static bool is_draining() { return false; }
    static bool is_simulated() { return false; }
};

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): what an example does not expect may end it.
int main() {
    const StateGraph<Post> graph = post_graph().value();
    MemoryStore store;
    Scale scale;
    {
        World world{.scale = &scale, .commands_left = 4, .replies_left = 2};
        auto first = Runner<Post, World>::over(graph, &store, world).value();
        first.start("post-1", {}).value();
        first.run().value();
    }
    std::cout << "The process ends. Two replies are lost, and so is a command.\n";
    World world{.scale = &scale, .commands_left = 9, .replies_left = 9};
    auto second = Runner<Post, World>::over(graph, &store, world).value();
    second.open("post-1").value();
    second.run().value();
    for (const std::string& line : second.thread().state.lines) {
        std::cout << line << "\n";
    }
    std::cout << "together: " << second.thread().state.grams_sum << " g\n";
}
