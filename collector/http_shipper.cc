// Batches to a server over OTLP/HTTP: one request at a time, so that a source's batches cannot pass
// each other, while the collector fills the next.
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <map>
#include <span>
#include <thread>

#include "collector/meters.h"
#include "collector/shipper.h"
#include "core/http/client.h"
#include "core/log.h"
#include "core/stop.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;

// A whole request; longer and it is sent again, which the store sees through. It also bounds how
// long stop() waits for a server that hangs.
constexpr milliseconds kRequestTimeout{20'000};
constexpr milliseconds kMaxRetryAfter{60'000};
constexpr std::size_t kMaxReason = 300;

// 200 stored, 409 conflicts, and else: is it worth sending the same bytes again?
bool try_again(int status, bool wait_when_denied) {
  // Wrong credentials and a wrong path are an operator's mistake, not the batch's: nothing is
  // dropped for them.
  const bool denied = status == 401 || status == 403 || status == 404 || status == 405;
  return status == 408 || status == 425 || status == 429 || status >= 500 || status < 400 ||
         (denied && wait_when_denied);
}

milliseconds retry_after(const http::Answer& answer) {
  for (const auto& [name, value] : answer.headers) {
    int seconds = 0;
    if (name == "retry-after" &&
        std::from_chars(value.data(), value.data() + value.size(), seconds).ec == std::errc{}) {
      return std::clamp(milliseconds{seconds * 1000LL}, milliseconds{0}, kMaxRetryAfter);
    }
  }
  return milliseconds{0};
}

using Conflicts = std::map<std::string, std::uint64_t, std::less<>>;

// {"conflicts":[{"source":"<id>","expected":<n>}]}
Result<Conflicts> parse_conflicts(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  Conflicts conflicts;
  if (parser.parse(body)["conflicts"].get(list) != simdjson::SUCCESS) {
    return fail(Errc::invalid, "answer 409 without a list of conflicts");
  }
  for (const auto entry : list) {
    std::string_view source;
    std::uint64_t expected = 0;
    if (entry["source"].get(source) != simdjson::SUCCESS ||
        entry["expected"].get(expected) != simdjson::SUCCESS) {
      return fail(Errc::invalid, "answer 409 with a conflict that names no source and position");
    }
    conflicts.emplace(source, expected);
  }
  return conflicts;
}

bool is_success(const http::Answer& answer) { return answer.status >= 200 && answer.status < 300; }

bool has_type(const http::Answer& answer, std::string_view part) {
  return std::ranges::any_of(answer.headers, [&](const auto& header) {
    return header.first == "content-type" && header.second.find(part) != std::string::npos;
  });
}
// Of a proxy or a captive portal.
bool is_page(const http::Answer& answer) { return has_type(answer, "html"); }
// OTLP is answered in its own encoding; a 200 of anything else says nothing about the batch.
bool speaks_otlp(const http::Answer& answer) {
  return has_type(answer, "protobuf") || has_type(answer, "json");
}

class HttpShipper final : public Shipper {
 public:
  HttpShipper(std::unique_ptr<http::Client> client, HttpTarget target)
      : client_(std::move(client)), target_(std::move(target)) {}
  ~HttpShipper() override { stop(); }

  void start(std::function<void()> wake) override {
    outcomes_.start(std::move(wake));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void ship(Shipment shipment) override {
    {
      const std::scoped_lock lock(mutex_);
      queue_.push_back(std::move(shipment));
    }
    filled_.notify_one();
  }

  std::vector<Outcome> take() override { return outcomes_.take(); }

  void stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<Shipment> shipments;
      {
        std::unique_lock lock(mutex_);
        if (!filled_.wait(lock, stop, [&] { return !queue_.empty(); })) return;
        std::size_t bytes = 0;
        while (!queue_.empty() &&
               (shipments.empty() || bytes + queue_.front().bytes.size() <= kMaxRequestBytes)) {
          bytes += queue_.front().bytes.size();
          shipments.push_back(std::move(queue_.front()));
          queue_.pop_front();
        }
      }
      send(shipments, stop);
    }
  }

  // Sends until there is an answer. A request refused as a whole is halved until the batch at fault
  // stands alone: its neighbours must not go with it.
  void send(std::span<const Shipment> shipments, const std::stop_token& stop) {
    auto answer = post(shipments, stop);
    if (!answer) return;
    if (is_success(*answer)) {
      for (const auto& shipment : shipments) outcomes_.put(shipment, Outcome::Kind::stored);
    } else if (answer->status == 409) {
      tell_conflicts(shipments, *parse_conflicts(answer->body));
    } else if (shipments.size() > 1) {
      const auto half = shipments.size() / 2;
      send(shipments.first(half), stop);
      send(shipments.subspan(half), stop);
    } else {
      auto reason = std::to_string(answer->status) + " " + answer->body.substr(0, kMaxReason);
      outcomes_.put(shipments.front(), Outcome::Kind::refused, 0, std::move(reason));
    }
  }

  void tell_conflicts(std::span<const Shipment> shipments, const Conflicts& conflicts) {
    for (const auto& shipment : shipments) {
      const auto conflict = conflicts.find(shipment.source_id);
      // What of the source lay before the hole has been stored.
      if (conflict == conflicts.end() || shipment.next <= conflict->second) {
        outcomes_.put(shipment, Outcome::Kind::stored);
      } else {
        outcomes_.put(shipment, Outcome::Kind::conflict, conflict->second);
      }
    }
  }

  // The first answer that says something about the batches; an Error only when we are stopping.
  Result<http::Answer> post(std::span<const Shipment> shipments, const std::stop_token& stop) {
    std::string joined;
    if (shipments.size() > 1) {
      for (const auto& shipment : shipments) joined += shipment.bytes;
    }
    const std::string& body = shipments.size() > 1 ? joined : shipments.front().bytes;
    while (!stop.stop_requested()) {
      auto answer = client_->post("/v1/logs", body, {{"Content-Type", "application/x-protobuf"}});
      std::string trouble;
      milliseconds wait{0};
      if (!answer) {
        trouble = answer.error().message;
      } else if (answer->status == 409) {
        if (parse_conflicts(answer->body)) {
          note_recovery();
          return answer;
        }
        trouble = "the server answers 409 without saying which source: is it a Logboom server?";
      } else if (is_page(*answer) || (is_success(*answer) && !speaks_otlp(*answer))) {
        trouble = std::to_string(answer->status) + " that no Logboom server sends: check the URL";
      } else if (is_success(*answer) || !try_again(answer->status, target_.wait_when_denied)) {
        note_recovery();
        return answer;
      } else {
        trouble = std::to_string(answer->status) + " " + answer->body.substr(0, kMaxReason);
        wait = retry_after(*answer);
      }
      note_trouble(trouble);
      if (!sleep_for(stop, std::max(wait, backoff_.next()))) break;
    }
    return fail(Errc::cancelled, "stopping");
  }

  void note_trouble(const std::string& trouble) {
    meters().retries.add();
    if (!away_) {
      log::warn("server unavailable: waiting, nothing is lost",
                {{"url", target_.url}, {"error", trouble}});
    }
    away_ = true;
  }

  void note_recovery() {
    if (away_) log::info("server available again", {{"url", target_.url}});
    away_ = false;
    backoff_.reset();
  }

  std::unique_ptr<http::Client> client_;
  HttpTarget target_;
  OutcomeQueue outcomes_;
  Backoff backoff_;    // of the thread
  bool away_ = false;  // of the thread
  std::mutex mutex_;   // guards queue_
  std::condition_variable_any filled_;
  std::deque<Shipment> queue_;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Shipper>> make_http_shipper(HttpTarget target) {
  auto client = http::Client::create({.url = target.url,
                                      .headers = target.headers,
                                      .ca_file = target.ca_file,
                                      .timeout = kRequestTimeout});
  if (!client) return fail(std::move(client).error());
  return std::make_unique<HttpShipper>(*std::move(client), std::move(target));
}

}  // namespace logboom::collector
