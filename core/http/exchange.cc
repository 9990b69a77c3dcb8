#include "core/http/exchange.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <exception>

#include "core/log.h"

namespace logboom::http {
namespace {

constexpr std::size_t kMinCompressed = 1024;  // below it a packet is a packet

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

std::string_view reason(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

// RFC 9110's fixed form; strftime would follow the process's locale.
std::string http_date(std::time_t now) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                                 kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                                 utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

// A handler that puts a client's text into a header must not let it end the line.
void append_field(std::string& head, std::string_view name, std::string_view value) {
  const auto append = [&head](std::string_view text) {
    for (const char c : text) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  };
  append(name);
  head += ": ";
  append(value);
  head += "\r\n";
}

bool is_ours(std::string_view lower_name) {
  return lower_name == "content-length" || lower_name == "transfer-encoding" ||
         lower_name == "connection" || lower_name == "date" || lower_name == "server";
}

const std::string* find_header(const Response& response, std::string_view lower_name) {
  for (const auto& [name, value] : response.headers) {
    if (lower(name) == lower_name) return &value;
  }
  return nullptr;
}

Result<void> inflate_body(const ServerOptions& options, Request& request) {
  const std::string coding = lower(trim(request.header("content-encoding")));
  if (coding.empty()) return {};
  if (coding == "gzip" || coding == "x-gzip" || coding == "deflate") {
    auto plain = inflate(request.body, options.max_inflated_bytes);
    if (!plain && coding == "deflate" && plain.error().code == Errc::invalid) {
      plain = inflate_raw(request.body, options.max_inflated_bytes);
    }
    if (!plain) return fail(std::move(plain).error().in("Content-Encoding " + coding));
    request.body = *std::move(plain);
  } else if (coding != "identity") {
    return {};
  }
  std::erase_if(request.headers,
                [](const auto& field) { return field.first == "content-encoding"; });
  return {};
}

void read_form(Request& request) {
  if (request.body.empty() || request.body.size() > kMaxFormBytes) return;
  if (lower(media_type(request.header("content-type"))) != "application/x-www-form-urlencoded") {
    return;
  }
  for (auto& pair : parse_query(request.body)) request.params.push_back(std::move(pair));
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(item.size() + 1, accept_encoding.size()));
    const std::string_view coding = trim(item.substr(0, item.find(';')));
    if (lower(coding) != "gzip" && coding != "*") continue;
    const std::size_t q = item.find("q=");
    if (q == std::string_view::npos) return true;
    return item.substr(q + 2).find_first_of("123456789") != std::string_view::npos;  // not 0, 0.000
  }
  return false;
}

void compress(const Request& request, Response& response) {
  if (response.stream || response.body.size() <= kMinCompressed || !has_body(response.status) ||
      response.status == 206 || find_header(response, "content-encoding") != nullptr ||
      !accepts_gzip(request.header("accept-encoding"))) {
    return;
  }
  std::string packed = gzip(response.body);
  if (packed.size() >= response.body.size()) return;
  response.body = std::move(packed);
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.headers.emplace_back("Vary", "Accept-Encoding");
}

Response crashed(const Request& request, std::string_view what) {
  log_crash(request, what);
  return text(500, "internal error: this is a bug of the server; its log names it\n");
}

}  // namespace

Target split_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const std::size_t scheme = target.find("://");
  if (scheme != std::string_view::npos && scheme < target.find_first_of("/?")) {
    target.remove_prefix(scheme + 3);
    const std::size_t path = target.find_first_of("/?");
    target = path == std::string_view::npos ? std::string_view() : target.substr(path);
  }
  const std::size_t question = target.find('?');
  Target parts{.path = target.substr(0, question), .query = {}};
  if (question != std::string_view::npos) parts.query = target.substr(question + 1);
  if (parts.path.empty()) parts.path = "/";
  return parts;
}

void log_crash(const Request& request, std::string_view what) {
  log::error("request handler threw", {{"method", std::string_view(request.method)},
                                       {"path", std::string_view(request.path)},
                                       {"error", what}});
}

Response answer(const ServerOptions& options, const Handler& handler, Request& request) {
  try {
    if (auto ready = inflate_body(options, request); !ready) return failed(ready.error());
    read_form(request);
    Response response = handler(request);
    if (response.status < 200 || response.status > 599) {
      return crashed(request, "impossible status " + std::to_string(response.status));
    }
    compress(request, response);
    return response;
  } catch (const std::exception& error) {
    return crashed(request, error.what());
  } catch (...) {
    return crashed(request, "no std::exception");
  }
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string response_head(const Response& response, const Framing& framing) {
  std::string head;
  head.reserve(256);
  head += framing.http10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += reason(response.status);
  head += "\r\n";
  append_field(head, "Server", "logboom");
  append_field(head, "Date", http_date(std::time(nullptr)));
  for (const auto& [name, value] : response.headers) {
    if (!is_ours(lower(name))) append_field(head, name, value);
  }
  if (framing.length) {
    if (has_body(response.status)) {
      append_field(head, "Content-Length", std::to_string(*framing.length));
    }
  } else if (!framing.http10) {
    append_field(head, "Transfer-Encoding", "chunked");
  }
  if (!framing.keep_alive) {
    append_field(head, "Connection", "close");
  } else if (framing.http10) {
    append_field(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  return head;
}

bool same_origin(const Request& request) {
  const std::string origin = lower(request.header("origin"));
  if (origin.empty()) return true;
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string::npos) return false;  // "null": a sandboxed page or a file
  const std::string_view host = std::string_view(origin).substr(scheme + 3);
  return !host.empty() && (host == lower(request.header("host")) ||
                           host == lower(trim(request.header("x-forwarded-host"))));
}

}  // namespace logboom::http
