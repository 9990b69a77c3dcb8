// What the HTTP endpoints of this folder work with, and how they are put on a router.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/http/server.h"
#include "core/redaction.h"
#include "core/worker_pool.h"
#include "query/execute.h"
#include "query/intake.h"
#include "query/push_limits.h"
#include "store/store.h"

namespace logboom::query {

// Owns nothing: what the pointers name must outlive the server and the worker pool's last task.
struct Api {
  store::Store* store = nullptr;
  Intake* intake = nullptr;
  const Redactor* redactor = nullptr;
  WorkerPool* workers = nullptr;  // tails read on it
  std::string version = "0.1.0";
  Limits limits;
  PushLimits push_limits;
  std::size_t max_tails = 1'000;      // at once; more are answered 429
  std::function<std::int64_t()> now;  // empty: the system's clock

  [[nodiscard]] std::int64_t now_ns() const;
};

// Everything this folder serves: Loki's API, OTLP, /ready, /metrics, /api/v1/tools,
// /api/v1/counts. `api` must
// outlive the router.
void add_routes(http::Router& router, const Api& api);

// The parts of it.
void add_read_routes(http::Router& router, const Api& api);
void add_label_routes(http::Router& router, const Api& api);
void add_counts_route(http::Router& router, const Api& api);
void add_write_routes(http::Router& router, const Api& api);
void add_tail_route(http::Router& router, const Api& api);

// The status of a failed read, with its message as text: 400 where asking for less helps, 499, 503,
// 504.
[[nodiscard]] http::Response failed_read(const Error& error);

}  // namespace logboom::query
