// The operator's routes: what is stored, and long tasks on it while the server runs.
//
//   GET  /api/v1/store/stats
//   POST /api/v1/store/verify | compact | backup      answered line by line, see long_task.h
//
// Only for whoever asks on the server's own machine, through its loopback address: there is no
// other way yet to tell an operator from anybody else. A page in a browser there is refused (it
// sends Origin, or names the server by a name of its own), and so is what a proxy hands on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/http/server.h"
#include "query/long_task.h"
#include "store/store.h"

namespace logboom::query {

// Owns nothing; what it names must outlive the server.
struct StoreApi {
  store::Store* store = nullptr;
  LongTasks* tasks = nullptr;              // shared with who else starts such tasks
  std::string backup_directory = {};       // backups are made below it; empty: none are
  std::size_t backup_keep = 0;             // where the request does not say; 0: all
  std::function<std::int64_t()> now = {};  // empty: the system's clock
};

// `api` must outlive the router.
void add_store_routes(http::Router& router, const StoreApi& api);

}  // namespace logboom::query
