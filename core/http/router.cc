#include <algorithm>
#include <cassert>

#include "core/http/server.h"

namespace logboom::http {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.starts_with('{') && segment.ends_with('}');
}

// The parameters' values when the path fits. Fewer parameters is the better fit.
std::optional<Pairs> fit(const Router::Route& route, const std::vector<std::string>& path) {
  if (route.segments.size() != path.size()) return std::nullopt;
  Pairs params;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string_view segment = route.segments[i];
    if (is_parameter(segment)) {
      if (path[i].empty()) return std::nullopt;
      params.emplace_back(segment.substr(1, segment.size() - 2), path[i]);
    } else if (segment != path[i]) {
      return std::nullopt;
    }
  }
  return params;
}

void add_word(std::string& list, std::string_view word) {
  if (list.find(word) != std::string::npos) return;
  if (!list.empty()) list += ", ";
  list += word;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  assert(pattern.starts_with('/') && handler);
  routes_.push_back(
      {std::string(method), std::string(pattern), split(pattern), std::move(handler), nullptr});
}

void Router::websocket(std::string_view pattern, WebSocketHandler handler) {
  assert(pattern.starts_with('/') && handler);
  routes_.push_back({"GET", std::string(pattern), split(pattern), nullptr, std::move(handler)});
}

void Router::fallback(Handler handler) { fallback_ = std::move(handler); }

Router::Match Router::match(std::string_view method, std::string_view path, bool upgrade) const {
  std::vector<std::string> segments = split(path);
  // Decoded after the split: a %2F belongs to its segment.
  for (std::string& segment : segments) segment = percent_decode(segment, false);
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;

  Match best;
  bool best_fits_kind = false;
  for (const Route& route : routes_) {
    auto params = fit(route, segments);
    if (!params) continue;
    if (route.method != wanted) {
      add_word(best.allow, route.method);
      if (route.method == "GET") add_word(best.allow, "HEAD");
      continue;
    }
    // An ordinary request to a WebSocket's route (and the reverse) is the last resort.
    const bool fits_kind = upgrade == static_cast<bool>(route.websocket);
    if (best.route == nullptr || (fits_kind && !best_fits_kind) ||
        (fits_kind == best_fits_kind && params->size() < best.path_params.size())) {
      best.route = &route;
      best.path_params = *std::move(params);
      best_fits_kind = fits_kind;
    }
  }
  if (best.route != nullptr) best.allow.clear();
  return best;
}

}  // namespace logboom::http
