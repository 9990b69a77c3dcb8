#include "ui/cli/fake_server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "ui/cli/answer.h"
#include "ui/cli/words.h"

namespace logboom::ui::cli {

// One tail: sends what is new to it, and tells how far it has come as the cursor.
class FakeServer::Tail : public http::Session {
 public:
  Tail(FakeServer& server, http::Request request) : server_(server), request_(std::move(request)) {}

  void start(std::shared_ptr<http::Peer> peer) override {
    const std::lock_guard lock(server_.mutex_);
    peer_ = std::move(peer);
    const auto cursor = request_.param("cursor").value_or("");
    std::vector<const Line*> back_fill;
    const auto first = cursor.empty() ? 0 : std::strtoul(std::string(cursor).c_str(), nullptr, 10);
    const auto oldest = std::strtoll(std::string(*request_.param("start")).c_str(), nullptr, 10);
    for (std::size_t i = first; i < server_.lines_.size(); ++i) {
      const auto& line = *server_.lines_[i];
      if ((cursor.empty() ? line.time_ns >= oldest : true) && server_.wanted(request_, line)) {
        back_fill.push_back(&line);
      }
    }
    const auto limit = std::strtoul(std::string(*request_.param("limit")).c_str(), nullptr, 10);
    if (cursor.empty() && back_fill.size() > limit) {
      back_fill.erase(back_fill.begin(), back_fill.end() - static_cast<std::ptrdiff_t>(limit));
    }
    if (server_.kind_ == Kind::ours || !back_fill.empty()) send(back_fill);
  }
  void closed() override {
    const std::lock_guard lock(server_.mutex_);
    peer_.reset();
  }

  // Under the server's lock.
  void send(const std::vector<const Line*>& lines) {
    if (!peer_) return;
    std::string frame = "{\"streams\":" + server_.streams(lines);
    if (server_.kind_ == Kind::ours) {
      frame += ",\"cursor\":\"" + std::to_string(server_.lines_.size()) + "\"";
    }
    peer_->send(frame + "}");
  }
  void send_if_wanted(const Line& line) {
    if (server_.wanted(request_, line)) send({&line});
  }
  void drop() {
    if (peer_) peer_->drop();
    peer_.reset();
  }

 private:
  FakeServer& server_;
  http::Request request_;
  std::shared_ptr<http::Peer> peer_;
};

FakeServer::FakeServer(Kind kind) : kind_(kind) {
  http::Router router;
  const auto add = [&](const char* path, http::Handler handler) {
    router.add("GET", path, [this, handler = std::move(handler)](const http::Request& request) {
      return guard(request, handler);
    });
  };
  add("/ready", [](const http::Request&) { return http::text(200, "ready"); });
  add("/loki/api/v1/labels",
      [](const http::Request&) { return http::json(R"({"status":"success","data":["job"]})"); });
  add("/loki/api/v1/label/{name}/values", [this](const http::Request&) { return jobs(); });
  add("/loki/api/v1/query_range", [this](const http::Request& request) { return range(request); });
  for (const char* path : {"/api/v1/{a}", "/api/v1/{a}/{b}", "/api/v1/{a}/{b}/{c}"}) {
    add(path, [this](const http::Request& request) { return api(request); });
  }
  for (const char* path : {"/ping/{tool}/{check}", "/ping/{tool}/{check}/{signal}"}) {
    router.add("POST", path, [this](const http::Request& request) {
      return guard(request, [this](const http::Request&) { return ping(); });
    });
  }
  router.websocket("/loki/api/v1/tail",
                   [this](const http::Request& request) { return tail(request); });
  auto server = http::Server::listen({}, std::move(router), workers_);
  if (!server) std::abort();
  server_ = *std::move(server);
}

FakeServer::~FakeServer() {
  server_->stop();
  workers_.stop();
}

std::string FakeServer::url() const {
  return "http://127.0.0.1:" + std::to_string(server_->port());
}

void FakeServer::add(std::int64_t time_ns, std::string_view job, std::string_view body,
                     std::vector<std::pair<std::string, std::string>> metadata,
                     std::string_view stream) {
  const std::lock_guard lock(mutex_);
  auto line = std::make_unique<Line>();
  line->time_ns = time_ns;
  line->body = body;
  line->metadata = std::move(metadata);
  line->labels = std::make_shared<const Labels>(
      std::vector<Labels::Pair>{{"job", std::string(job)}, {"stream", std::string(stream)}});
  if (kind_ == Kind::ours) line->id = "id-" + std::to_string(lines_.size());
  lines_.push_back(std::move(line));
  for (const auto& weak : tails_) {
    if (const auto tail = weak.lock()) tail->send_if_wanted(*lines_.back());
  }
}

void FakeServer::answer_with(int status, std::string body) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  status_body_ = std::move(body);
}

void FakeServer::set_api(std::string path, std::string body, int status) {
  const std::lock_guard lock(mutex_);
  api_["/api/v1/" + std::move(path)] = {status, std::move(body)};
}

void FakeServer::answer_pings(std::vector<int> statuses) {
  const std::lock_guard lock(mutex_);
  pings_ = std::move(statuses);
}

void FakeServer::require_token(std::string token) {
  const std::lock_guard lock(mutex_);
  token_ = std::move(token);
}

void FakeServer::drop_tails(int refusals) {
  const std::lock_guard lock(mutex_);
  refusals_ = refusals;
  for (const auto& weak : tails_) {
    if (const auto tail = weak.lock()) tail->drop();
  }
  tails_.clear();
}

std::vector<http::Request> FakeServer::raw_requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

bool FakeServer::wait_for_requests(std::size_t count) {
  std::unique_lock lock(mutex_);
  return requested_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return requests_.size() >= count; });
}

std::vector<std::string> FakeServer::requests() const {
  std::vector<std::string> result;
  for (const auto& request : raw_requests()) {
    std::string text = request.path;
    for (const auto& [name, value] : request.params) {
      if (name == "start" || name == "end" || name == "flags") continue;
      text.append(" ").append(name).append("=").append(value);
    }
    result.push_back(std::move(text));
  }
  return result;
}

http::Response FakeServer::guard(const http::Request& request, const http::Handler& handler) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    requested_.notify_all();
    if (status_ != 0) return http::text(status_, status_body_);
    if (!token_.empty() && request.header("authorization") != "Bearer " + token_) {
      return http::text(401, "no org id");
    }
  }
  return handler(request);
}

// Every name="value" of the selector, but for `tool`; other matchers and filters match anything.
bool FakeServer::wanted(const http::Request& request, const Line& line) const {
  std::string_view query = request.param("query").value_or("");
  query = query.substr(0, query.find('}'));
  while (!query.empty()) {
    query.remove_prefix(query.starts_with(", ") ? 2 : 1);
    const auto matcher = query.substr(0, query.find(','));
    query.remove_prefix(matcher.size());
    const auto equals = matcher.find("=\"");
    if (equals == std::string_view::npos) continue;
    const auto name = matcher.substr(0, equals);
    const auto value = matcher.substr(equals + 2, matcher.size() - equals - 3);
    if (name != "tool" && line.get(name) != value) return false;
  }
  return kind_ == Kind::stock ||
         Words::parse(request.param("search").value_or("")).match(line.body);
}

http::Response FakeServer::range(const http::Request& request) {
  const std::lock_guard lock(mutex_);
  const auto number = [&](std::string_view name) {
    return std::strtoll(std::string(*request.param(name)).c_str(), nullptr, 10);
  };
  std::vector<const Line*> lines;
  for (const auto& line : lines_) {
    if (line->time_ns >= number("start") && line->time_ns < number("end") &&
        wanted(request, *line)) {
      lines.push_back(line.get());
    }
  }
  std::ranges::stable_sort(lines, {}, &Line::time_ns);
  if (request.param("direction") == "backward") std::ranges::reverse(lines);
  lines.resize(std::min(lines.size(), static_cast<std::size_t>(number("limit"))));
  return http::json(R"({"status":"success","data":{"resultType":"streams","result":)" +
                    streams(lines) + "}}");
}

http::Response FakeServer::jobs() {
  const std::lock_guard lock(mutex_);
  std::map<std::string, int> names;
  for (const auto& line : lines_) ++names[std::string(line->get("job"))];
  std::string body = R"({"status":"success","data":[)";
  for (const auto& [name, unused] : names) {
    body += (body.ends_with('[') ? "" : ",") + json_quote(name);
  }
  return http::json(body + "]}");
}

std::variant<http::Response, std::shared_ptr<http::Session>> FakeServer::tail(
    const http::Request& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  requested_.notify_all();
  if (refusals_ > 0) {
    --refusals_;
    return http::text(503, "starting");
  }
  if (status_ != 0) return http::text(status_, status_body_);
  auto session = std::make_shared<Tail>(*this, request);
  tails_.push_back(session);
  return session;
}

http::Response FakeServer::api(const http::Request& request) {
  const std::lock_guard lock(mutex_);
  const auto found = api_.find(request.path);
  if (found == api_.end()) return http::text(404, "no such thing");
  const auto& [status, body] = found->second;
  return status == 200 ? http::json(body) : http::text(status, body);
}

http::Response FakeServer::ping() {
  const std::lock_guard lock(mutex_);
  if (pings_.empty()) return http::text(200, "OK");
  const int status = pings_.front();
  pings_.erase(pings_.begin());
  return http::text(status, status == 200 ? "OK" : "because");
}

// One stream per label set, its lines in the given order.
std::string FakeServer::streams(const std::vector<const Line*>& lines) const {
  std::vector<std::pair<std::string, std::string>> values;
  const auto object = [](const auto& pairs) {
    std::string text = "{";
    for (const auto& [name, value] : pairs) {
      text.append(text.size() > 1 ? "," : "").append(json_quote(name)).append(":");
      text.append(json_quote(value));
    }
    return text + "}";
  };
  for (const auto* line : lines) {
    const auto labels = object(line->labels->pairs());
    auto found = std::ranges::find(values, labels, [](const auto& pair) { return pair.first; });
    if (found == values.end()) found = values.insert(found, {labels, ""});
    if (!found->second.empty()) found->second += ",";
    found->second += "[\"" + std::to_string(line->time_ns) + "\"," + json_quote(line->body);
    if (kind_ == Kind::ours) {
      found->second += ",{\"structuredMetadata\":" + object(line->metadata) +
                       ",\"id\":" + json_quote(line->id) + "}";
    }
    found->second += "]";
  }
  std::string text = "[";
  for (const auto& [labels, joined] : values) {
    text.append(text.size() > 1 ? "," : "").append("{\"stream\":").append(labels);
    text.append(",\"values\":[").append(joined).append("]}");
  }
  return text + "]";
}

}  // namespace logboom::ui::cli
