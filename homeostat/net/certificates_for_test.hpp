#pragma once

// AuthorityForTest: an authority of a test's own, and certificates that it signs.
//
// They are valid from 2020 to 2100, whatever the clock says, or were so in 2020 alone.

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace homeostat::net {

/// A certificate and its key, as PEM.
struct IssuedForTest {
    std::string certificate;
    std::string key;
};

struct WantedForTest {
    std::string subject{"server"};
    std::string names{"IP:127.0.0.1"};  ///< As OpenSSL writes them: "DNS:kube.test,IP:127.0.0.1".
    bool is_expired{false};
};

class AuthorityForTest {
  public:
    AuthorityForTest()
        : key_(EVP_EC_gen("P-256")),
          certificate_(sign({.subject = "authority", .names = "DNS:authority"}, key_.get(), true)) {
    }

    /// As PEM.
    [[nodiscard]] std::string certificate() const { return to_pem(certificate_.get()); }

    [[nodiscard]] IssuedForTest issue(const WantedForTest& wanted) const {
        const Key key(EVP_EC_gen("P-256"));
        const Certificate certificate = sign(wanted, key.get(), false);
        return {to_pem(certificate.get()), to_pem(key.get())};
    }

  private:
    template <auto Free>
    struct Freed {
        void operator()(auto* pointer) const { Free(pointer); }
    };
    using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
    using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
    using Bytes = std::unique_ptr<BIO, Freed<BIO_free_all>>;

    static void check(bool is_done) {
        if (!is_done) {
            throw std::runtime_error("OpenSSL did not make the certificate of a test");
        }
    }

    static std::string text_of(BIO* bytes) {
        char* data = nullptr;
        const long size = BIO_get_mem_data(bytes, &data);
        return {data, static_cast<std::size_t>(size)};
    }
    static std::string to_pem(X509* certificate) {
        const Bytes bytes(BIO_new(BIO_s_mem()));
        check(PEM_write_bio_X509(bytes.get(), certificate) == 1);
        return text_of(bytes.get());
    }
    static std::string to_pem(EVP_PKEY* key) {
        const Bytes bytes(BIO_new(BIO_s_mem()));
        check(PEM_write_bio_PKCS8PrivateKey(bytes.get(), key, nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1);
        return text_of(bytes.get());
    }

    static void add(X509* certificate, int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
        check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
    }

    [[nodiscard]] Certificate sign(const WantedForTest& wanted,
                                   EVP_PKEY* key,
                                   bool is_authority) const {
        Certificate made(X509_new());
        X509* certificate = made.get();
        const char* ends = wanted.is_expired ? "20201231235959Z" : "21000101000000Z";
        check(X509_set_version(certificate, 2) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(certificate), is_authority ? 1 : 2) == 1 &&
              ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
              ASN1_TIME_set_string(X509_getm_notAfter(certificate), ends) == 1 &&
              X509_set_pubkey(certificate, key) == 1);
        name(X509_get_subject_name(certificate), wanted.subject);
        name(X509_get_issuer_name(certificate), "authority");
        add(certificate, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
        add(certificate, NID_subject_alt_name, wanted.names);
        check(X509_sign(certificate, key_.get(), EVP_sha256()) != 0);
        return made;
    }

    static void name(X509_NAME* whole, const std::string& common) {
        check(X509_NAME_add_entry_by_txt(whole, "CN", MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(common.c_str()), -1,
                                         -1, 0) == 1);
    }

    Key key_;
    Certificate certificate_;
};

}  // namespace homeostat::net
