// The HTTP API of runs: jobs, runs, verdicts, health, usage; and pings, which make runs.
#pragma once

#include <cstdint>
#include <functional>

#include "core/http/server.h"
#include "core/redaction.h"
#include "query/intake.h"
#include "query/runs/judge.h"
#include "store/store.h"

namespace logboom::query {

// Owns nothing: what the pointers name must outlive the server and the worker pool's last task.
struct RunsApi {
  store::Store* store = nullptr;
  Judge* judge = nullptr;
  Intake* intake = nullptr;
  const Redactor* redactor = nullptr;
  std::function<std::int64_t()> now;  // empty: the system's clock

  [[nodiscard]] std::int64_t now_ns() const;
};

// /api/v1/jobs, runs, runs/{id}[/why|lines|compare], why, health, usage; /ping/.... `api` must
// outlive the router.
void add_run_routes(http::Router& router, const RunsApi& api);

// The parts of it.
void add_job_routes(http::Router& router, const RunsApi& api);
void add_ping_routes(http::Router& router, const RunsApi& api);

// The run a request names: in its tool, or in any where it names none. Errors: not_found.
[[nodiscard]] Result<store::Run> run_of(const RunsApi& api, const http::Request& request);

}  // namespace logboom::query
