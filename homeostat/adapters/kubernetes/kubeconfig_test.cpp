#include "homeostat/adapters/kubernetes/kubeconfig.hpp"

#include "homeostat/adapters/kubernetes/credentials.hpp"
#include "homeostat/net/certificates_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;

namespace {

const std::string tail = R"(
contexts:
- name: lab
  context: {cluster: lab, user: admin, namespace: shop}
- name: other
  context: {cluster: lab, user: bot}
current-context: lab
kind: Config
)";

/// "AAAA" is three bytes in base64: nobody reads a certificate before the files are read.
std::string file(const std::string& cluster, const std::string& user) {
    return "apiVersion: v1\nclusters:\n- name: lab\n  cluster: {" + cluster +
           "}\nusers:\n- name: bot\n  user: {token: bots}\n- name: admin\n  user: {" + user +
           "}\n" + tail;
}

const std::string good_cluster =
    "server: 'https://127.0.0.1:6443', certificate-authority-data: AAAA";
const std::string good_user = "token: abc.def";

std::string refusal(const std::string& text, std::string_view context = {}) {
    const auto config = parse_kubeconfig(text, context);
    REQUIRE_FALSE(config);
    CHECK(config.error().fault == Fault::invalid);
    CHECK(config.error().text.size() < 400);
    return config.error().text;
}

struct Directory {
    net::TemporaryDirectory directory;
    net::AuthorityForTest authority;

    void write(const std::string& name, const std::string& bytes) const {
        REQUIRE(os::write_file_atomically(directory.file(name), bytes));
    }
    /// The path of the file that was written.
    [[nodiscard]] std::string put(const std::string& name, const std::string& bytes) const {
        write(name, bytes);
        return directory.file(name);
    }
};

}  // namespace

TEST_CASE("the current context says where to go and who we are") {
    const auto config = parse_kubeconfig(
        file("server: 'https://kube.example:6443/k8s/c-1/', certificate-authority-data: AAAA, "
             "tls-server-name: kube",
             "client-certificate-data: AAAA, client-key-data: QUJDRA=="),
        {});
    REQUIRE(config);
    CHECK(config->context == "lab");
    CHECK(config->host == "kube.example");
    CHECK(config->port == 6443);
    CHECK(config->path_prefix == "/k8s/c-1");
    CHECK(config->server_name == "kube");
    CHECK(config->name_space == "shop");
    CHECK(config->authority.bytes == std::string(3, '\0'));
    CHECK(config->key.bytes == "ABCD");
    CHECK(config->token.empty());
}

TEST_CASE("another context is taken by its name") {
    const auto config = parse_kubeconfig(file(good_cluster, good_user), "other");
    REQUIRE(config);
    CHECK(config->context == "other");
    CHECK(config->token == "bots");
    CHECK(config->name_space.empty());
}

TEST_CASE("servers are read as they are written") {
    struct Case {
        std::string_view server;
        std::string_view host;
        std::uint16_t port;
    };
    for (const Case& one :
         {Case{"https://kube", "kube", 443}, Case{"https://[::1]:6443", "::1", 6443},
          Case{"https://[fd00::1]", "fd00::1", 443}, Case{"https://10.0.0.1:1/", "10.0.0.1", 1}}) {
        CAPTURE(one.server);
        const auto config = parse_kubeconfig(
            file(fmt::format("server: '{}', certificate-authority: ca.crt", one.server), good_user),
            {});
        REQUIRE(config);
        CHECK(config->host == one.host);
        CHECK(config->port == one.port);
        CHECK(config->path_prefix.empty());
        CHECK(config->authority.path == "ca.crt");
    }
}

TEST_CASE("a server that is no address is refused") {
    for (const char* server :
         {"", "kube", "http://kube", "https://", "https://:6443", "https://kube:", "https://kube:0",
          "https://kube:99999", "https://kube:x", "https://user@kube", "https://::1",
          "https://[::1", "https://[kube]:1", "https://kube/a b", "https://kube/?x",
          "https://ku\\be"}) {
        CAPTURE(server);
        const std::string text = refusal(
            file(fmt::format("server: '{}', certificate-authority: ca.crt", server), good_user));
        CHECK(text.contains("server"));
    }
}

TEST_CASE("what an unattended program must not do is refused with the mend") {
    struct Case {
        std::string cluster;
        std::string user;
        std::string_view key;
        std::string_view mend;
    };
    const std::array cases{
        Case{good_cluster + ", insecure-skip-tls-verify: true", good_user,
             "insecure-skip-tls-verify", "certificate-authority-data"},
        Case{good_cluster + ", proxy-url: 'http://x'", good_user, "proxy-url", "remove it"},
        Case{"server: 'https://x'", good_user, "certificate-authority", "ca-certificates.crt"},
        Case{good_cluster, "exec: {command: aws}", "exec", "service account's token"},
        Case{good_cluster, "auth-provider: {name: gcp}", "auth-provider",
             "service account's token"},
        Case{good_cluster, "username: a, password: b", "username", "token"},
        Case{good_cluster, "token: a, as: root", "as", "that identity itself"},
        Case{good_cluster, "client-certificate: a", "client-certificate", "belong together"},
        Case{good_cluster, "token: 'a b'", "token", "bytes"},
        Case{good_cluster, "", "users", "no credentials"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.key);
        const std::string text = refusal(file(one.cluster, one.user));
        CHECK(text.starts_with("line "));
        CHECK(text.contains(fmt::format(": {}: ", one.key)));
        CHECK(text.contains(one.mend));
    }
    CHECK(
        parse_kubeconfig(file(good_cluster + ", insecure-skip-tls-verify: false", good_user), {}));
}

TEST_CASE("what is missing, double or of another shape is refused, naming it") {
    const std::string good = file(good_cluster, good_user);
    REQUIRE(parse_kubeconfig(good, {}));
    CHECK(refusal(good, "none").contains("none is named 'none'"));
    CHECK(refusal("a: b").contains("current-context"));
    CHECK(refusal("").contains("is this a kubeconfig?"));
    CHECK(refusal("[]").contains("is this a kubeconfig?"));
    CHECK(refusal("{{{").contains("YAML"));
    CHECK(refusal("current-context: lab").contains("contexts"));
    CHECK(refusal(good + "current-context: lab\n").contains("it stands twice"));
    CHECK(refusal(good + "users: []\n").contains("it stands twice"));
    CHECK(refusal("current-context: lab\ncontexts: {lab: 1}").contains("no such list"));
    CHECK(refusal("current-context: lab\ncontexts: [{name: lab}]").contains("has no context"));
    CHECK(refusal("current-context: lab\ncontexts: [{name: lab, context: {}}, {name: lab, context: "
                  "{}}]")
              .contains("stands twice"));
    CHECK(refusal(file(good_cluster, "token: [a]")).contains("one text"));
    CHECK(refusal(file("server: 'https://x', certificate-authority-data: 'AA*A'", good_user))
              .contains("base64"));
    CHECK(refusal(file("server: 'https://x', certificate-authority-data: 'AAA'", good_user))
              .contains("base64"));
    CHECK(refusal(file("server: 'https://x', certificate-authority-data: 'A=AA'", good_user))
              .contains("base64"));
    CHECK(refusal(std::string(kubeconfig_bytes_max + 1, ' ')).contains("bytes"));
    CHECK(refusal("x: " + std::string(3000, '[')).contains("YAML"));
}

TEST_CASE("files that a kubeconfig names are read beside it") {
    const Directory world;
    const net::IssuedForTest ours = world.authority.issue({.subject = "agent"});
    world.write("ca.crt", world.authority.certificate());
    world.write("agent.crt", ours.certificate);
    world.write("agent.key", ours.key);
    world.write("token", "abc\n");
    const std::string path = world.put(
        "config", file("server: 'https://127.0.0.1:6443', certificate-authority: ca.crt",
                       "client-certificate: agent.crt, client-key: agent.key, token: fixed, "
                       "tokenFile: token"));
    const auto access = read_kubeconfig(path);
    REQUIRE(access);
    CHECK(access->tls.authorities == world.authority.certificate());
    CHECK(access->tls.certificate == ours.certificate);
    CHECK(access->tls.key == ours.key);
    CHECK(access->token_file == world.directory.file("token"));
    CHECK(access->name_space == "shop");
    CHECK(access->told_by == "context lab of " + path);
}

TEST_CASE("a file that is missing or no certificate is told when the kubeconfig is read") {
    const Directory world;
    const auto absent = read_kubeconfig(world.directory.file("none"));
    REQUIRE_FALSE(absent);
    CHECK(absent.error().fault == Fault::absent);

    const std::string path = world.put(
        "config",
        file("server: 'https://127.0.0.1:6443', certificate-authority: ca.crt", good_user));
    const auto without = read_kubeconfig(path);
    REQUIRE_FALSE(without);
    CHECK(without.error().text.contains("ca.crt"));

    world.write("ca.crt", "rubbish");
    const auto rubbish = read_kubeconfig(path);
    REQUIRE_FALSE(rubbish);
    CHECK(rubbish.error().text.starts_with(path));
    CHECK(rubbish.error().text.contains("authority"));

    world.write("ca.crt", world.authority.certificate());
    CHECK(read_kubeconfig(path));
}

TEST_CASE("a pod finds its identity in its own files") {
    const Directory world;
    const std::string directory = world.directory.file("");
    CHECK_FALSE(read_service_account("10.96.0.1", "443", directory));
    world.write("ca.crt", world.authority.certificate());
    CHECK_FALSE(read_service_account("10.96.0.1", "443", directory));
    world.write("token", "abc");
    world.write("namespace", "shop");
    const auto access = read_service_account("10.96.0.1", "443", directory);
    REQUIRE(access);
    CHECK(access->host == "10.96.0.1");
    CHECK(access->port == 443);
    CHECK(access->name_space == "shop");
    CHECK(access->token_file == directory + "/token");
    CHECK(read_service_account("fd00::1", "443", directory));
    for (const auto& [host, port] : {std::pair{"", "443"}, {"10.96.0.1", ""}}) {
        const auto none = read_service_account(host, port, directory);
        REQUIRE_FALSE(none);
        CHECK(none.error().fault == Fault::absent);
    }
    CHECK_FALSE(read_service_account("10.96.0.1", "x", directory));
    CHECK_FALSE(read_service_account("a/b", "443", directory));
}

TEST_CASE("a token is read again when its file is another, and kept while it cannot be read") {
    const Directory world;
    const std::string path = world.put("token", "one\n");
    BearerToken token("", path);
    CHECK(token.current() == "one");
    world.write("token", "two");
    CHECK(token.current() == "two");
    REQUIRE(os::remove_file(path));
    CHECK(token.current() == "two");
    world.write("token", "not one, but four words");
    CHECK(token.current() == "two");
    world.write("token", "three");
    CHECK(token.current() == "three");
    CHECK_FALSE(token.is_another_than("three"));
    CHECK(token.is_another_than("two"));
}

TEST_CASE("a token that could never be read is refused; one that is fixed is itself") {
    BearerToken absent("fixed", "/nonexistent/token");
    const auto none = absent.current();
    REQUIRE_FALSE(none);
    CHECK(none.error().fault == Fault::refused);
    BearerToken fixed("fixed", "");
    CHECK(fixed.current() == "fixed");
    CHECK_FALSE(fixed.is_another_than("fixed"));
    BearerToken nobody("", "");
    CHECK(nobody.current() == "");
}
