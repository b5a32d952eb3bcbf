#include "homeostat/adapters/kubernetes/credentials.hpp"

#include "homeostat/net/certificates_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

namespace homeostat::adapters::kubernetes {

namespace {

const net::AuthorityForTest& authority() {
    static const net::AuthorityForTest made;
    return made;
}

struct IdentityWorld {
    net::TemporaryDirectory directory;
    TlsFiles files{directory.file("ca.crt"), directory.file("tls.crt"), directory.file("tls.key")};

    IdentityWorld() {
        write(files.authorities, authority().certificate());
        static_cast<void>(renew());
    }
    static void write(const std::string& path, const std::string& text) {
        REQUIRE(os::write_file_atomically(path, text));
    }
    [[nodiscard]] net::IssuedForTest renew() const {
        const net::IssuedForTest issued = authority().issue({.subject = "agent"});
        write(files.certificate, issued.certificate);
        write(files.key, issued.key);
        return issued;
    }
    [[nodiscard]] TlsIdentity identity() const {
        net::TlsSettings settings;
        settings.authorities = os::read_file(files.authorities, 65536).value();
        settings.certificate = os::read_file(files.certificate, 65536).value();
        settings.key = os::read_file(files.key, 65536).value();
        Result<TlsIdentity> made = TlsIdentity::make(settings, files);
        REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
        return *std::move(made);
    }
};

}  // namespace

TEST_CASE("a certificate that was renewed is another identity, and one that was not is the same") {
    const IdentityWorld world;
    TlsIdentity identity = world.identity();
    const std::shared_ptr<net::TlsContext> first = identity.current();
    CHECK(identity.current() == first);
    static_cast<void>(world.renew());
    const std::shared_ptr<net::TlsContext> second = identity.current();
    CHECK(second != first);
    CHECK(identity.current() == second);
    IdentityWorld::write(world.files.authorities, net::AuthorityForTest().certificate());
    CHECK(identity.current() != second);
}

TEST_CASE("a pair that is half renewed, or gone, leaves what was good, until it is whole") {
    const IdentityWorld world;
    TlsIdentity identity = world.identity();
    const std::shared_ptr<net::TlsContext> first = identity.current();
    const net::IssuedForTest next = authority().issue({.subject = "agent"});
    IdentityWorld::write(world.files.certificate, next.certificate);
    CHECK(identity.current() == first);
    CHECK(identity.current() == first);
    std::filesystem::remove(world.files.key);
    CHECK(identity.current() == first);
    IdentityWorld::write(world.files.key, "no key");
    CHECK(identity.current() == first);
    IdentityWorld::write(world.files.key, next.key);
    CHECK(identity.current() != first);
}

TEST_CASE("what stands in no file never changes") {
    const IdentityWorld world;
    net::TlsSettings settings;
    settings.authorities = authority().certificate();
    Result<TlsIdentity> identity = TlsIdentity::make(settings, {});
    REQUIRE(identity);
    const std::shared_ptr<net::TlsContext> first = identity->current();
    static_cast<void>(world.renew());
    CHECK(identity->current() == first);
    settings.authorities = "none";
    CHECK_FALSE(TlsIdentity::make(settings, {}));
}

}  // namespace homeostat::adapters::kubernetes
