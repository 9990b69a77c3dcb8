// The parts without sockets: codings, routes, heads.
#include "core/http/message.h"

#include <catch2/catch.hpp>
#include <random>

#include "core/http/exchange.h"
#include "core/http/server.h"

namespace logboom::http {
namespace {

TEST_CASE("percent escapes are decoded, and what is no escape stays") {
  auto [text, plus_is_space, plain] = GENERATE(table<std::string, bool, std::string>({
      {"abc", false, "abc"},
      {"a%20b", false, "a b"},
      {"%7B%22x%22%3d1%7d", true, "{\"x\"=1}"},
      {"a+b", false, "a+b"},
      {"a+b%2B", true, "a b+"},
      {"%C3%A9", true, "\xC3\xA9"},
      {"100%", true, "100%"},
      {"%2", true, "%2"},
      {"%zz%4", true, "%zz%4"},
      {"%%41", true, "%A"},
      {"%00", true, std::string(1, '\0')},
      {"", true, ""},
  }));
  CAPTURE(text);
  CHECK(percent_decode(text, plus_is_space) == plain);
}

TEST_CASE("percent encoding comes back whatever the bytes") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(percent_decode(percent_encode(all), false) == all);
  CHECK(percent_decode(percent_encode(all), true) == all);
  CHECK(percent_encode("aZ09-._~ /{}+&=%") == "aZ09-._~%20%2F%7B%7D%2B%26%3D%25");
}

TEST_CASE("a query is a list of decoded pairs in order") {
  auto [query, pairs] = GENERATE(table<std::string, Pairs>({
      {"", {}},
      {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
      {"query=%7Bjob%3D%22x%22%7D&limit=10", {{"query", "{job=\"x\"}"}, {"limit", "10"}}},
      {"match%5B%5D=a+b", {{"match[]", "a b"}}},
      {"a&b=&=c", {{"a", ""}, {"b", ""}, {"", "c"}}},
      {"&&a=1&&", {{"a", "1"}}},
      {"a=b=c", {{"a", "b=c"}}},
  }));
  CAPTURE(query);
  CHECK(parse_query(query) == pairs);
}

TEST_CASE("a request gives the first value, all values, or says there is none") {
  Request request;
  request.params = {{"a", "1"}, {"b", ""}, {"a", "2"}};
  request.headers = {{"host", "x"}};
  request.path_params = {{"name", "job"}};
  CHECK(request.param("a") == "1");
  CHECK(request.param("b") == "");
  CHECK(request.param("c") == std::nullopt);
  CHECK(request.all_params("a") == std::vector<std::string_view>{"1", "2"});
  CHECK(request.header("host") == "x");
  CHECK(request.header("accept").empty());
  CHECK(request.path_param("name") == "job");
  CHECK(request.path_param("other").empty());
}

TEST_CASE("every error has its status, and those worth another try say when") {
  auto [code, status, retry] = GENERATE(table<Errc, int, bool>({
      {Errc::invalid, 400, false},
      {Errc::denied, 403, false},
      {Errc::not_found, 404, false},
      {Errc::conflict, 409, false},
      {Errc::too_large, 413, false},
      {Errc::limit, 429, true},
      {Errc::cancelled, 499, false},
      {Errc::internal, 500, false},
      {Errc::corrupt, 500, false},
      {Errc::io, 500, false},
      {Errc::busy, 503, true},
      {Errc::full, 503, true},
      {Errc::unavailable, 503, true},
      {Errc::timeout, 504, false},
  }));
  const Response response = failed({code, "what happened"});
  CAPTURE(name(code));
  CHECK(response.status == status);
  CHECK(response.body == "what happened");
  CHECK((response.headers.back().first == "Retry-After") == retry);
}

TEST_CASE("gzip comes back through inflate") {
  auto size = GENERATE(0, 1, 1000, 300'000, 5'000'000);
  std::mt19937 random(42);
  std::string text;
  for (int i = 0; i < size; ++i) text += static_cast<char>("abcdef \n"[random() % 8]);
  const auto back = inflate(gzip(text), text.size());
  REQUIRE(back.has_value());
  CHECK(*back == text);
}

TEST_CASE("gzip members one after the other are one text") {
  const auto back = inflate(gzip("first ") + gzip("second"), 100);
  REQUIRE(back.has_value());
  CHECK(*back == "first second");
}

TEST_CASE("zlib and headerless deflate are understood") {
  const std::string zlib = "\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15";
  const std::string with_nul("\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15", 13);
  CHECK(inflate(with_nul, 100) == "hello");
  CHECK(inflate_raw(with_nul.substr(2, 7), 100) == "hello");
  CHECK_FALSE(inflate_raw("hello", 100).has_value());
}

TEST_CASE("a bomb is refused at the limit, not after it") {
  const std::string bomb = gzip(std::string(50'000'000, 'x'));
  REQUIRE(bomb.size() < 300'000);
  const auto result = inflate(bomb, 1'000'000);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::too_large);
  CHECK(inflate(bomb, 50'000'000).has_value());
}

TEST_CASE("what is not gzip, or not all of it, is invalid") {
  const std::string good = gzip("some text that is long enough to be cut");
  auto bytes = GENERATE_COPY(std::string("plain text"), std::string("\x1f\x8b"), std::string(),
                             good.substr(0, good.size() - 1), good.substr(0, 12), good + "junk",
                             good.substr(0, good.size() - 8) + "12345678");
  CAPTURE(bytes.size());
  const auto result = inflate(bytes, 1000);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::invalid);
}

Router example() {
  Router router;
  const auto answer = [](std::string_view name) {
    return [name = std::string(name)](const Request&) { return text(200, name); };
  };
  router.add("GET", "/", answer("root"));
  router.add("GET", "/loki/api/v1/label/{name}/values", answer("values"));
  router.add("GET", "/loki/api/v1/{any}", answer("any"));
  router.add("GET", "/loki/api/v1/query", answer("query"));
  router.add("POST", "/loki/api/v1/query", answer("query post"));
  router.add("POST", "/push", answer("push"));
  const auto refuse = [](const Request&) { return text(400, "no"); };
  router.websocket("/tail", refuse);
  router.add("GET", "/both", answer("both"));
  router.websocket("/both", refuse);
  return router;
}

TEST_CASE("a path finds its route, its parameters, or the methods that would do") {
  const Router router = example();
  auto [method, path, pattern, params, allow] =
      GENERATE(table<std::string, std::string, std::string, Pairs, std::string>({
          {"GET", "/", "/", {}, ""},
          {"HEAD", "/", "/", {}, ""},
          {"GET",
           "/loki/api/v1/label/job/values",
           "/loki/api/v1/label/{name}/values",
           {{"name", "job"}},
           ""},
          {"GET",
           "/loki/api/v1/label/a%2Fb%20c/values",
           "/loki/api/v1/label/{name}/values",
           {{"name", "a/b c"}},
           ""},
          {"GET", "/loki/api/v1/label//values", "", {}, ""},
          {"GET", "/loki/api/v1/query", "/loki/api/v1/query", {}, ""},
          {"GET", "/loki/api/v1/%71uery", "/loki/api/v1/query", {}, ""},
          {"GET", "/loki/api/v1/other", "/loki/api/v1/{any}", {{"any", "other"}}, ""},
          {"DELETE", "/loki/api/v1/query", "", {}, "GET, HEAD, POST"},
          {"GET", "/push", "", {}, "POST"},
          {"HEAD", "/push", "", {}, "POST"},
          {"POST", "/", "", {}, "GET, HEAD"},
          {"GET", "/none", "", {}, ""},
          {"GET", "/push/", "", {}, ""},
          {"GET", "//", "", {}, ""},
          {"GET", "*", "", {}, ""},
      }));
  CAPTURE(method, path);
  const Router::Match match = router.match(method, path, false);
  CHECK((match.route ? match.route->pattern : "") == pattern);
  CHECK(match.path_params == params);
  CHECK(match.allow == allow);
}

TEST_CASE("an upgrade prefers the WebSocket's route, a plain request the plain one") {
  const Router router = example();
  CHECK(router.match("GET", "/both", true).route->websocket);
  CHECK(router.match("GET", "/both", false).route->handler);
  CHECK(router.match("GET", "/tail", false).route->websocket);
  CHECK(router.match("GET", "/", true).route->handler);
}

TEST_CASE("a request target is a path and a query, with or without a host before it") {
  auto [target, path, query] = GENERATE(table<std::string, std::string, std::string>({
      {"/a/b?x=1&y=2", "/a/b", "x=1&y=2"},
      {"/a", "/a", ""},
      {"/a?", "/a", ""},
      {"/a?u=http://x/", "/a", "u=http://x/"},
      {"/http://x/", "/http://x/", ""},
      {"http://host:80/a?x", "/a", "x"},
      {"http://host", "/", ""},
      {"http://host?x=1", "/", "x=1"},
      {"/a?x#f", "/a", "x"},
      {"*", "*", ""},
      {"", "/", ""},
  }));
  CAPTURE(target);
  CHECK(split_target(target).path == path);
  CHECK(split_target(target).query == query);
}

TEST_CASE("a client's text in a header cannot start another") {
  Response response = text(200, "");
  response.headers.emplace_back("X-Echo", "a\r\nSet-Cookie: evil");
  response.headers.emplace_back("content-LENGTH", "999");
  const std::string head = response_head(response, {.length = 0});
  CHECK(head.find("\r\nSet-Cookie") == std::string::npos);
  CHECK(head.find("999") == std::string::npos);
  CHECK(head.find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("only pages of this server may open a WebSocket from a browser") {
  auto [origin, host, forwarded, ours] =
      GENERATE(table<std::string, std::string, std::string, bool>({
          {"", "localhost:3100", "", true},
          {"http://localhost:3100", "localhost:3100", "", true},
          {"HTTP://LocalHost:3100", "localhost:3100", "", true},
          {"https://logs.example.org", "127.0.0.1:3100", "logs.example.org", true},
          {"https://logs.example.org", "127.0.0.1:3100", "", false},
          {"http://evil.example", "localhost:3100", "", false},
          {"http://localhost:3101", "localhost:3100", "", false},
          {"null", "localhost:3100", "", false},
          {"http://", "localhost:3100", "", false},
      }));
  CAPTURE(origin, host, forwarded);
  Request request;
  if (!origin.empty()) request.headers.emplace_back("origin", origin);
  request.headers.emplace_back("host", host);
  if (!forwarded.empty()) request.headers.emplace_back("x-forwarded-host", forwarded);
  CHECK(same_origin(request) == ours);
}

}  // namespace
}  // namespace logboom::http
