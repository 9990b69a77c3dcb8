#include "ui/web/routes.h"

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>

#include "ui/web/assets.h"

namespace logboom::ui {
namespace {

constexpr std::size_t kMaxAsset = 1 << 20, kMaxRunId = 40;
// In index.html, where a run's page says what can be read without JavaScript.
constexpr std::string_view kRunMark = "<!--RUN-->";

// The page may load and run nothing but its own files and talk to nobody but its own server, so a
// log line that tricks it cannot send anything anywhere.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Elements of a header that is a list with commas.
template <class Predicate>
bool any_element(std::string_view header, Predicate holds) {
  return std::ranges::any_of(header | std::views::split(','), [&](const auto& part) {
    return holds(trimmed(std::string_view(part.begin(), part.end())));
  });
}

bool accepts_gzip(std::string_view accept_encoding) {
  return any_element(accept_encoding, [](std::string_view element) {
    const auto semicolon = element.find(';');
    const auto coding = trimmed(element.substr(0, semicolon));
    if (coding != "gzip" && coding != "*") return false;
    if (semicolon == std::string_view::npos) return true;
    const auto weight = trimmed(element.substr(semicolon + 1));
    return weight.find_first_not_of("q=0.") != std::string_view::npos;
  });
}

// If-None-Match compares weakly: W/ does not count.
bool has_it_already(std::string_view if_none_match, std::string_view etag) {
  return any_element(if_none_match, [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);
    return element == etag || element == "*";
  });
}

http::Pairs page_headers(std::string_view cache) {
  return {{"Cache-Control", std::string(cache)},
          {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"}};
}

http::Response serve(const Asset& asset, const http::Request& request) {
  http::Response response;
  response.headers =
      page_headers(asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  // Weak, since the gzipped and the plain bytes share it.
  response.headers.emplace_back("ETag", "W/" + std::string(asset.etag));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (has_it_already(request.header("if-none-match"), asset.etag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", asset.content_type);
  const std::string_view gzipped(reinterpret_cast<const char*>(asset.gzipped.data()),
                                 asset.gzipped.size());
  if (accepts_gzip(request.header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = gzipped;
    return response;
  }
  auto plain = http::inflate(gzipped, kMaxAsset);
  if (!plain) return http::failed(plain.error());
  response.body = *std::move(plain);
  return response;
}

// The pages that the script draws: one document for all of them.
bool is_page(std::string_view path) {
  return path == "/search" || path.starts_with("/jobs/") || path.starts_with("/runs/");
}

// The id in the address of a run's page; "" in others. Letters, digits, '-' and '_' alone, so that
// it may stand in HTML.
std::string_view run_in(std::string_view path) {
  if (!path.starts_with("/runs/")) return {};
  path.remove_prefix(std::string_view("/runs/").size());
  const bool id = path.size() <= kMaxRunId && std::ranges::all_of(path, [](char c) {
                    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
                  });
  return id ? path : std::string_view();
}

// The page of a run also leads those without JavaScript to what it would show.
http::Response run_page(const Asset& asset, std::string_view id) {
  auto page = http::inflate(
      {reinterpret_cast<const char*>(asset.gzipped.data()), asset.gzipped.size()}, kMaxAsset);
  if (!page) return http::failed(page.error());
  if (const auto at = page->find(kRunMark); at != std::string::npos) {
    const auto run = "/api/v1/runs/" + std::string(id);
    page->replace(at, kRunMark.size(),
                  "<p>Of this run there are <a href=\"" + run +
                      "/lines?format=text\">its lines as text</a> and <a href=\"" + run +
                      "/why\">its verdict as JSON</a>; <code>logs why " + std::string(id) +
                      "</code> prints it in a terminal.</p>");
  }
  http::Response response;
  response.headers = page_headers("no-cache");
  response.headers.emplace_back("Content-Type", asset.content_type);
  response.body = *std::move(page);
  return response;
}

http::Response find(const http::Request& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const auto path = is_page(request.path) ? std::string_view("/") : request.path;
  const auto asset = std::ranges::find(assets(), path, &Asset::path);
  // Go's words: Loki's clients look for "page not found" to learn that a feature is missing.
  if (asset == assets().end() || !reads) return http::text(404, "404 page not found\n");
  if (const auto id = run_in(request.path); !id.empty()) return run_page(*asset, id);
  return serve(*asset, request);
}

http::Response no_page(const http::Request&) {
  return http::text(200,
                    "This is Logboom. It was built without its web page (-DWEB=OFF).\n"
                    "Read lines with `logs tail` and `logs search`, or with any Loki client.\n");
}

}  // namespace

void add_web_routes(http::Router& router) {
  router.add("GET", "/", assets().empty() ? http::Handler(no_page) : http::Handler(find));
  router.fallback(find);
}

}  // namespace logboom::ui
