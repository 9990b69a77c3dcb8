#include "ui/cli/server.h"

#include <algorithm>
#include <cstdio>

namespace logboom::ui::cli {
namespace {

constexpr std::string_view kFlags = "categorize-labels,line-ids";
constexpr std::size_t kMaxErrorText = 1000;  // of an answer's body shown to people

// A job with * and ? as a regular expression, the rest of it literal.
std::string job_regex(std::string_view job) {
  std::string out;
  for (const char c : job) {
    if (c == '*') {
      out += ".*";
    } else if (c == '?') {
      out += '.';
    } else {
      if (std::string_view(R"(\.+()|[]{}^$)").contains(c)) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string selector(const std::vector<std::string>& jobs, std::string_view tool) {
  // `tool` is a label only our server knows; with a job, a stock Loki answers too.
  if (jobs.empty()) return "{tool=" + logql_quote(tool) + "}";
  if (jobs.size() == 1 && !is_glob(jobs[0])) return "{job=" + logql_quote(jobs[0]) + "}";
  std::string regex;
  for (const auto& job : jobs) {
    if (!regex.empty()) regex += '|';
    regex += job_regex(job);
  }
  // A selector that also matches "" selects nothing for Loki.
  if (regex.find_first_not_of(".*|") == std::string::npos) regex = ".+";
  return "{job=~" + logql_quote(regex) + "}";
}

std::string line_filters(const Selection& selection) {
  const std::string_view flags = selection.ignore_case ? "(?i)" : "";
  std::string any;
  for (const auto& regex : selection.grep) {
    if (!any.empty()) any += '|';
    any += selection.grep.size() == 1 ? regex : "(?:" + regex + ")";
  }
  std::string filters;
  if (!any.empty()) filters += " |~ " + logql_quote(std::string(flags) + any);
  for (const auto& regex : selection.exclude) {
    filters += " !~ " + logql_quote(std::string(flags) + regex);
  }
  return filters;
}

void append_param(std::string& target, std::string_view name, std::string_view value) {
  target += target.contains('?') ? '&' : '?';
  target.append(name).append("=").append(http::percent_encode(value));
}

std::string query_target(std::string target, const Query& query) {
  if (!query.logql.empty()) append_param(target, "query", query.logql);
  if (!query.search.empty()) append_param(target, "search", query.search);
  return target;
}

std::string first_line(std::string_view body) {
  auto text = body.substr(0, std::min(body.find('\n'), kMaxErrorText));
  while (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return std::string(text);
}

Error status_error(int status, std::string_view body) {
  auto says = first_line(body);
  if (says.empty()) says = "no reason given";
  switch (status) {
    case 400:
      return {Errc::invalid, "the server refuses the question: " + says};
    case 401:
    case 403:
      return {Errc::denied, "the server does not let you in: " + says};
    case 404:
      return {Errc::not_found,
              "the server does not know this: " + says + "; is the URL that of a Logboom server?"};
    case 429:
      return {Errc::limit, "too much at once: " + says + "; wait a little or ask for less"};
    case 502:
    case 503:
    case 504:
      return {Errc::unavailable, "the server is busy or starting: " + says};
    default:
      return {Errc::internal, "the server answered " + std::to_string(status) + ": " + says};
  }
}

}  // namespace

bool is_glob(std::string_view job) { return job.find_first_of("*?") != std::string_view::npos; }

std::string logql_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(byte));
      out += escape;
    } else {
      out += c;
    }
  }
  return out += '"';
}

Query make_query(const Selection& selection, std::string_view tool) {
  std::string_view search = selection.search;
  std::string logql = selection.logql;
  if (search.starts_with('{')) {
    logql = search;
    search = "";
  }
  if (logql.empty()) {
    logql = selector(selection.jobs, tool);
    if (!selection.run.empty()) {
      logql.insert(logql.size() - 1, ", run=" + logql_quote(selection.run));
    }
  }
  return {.logql = logql + line_filters(selection), .search = std::string(search)};
}

std::string range_target(const Query& query, const Range& range, std::size_t limit,
                         Direction direction) {
  auto target = query_target("/loki/api/v1/query_range", query);
  append_param(target, "start", std::to_string(range.start));
  append_param(target, "end", std::to_string(range.end));
  append_param(target, "limit", std::to_string(limit));
  append_param(target, "direction", direction == Direction::forward ? "forward" : "backward");
  if (!range.after.empty()) append_param(target, "after", range.after);
  append_param(target, "flags", kFlags);
  return target;
}

std::string tail_target(const Query& query, const TailStart& start) {
  auto target = query_target("/loki/api/v1/tail", query);
  append_param(target, "start", std::to_string(start.start));
  append_param(target, "limit", std::to_string(start.limit));
  append_param(target, "cursor", start.cursor);
  append_param(target, "flags", kFlags);
  return target;
}

Error explain(Error error, std::string_view url) {
  if (error.code == Errc::unavailable || error.code == Errc::timeout) {
    const auto prefix = "cannot reach " + std::string(url);
    if (!error.message.starts_with(prefix)) error.message.insert(0, prefix + ": ");
    error.message +=
        "\nStart a server with `logboom serve`, or name yours with --url, LOGS_URL or `logs "
        "login`.";
  } else if (error.code == Errc::denied) {
    error.message += "\nLog in with `logs login " + std::string(url) +
                     " --with-token < token.txt`, or set LOGS_TOKEN.";
  }
  return error;
}

Server::Server(http::ClientOptions options, std::unique_ptr<http::Client> client)
    : options_(std::move(options)), client_(std::move(client)) {}

Result<Server> Server::create(const Settings& settings, Tools tools,
                              std::chrono::milliseconds timeout) {
  auto options = settings.client();
  options.timeout = timeout;
  if (tools == Tools::any) {
    std::erase_if(options.headers, [](const auto& pair) { return pair.first == "X-Scope-OrgID"; });
  }
  // For a stock Loki; ours reads the `flags` parameter, which a WebSocket needs anyway.
  options.headers.emplace_back("X-Loki-Response-Encoding-Flags", "categorize-labels,line-ids");
  auto client = http::Client::create(options);
  if (!client) return fail(std::move(client).error());
  return Server(std::move(options), *std::move(client));
}

Result<std::string> Server::get(const std::string& target) {
  auto answer = client_->get(target);
  if (!answer) return fail(explain(std::move(answer).error(), options_.url));
  if (answer->status != 200) {
    return fail(explain(status_error(answer->status, answer->body), options_.url));
  }
  return std::move(answer->body);
}

Result<std::string> Server::own_answer(Result<http::Answer> answer) const {
  if (!answer) return fail(explain(std::move(answer).error(), options_.url));
  if (answer->status >= 200 && answer->status < 300) return std::move(answer->body);
  // A server that does not have the page at all says so in Go's words.
  const auto says = first_line(answer->body);
  if (answer->status == 404 && !says.empty() && !says.starts_with("404 page not found")) {
    return fail(Errc::not_found, says);
  }
  return fail(explain(status_error(answer->status, answer->body), options_.url));
}

Result<std::string> Server::ask(const std::string& target) {
  return own_answer(client_->get(target));
}

Result<void> Server::tell(const std::string& target, const std::string& text) {
  auto answer =
      own_answer(client_->post(target, text, {{"Content-Type", "text/plain; charset=utf-8"}}));
  if (!answer) return fail(std::move(answer).error());
  return {};
}

Result<std::vector<Line>> Server::range(const Query& query, Range range, std::size_t limit,
                                        Direction direction) {
  const auto body = get(range_target(query, range, limit, direction));
  if (!body) return fail(body.error());
  auto lines = decode_range(*body);
  if (!lines) return fail(std::move(lines).error());
  // Lines of one stream at one instant keep the server's order, turned round when newest came
  // first.
  if (direction == Direction::backward) std::ranges::reverse(*lines);
  std::ranges::stable_sort(*lines, {}, &Line::time_ns);
  return *std::move(lines);
}

Result<std::vector<std::string>> Server::values(std::string_view label, Range range) {
  std::string target = "/loki/api/v1/label/" + http::percent_encode(label) + "/values";
  append_param(target, "start", std::to_string(range.start));
  append_param(target, "end", std::to_string(range.end));
  const auto body = get(target);
  if (!body) return fail(body.error());
  return decode_names(*body);
}

Result<void> Server::check() {
  for (const char* target : {"/ready", "/loki/api/v1/labels"}) {
    if (auto body = get(target); !body) return fail(std::move(body).error());
  }
  return {};
}

}  // namespace logboom::ui::cli
