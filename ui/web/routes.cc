#include "ui/web/routes.h"

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>

#include "ui/web/assets.h"

namespace logboom::ui {
namespace {

constexpr std::size_t kMaxAsset = 1 << 20;

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

http::Response serve(const Asset& asset, const http::Request& request) {
  http::Response response;
  response.headers = {
      // Weak, since the gzipped and the plain bytes share it.
      {"ETag", "W/" + std::string(asset.etag)},
      {"Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Vary", "Accept-Encoding"},
      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
  };
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

http::Response find(const http::Request& request) {
  const auto asset = std::ranges::find(assets(), request.path, &Asset::path);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  // Go's words: Loki's clients look for "page not found" to learn that a feature is missing.
  if (asset == assets().end() || !reads) return http::text(404, "404 page not found\n");
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
