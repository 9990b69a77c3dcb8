// Incidents and who is told of them: the whole of this folder behind one object.
//
//   auto alerts = Alerts::start(options, store, intake);
//   judge options.on_judged = [&](run, judgement, json, changes) { alerts->judged(...); }
//
// Units:   times are UTC nanoseconds.
// Errors:  start: invalid (an option; which), io.
// Owns:    the sending threads and the clock's; they end with stop().
// Threads: judged() from one at a time; the rest from any. Stop order: the judge first, then this,
//          then the intake and the store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/incident.h"
#include "alerts/options.h"
#include "alerts/outbox.h"
#include "alerts/recipients.h"
#include "core/http/server.h"
#include "query/intake.h"
#include "store/ledger.h"
#include "store/store.h"

namespace logboom::alerts {

class Alerts {
 public:
  static constexpr std::size_t kMaxListed = 1'000;

  static Result<std::unique_ptr<Alerts>> start(Options options, store::Store& store,
                                               query::Intake& intake);
  virtual ~Alerts() = default;

  // Adds the run's incident and the messages it makes to the write that keeps its verdict, so that
  // no kill can part them. After an error nothing must be written: judge the run again.
  [[nodiscard]] virtual Result<void> judged(const store::Run& run,
                                            const store::Judgement& judgement,
                                            std::string_view verdict_json,
                                            store::RecordWrite& changes) = 0;

  // Newest first, at most kMaxListed. `job` empty: all.
  [[nodiscard]] virtual Result<std::vector<Incident>> incidents(std::string_view tool,
                                                                std::string_view job,
                                                                bool open_only) const = 0;
  [[nodiscard]] virtual Result<std::optional<Incident>> incident(std::string_view id) const = 0;
  // Sends a message to one of the tool's recipients (empty: to the first), and waits for what
  // becomes of it. Errors: invalid (nobody's recipient), unavailable (why it did not go).
  [[nodiscard]] virtual Result<std::string> send_test(std::string_view tool,
                                                      std::string_view to) = 0;
  [[nodiscard]] virtual Result<void> unsubscribe(std::string_view tool, std::string_view to,
                                                 std::string_view key) = 0;
  [[nodiscard]] virtual const Outbox& outbox() const = 0;
  // Lets a message under way come to its answer, then joins. Idempotent.
  virtual void stop() = 0;
};

// GET /api/v1/incidents, /api/v1/incidents/{id}, /api/v1/alerts; POST /api/v1/alerts/test;
// GET and POST /api/v1/alerts/unsubscribe. `alerts` must outlive the router.
void add_alert_routes(http::Router& router, Alerts& alerts);

// One as the API answers it.
[[nodiscard]] std::string to_json(const Incident& incident);

}  // namespace logboom::alerts
