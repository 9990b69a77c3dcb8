#include "ui/web/routes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "ui/web/assets.h"

namespace logboom::ui {
namespace {

std::string header(const http::Response& response, std::string_view name) {
  const auto found = std::ranges::find(response.headers, name, &http::Pairs::value_type::first);
  return found == response.headers.end() ? "" : found->second;
}

http::Response get(std::string path, http::Pairs headers = {}, std::string method = "GET") {
  http::Router router;
  add_web_routes(router);
  http::Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.headers = std::move(headers);
  const auto match = router.match(request.method, request.path, false);
  return match.route ? match.route->handler(request) : router.fallback()(request);
}

// The address of the first file of this type that the page asks for.
std::string address_in_page(std::string_view before) {
  const std::string page = get("/").body;
  const auto start = page.find(before);
  REQUIRE(start != std::string::npos);
  const auto path = start + before.size();
  return page.substr(path, page.find('"', path) - path);
}

TEST_CASE("what is no file of the page is not found") {
  CHECK(get("/nothing").status == 404);
  CHECK(get("/../etc/passwd").status == 404);
  CHECK(get("/loki/api/v1/unknown").body == "404 page not found\n");
  CHECK(get("/favicon.svg", {}, "POST").status == 404);
}

TEST_CASE("the start page answers, with or without the web page in the program") {
  const auto response = get("/");
  CHECK(response.status == 200);
  CHECK(response.body.find("Logboom") != std::string::npos);
}

TEST_CASE("the page and each file it names are served with the headers a browser needs") {
  if (assets().empty()) return;
  const auto script = address_in_page("src=\"");
  const auto style = address_in_page("rel=\"stylesheet\" href=\"");
  auto [path, type, cache] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {"/", "text/html; charset=utf-8", "no-cache"},
      {script, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
      {style, "text/css; charset=utf-8", "public, max-age=31536000, immutable"},
      {"/favicon.svg", "image/svg+xml", "no-cache"},
  }));
  CAPTURE(path);
  const auto response = get(path);
  CHECK(response.status == 200);
  CHECK(header(response, "Content-Type") == type);
  CHECK(header(response, "Cache-Control") == cache);
  CHECK(header(response, "X-Content-Type-Options") == "nosniff");
  CHECK(header(response, "Referrer-Policy") == "no-referrer");
  CHECK(header(response, "Content-Security-Policy").starts_with("default-src 'none'; script-src"));
  CHECK(header(response, "Content-Encoding").empty());
  CHECK(!response.body.empty());
}

TEST_CASE("each page's address is answered with the document that draws it") {
  if (assets().empty()) return;
  const auto path = GENERATE(as<std::string>(), "/search", "/jobs/bot/daily-report",
                             "/jobs/bot/a/b", "/runs/7k2m9q4xw8fz", "/runs/<script>");
  CAPTURE(path);
  const auto response = get(path);
  CHECK(response.status == 200);
  CHECK(header(response, "Content-Type") == "text/html; charset=utf-8");
  CHECK(header(response, "Content-Security-Policy").starts_with("default-src 'none'"));
  CHECK(response.body.find("<div id=\"app\">") != std::string::npos);
  CHECK(response.body.find("<script>") == std::string::npos);
  CHECK(get(path, {}, "POST").status == 404);
}

TEST_CASE("a run's page leads those without JavaScript to its lines and verdict") {
  if (assets().empty()) return;
  const auto body = get("/runs/7k2m9q4xw8fz").body;
  CHECK(body.find("href=\"/api/v1/runs/7k2m9q4xw8fz/lines?format=text\"") != std::string::npos);
  CHECK(body.find("logs why 7k2m9q4xw8fz") != std::string::npos);
  CHECK(get("/jobs/bot/x").body.find("/api/v1/runs/") == std::string::npos);
}

TEST_CASE("gzip goes only to those who take it") {
  if (assets().empty()) return;
  auto [accept, gzipped] = GENERATE(table<std::string, bool>({
      {"gzip", true},
      {"br, gzip;q=0.8", true},
      {"deflate,gzip", true},
      {"gzip; q=0", false},
      {"gzip;q=0.000", false},
      {"identity", false},
      {"xgzip", false},
      {"", false},
  }));
  CAPTURE(accept);
  const auto response = get("/", {{"accept-encoding", accept}});
  CHECK((header(response, "Content-Encoding") == "gzip") == gzipped);
  const auto plain = get("/").body;
  CHECK((gzipped ? http::inflate(response.body, 1 << 20).value() : response.body) == plain);
}

TEST_CASE("a browser that has the page already is told so") {
  if (assets().empty()) return;
  const auto etag = header(get("/"), "ETag");
  REQUIRE(etag.starts_with("W/\""));
  auto [sent, status] = GENERATE_COPY(table<std::string, int>({
      {etag, 304},
      {etag.substr(2), 304},
      {"\"other\", " + etag, 304},
      {"*", 304},
      {"\"other\"", 200},
  }));
  CAPTURE(sent);
  const auto response = get("/", {{"if-none-match", sent}});
  CHECK(response.status == status);
  CHECK(response.body.empty() == (status == 304));
}

TEST_CASE("the page asks nobody else for anything") {
  if (assets().empty()) return;
  for (const auto& asset : assets()) {
    if (!asset.content_type.starts_with("text/html") && !asset.content_type.starts_with("text/css"))
      continue;
    CAPTURE(asset.path);
    const auto body = get(std::string(asset.path)).body;
    CHECK(body.find("http://") == std::string::npos);
    CHECK(body.find("https://") == std::string::npos);
  }
}

}  // namespace
}  // namespace logboom::ui
