#include "core/http/message.h"

#include <algorithm>

namespace logboom::http {
namespace {

template <class Pairs>
auto find(const Pairs& pairs, std::string_view name) {
  return std::ranges::find(pairs, name,
                           [](const auto& pair) -> std::string_view { return pair.first; });
}

struct Row {
  Errc code;
  int status;
  std::string_view retry_after;  // seconds; empty: trying again would not help
};
constexpr Row kStatuses[] = {
    {Errc::invalid, 400, ""},   {Errc::not_found, 404, ""},    {Errc::conflict, 409, ""},
    {Errc::too_large, 413, ""}, {Errc::limit, 429, "1"},       {Errc::busy, 503, "1"},
    {Errc::full, 503, "10"},    {Errc::unavailable, 503, "1"}, {Errc::timeout, 504, ""},
    {Errc::cancelled, 499, ""}, {Errc::denied, 403, ""},       {Errc::corrupt, 500, ""},
    {Errc::io, 500, ""},        {Errc::internal, 500, ""},
};

}  // namespace

std::optional<std::string_view> Request::param(std::string_view name) const {
  const auto found = find(params, name);
  if (found == params.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string_view> Request::all_params(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : params) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::string_view Request::path_param(std::string_view name) const {
  const auto found = find(path_params, name);
  return found == path_params.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Request::header(std::string_view lower_case_name) const {
  const auto found = find(headers, lower_case_name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Response text(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(body)};
}

Response json(std::string body, int status) {
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

Response failed(const Error& error) {
  const auto row = std::ranges::find(kStatuses, error.code, &Row::code);
  Response response = text(row == std::end(kStatuses) ? 500 : row->status, error.message);
  if (row != std::end(kStatuses) && !row->retry_after.empty()) {
    response.headers.emplace_back("Retry-After", row->retry_after);
  }
  return response;
}

}  // namespace logboom::http
