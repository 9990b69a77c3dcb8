// A request and a response as handlers see them: no socket, no Beast.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace logboom::http {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;         // GET, POST, ...
  std::string path;           // decoded, without the query
  Pairs path_params;          // from the route's {name} parts
  Pairs params;               // of the query, then of a form body; decoded, in order, repeats kept
  Pairs headers;              // names in lower case
  std::string body;           // already inflated where Content-Encoding is gzip or deflate
  std::string peer;           // address of the client
  std::stop_token cancelled;  // asked for when the client has gone or the server stops

  // The first value, or nothing.
  [[nodiscard]] std::optional<std::string_view> param(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> all_params(std::string_view name) const;
  [[nodiscard]] std::string_view path_param(std::string_view name) const;  // "" if not in the route
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  // "" if absent
};

struct Response {
  int status = 200;
  Pairs headers = {};  // Content-Length, Date and Connection are the server's
  std::string body = {};
  // A long answer, sent chunked: called on the worker pool until it returns false; each call
  // appends the next part. Empty for an ordinary answer. Called again only when the last part is
  // written.
  std::move_only_function<bool(std::string& part)> stream = nullptr;
};

[[nodiscard]] Response text(int status, std::string body);        // text/plain; charset=utf-8
[[nodiscard]] Response json(std::string body, int status = 200);  // application/json
// The status for an Error (400 invalid, 404, 409 conflict, 413, 429 with Retry-After, 503, ...) and
// its message as text.
[[nodiscard]] Response failed(const Error& error);

// gzip and zlib ("deflate"). Errors: invalid (not the format, or cut off); too_large.
[[nodiscard]] Result<std::string> inflate(std::string_view bytes, std::size_t limit_bytes);
// Deflate without zlib's header: what some senders mean by Content-Encoding: deflate.
[[nodiscard]] Result<std::string> inflate_raw(std::string_view bytes, std::size_t limit_bytes);
[[nodiscard]] std::string gzip(std::string_view bytes);

[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space);
[[nodiscard]] std::string percent_encode(std::string_view text);
[[nodiscard]] Pairs parse_query(std::string_view query);

}  // namespace logboom::http
