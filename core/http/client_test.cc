// The clients' errors, and TLS between both ends with a certificate made here.
#include "core/http/client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "core/http/test_support.h"

namespace logboom::http {
namespace {

// A self-signed certificate for 127.0.0.1 and its key, in a directory that goes with it.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "http_test.XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    X509* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key.get());
    X509_NAME* name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(x, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(x, key.get(), EVP_sha256());
    write(certificate_file(), [&](std::FILE* file) { PEM_write_X509(file, x); });
    write(key_file(), [&](std::FILE* file) {
      PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  ~Certificate() { std::filesystem::remove_all(directory_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  [[nodiscard]] std::string certificate_file() const { return directory_ + "/cert.pem"; }
  [[nodiscard]] std::string key_file() const { return directory_ + "/key.pem"; }

 private:
  template <class Write>
  static void write(const std::string& path, Write what) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    what(file);
    std::fclose(file);
  }
  std::string directory_;
};

class Greeter final : public Session {
 public:
  void start(std::shared_ptr<Peer> peer) override {
    peer->send(std::string(300'000, 'x'));
    peer->close(1000, "");
  }
  void closed() override {}
};

Router greeting() {
  Router router;
  router.add("GET", "/hello", [](const Request& r) {
    return text(200, "hello " + r.peer + " " + std::string(r.header("x-scope-orgid")));
  });
  router.add("POST", "/size",
             [](const Request& r) { return text(200, std::to_string(r.body.size())); });
  router.add("GET", "/stream", [](const Request&) {
    Response response = text(200, "");
    response.stream = [n = 0](std::string& part) mutable {
      part.assign(100'000, 'x');
      return ++n < 20;
    };
    return response;
  });
  router.websocket("/tail", [](const Request&) { return std::make_shared<Greeter>(); });
  return router;
}

TEST_CASE("TLS carries requests, streams and WebSockets") {
  const Certificate certificate;
  const TestServer test(greeting(), {.certificate_file = certificate.certificate_file(),
                                     .key_file = certificate.key_file()});
  const std::string url = "https://127.0.0.1:" + std::to_string(test.server->port());
  const ClientOptions trusting{
      .url = url, .headers = {{"X-Scope-OrgID", "bot"}}, .ca_file = certificate.certificate_file()};
  const auto client = *Client::create(trusting);
  for (int i = 0; i < 3; ++i) CHECK(client->get("/hello")->body == "hello 127.0.0.1 bot");
  CHECK(client->post("/size", std::string(5'000'000, 'x'), {})->body == "5000000");
  CHECK(client->get("/stream")->body.size() == 2'000'000);
  const auto socket = WebSocketClient::connect(trusting, "/tail");
  REQUIRE(socket.has_value());
  CHECK((*socket)->read(kPatience)->value().size() == 300'000);
  CHECK((*socket)->read(kPatience).error().code == Errc::cancelled);

  const auto stranger = (*Client::create({.url = url}))->get("/hello");
  REQUIRE_FALSE(stranger.has_value());
  CHECK(stranger.error().code == Errc::unavailable);
  CHECK(stranger.error().message.find("certificate not trusted") != std::string::npos);
  const auto strange_socket = WebSocketClient::connect({.url = url}, "/tail");
  REQUIRE_FALSE(strange_socket.has_value());
  CHECK(strange_socket.error().message.find("certificate") != std::string::npos);

  ClientOptions other_name = trusting;
  other_name.url = "https://localhost:" + std::to_string(test.server->port());
  CHECK_FALSE((*Client::create(other_name))->get("/hello").has_value());
  CHECK_FALSE(WebSocketClient::connect(other_name, "/tail").has_value());

  // Plain HTTP to a TLS port, and nobody minds.
  CHECK(RawClient(test).ask("GET /hello HTTP/1.1\r\n\r\n").status == 0);
  CHECK(client->get("/hello")->status == 200);
}

TEST_CASE("certificates that cannot be used are named") {
  const Certificate one, two;
  WorkerPool workers(1);
  struct Row {
    std::string certificate, key, words;
  };
  const Row rows[] = {
      {one.certificate_file(), "", "or neither"},
      {"", one.key_file(), "or neither"},
      {"/does/not/exist.pem", one.key_file(), "certificate /does/not/exist.pem"},
      {one.key_file(), one.key_file(), "certificate " + one.key_file()},
      {one.certificate_file(), "/does/not/exist.pem", "key /does/not/exist.pem"},
      {one.certificate_file(), two.key_file(), "belong to " + one.certificate_file()},
  };
  for (const auto& [certificate, key, words] : rows) {
    CAPTURE(certificate, key);
    const auto server =
        Server::listen({.certificate_file = certificate, .key_file = key}, Router{}, workers);
    REQUIRE_FALSE(server.has_value());
    CAPTURE(server.error().message);
    CHECK(server.error().code == Errc::invalid);
    CHECK(server.error().message.find(words) != std::string::npos);
  }
}

TEST_CASE("a URL that is none is refused at once") {
  auto url =
      GENERATE(as<std::string>(), "", "127.0.0.1:3100", "ftp://host", "http://", "http://host:port",
               "http://host:99999", "http://host/?q=1", "http://ho st", "http://host\r\nX: y");
  CAPTURE(url);
  const auto client = Client::create({.url = url});
  REQUIRE_FALSE(client.has_value());
  CHECK(client.error().code == Errc::invalid);
  CHECK(client.error().message.find("write http://HOST:PORT") != std::string::npos);
  const auto socket = WebSocketClient::connect({.url = url}, "/tail");
  REQUIRE_FALSE(socket.has_value());
  CHECK(socket.error().code == Errc::invalid);
}

// A port nobody listens on: bound, so that nobody else gets it, but deaf.
struct DeafPort {
  DeafPort() {
    socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~DeafPort() { ::close(socket); }
  int socket;
  std::string url;
};

TEST_CASE("a server that is away is unavailable, and the text asks the right question") {
  const DeafPort port;
  const auto answer = (*Client::create({.url = port.url}))->get("/hello");
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Errc::unavailable);
  CHECK(answer.error().message.find("is the server running?") != std::string::npos);
  CHECK(answer.error().message.find(port.url) != std::string::npos);
  const auto socket = WebSocketClient::connect({.url = port.url}, "/tail");
  REQUIRE_FALSE(socket.has_value());
  CHECK(socket.error().code == Errc::unavailable);
  CHECK(socket.error().message.find("is the server running?") != std::string::npos);
}

TEST_CASE("a server that does not answer is a timeout") {
  const DeafPort port;
  ::listen(port.socket, 8);  // the kernel accepts, nobody else does
  const ClientOptions options{.url = port.url,
                              .connect_timeout = std::chrono::milliseconds(50),
                              .timeout = std::chrono::milliseconds(50)};
  const auto answer = (*Client::create(options))->get("/hello");
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == Errc::timeout);
  const auto socket = WebSocketClient::connect(options, "/tail");
  REQUIRE_FALSE(socket.has_value());
  CHECK(socket.error().code == Errc::timeout);
}

TEST_CASE("targets and headers that would break the request line are refused") {
  const TestServer test(greeting());
  const auto client = test.client();
  CHECK(client->get("hello").error().code == Errc::invalid);
  CHECK(client->get("/he llo").error().code == Errc::invalid);
  CHECK(client->get("/hello", {{"X", "a\r\nY: b"}}).error().code == Errc::invalid);
  CHECK(client->get("/hello", {{"X-Scope-OrgID", ""}})->body == "hello 127.0.0.1 ");
  CHECK(client->get("/hello", {{"X-Scope-OrgID", "it"}})->body == "hello 127.0.0.1 it");
}

TEST_CASE("a URL's path goes before the target, with or without a slash at its end") {
  Router router;
  router.add("GET", "/prefix/{what}", [](const Request& r) { return text(200, r.path); });
  router.websocket("/prefix/tail", [](const Request&) { return std::make_shared<Greeter>(); });
  const TestServer test(std::move(router));
  for (const char* end : {"/prefix", "/prefix/"}) {
    const ClientOptions options{.url = test.url() + end};
    CHECK((*Client::create(options))->get("/hello?x=1")->body == "/prefix/hello");
    CHECK(WebSocketClient::connect(options, "/tail").has_value());
  }
}

TEST_CASE("a client outlives its server and finds the next") {
  auto first = std::make_unique<TestServer>(greeting());
  const auto client = first->client();
  CHECK(client->get("/hello")->status == 200);
  const std::string address = "127.0.0.1:" + std::to_string(first->server->port());
  first.reset();
  CHECK(client->get("/hello").error().code == Errc::unavailable);
  const TestServer second(greeting(), {.address = address});
  CHECK(client->get("/hello")->status == 200);
}

}  // namespace
}  // namespace logboom::http
